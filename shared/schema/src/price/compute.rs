//! Functions and tasks.

use model::{Properties, Usd};

use super::say::{Answer, by_use, charge, free, number, text, unclear, unknown};
use super::sources::{FARGATE, LAMBDA};

/// What comes with a function for nothing, in MB.
const STORAGE_INCLUDED: i64 = 512;

pub(super) fn function(properties: &Properties) -> Answer {
    if properties.get("CapacityProviderConfig").is_some() {
        return Err("it runs on instances of a capacity provider, which are charged instead".to_owned());
    }
    let architecture = properties.get("Architectures").map(|all| all.get(0).and_then(|one| one.as_str()));
    let duration = match architecture {
        None | Some(Some("x86_64")) => Usd(16_666_700),
        Some(Some("arm64")) => Usd(13_333_400),
        Some(_) => return Err(unclear("Architectures")),
    };
    let mut charges =
        vec![charge(Usd(200_000), 1_000_000, "requests"), charge(duration, 1_000_000, "GB-seconds of memory")];
    let storage = match properties.get("EphemeralStorage") {
        Some(storage) => number(storage, "Size")?,
        None => STORAGE_INCLUDED,
    };
    if storage > STORAGE_INCLUDED {
        charges.push(charge(Usd(30_900), 1_000_000, "GB-seconds of storage above 512 MB"));
    }
    let snapshots = properties.get("SnapStart").and_then(|one| one.get("ApplyOn")).and_then(|one| one.as_str());
    let is_java = text(properties, "Runtime", "")?.starts_with("java");
    if snapshots.is_some_and(|on| on != "None") && !is_java {
        let why = "snapshots of its versions are charged as long as they are kept, at a price that is not known";
        return Ok(unknown(why.to_owned(), charges, Some(LAMBDA)));
    }
    Ok(by_use(charges, LAMBDA))
}

/// An alias or a version: free, unless it keeps instances ready.
pub(super) fn qualifier(properties: &Properties) -> Answer {
    if properties.get("ProvisionedConcurrencyConfig").is_some() {
        let why = "provisioned concurrency is charged by the memory of the function";
        return Ok(unknown(why.to_owned(), Vec::new(), Some(LAMBDA)));
    }
    free(LAMBDA)
}

/// What reads of a queue or a stream for a function. The reading itself is charged where it is read.
pub(super) fn mapping(properties: &Properties) -> Answer {
    if properties.get("ProvisionedPollerConfig").is_some() {
        return Err("provisioned pollers are charged by the hour, and their number is not known".to_owned());
    }
    free(LAMBDA)
}

pub(super) fn service(_: &Properties) -> Answer {
    let why = "the size of its tasks is said by their task definition";
    let charges = vec![
        charge(Usd(40_480), 1, "hour of a vCPU (Fargate, Linux on x86)"),
        charge(Usd(4_445), 1, "hour of a GB of memory (Fargate, Linux on x86)"),
    ];
    Ok(unknown(why.to_owned(), charges, Some(FARGATE)))
}
