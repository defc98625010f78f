//! Where data, settings and secrets are kept.

use model::{Charge, Properties, Usd};
use serde_json::Value;

use super::say::{
    Answer, HOURS, by_use, charge, flag, free, items, number, standing, text, unclear, unknown, unpriced,
};
use super::sources::{DYNAMODB, KMS, S3, SECRETS_MANAGER, SYSTEMS_MANAGER};

const READ_CAPACITY_HOUR: Usd = Usd(130);
const WRITE_CAPACITY_HOUR: Usd = Usd(650);

pub(super) fn table(properties: &Properties) -> Answer {
    let class = text(properties, "TableClass", "STANDARD")?;
    if class != "STANDARD" {
        let charges = vec![unpriced("read and write units"), unpriced("GB stored for a month")];
        return Ok(unknown(format!("the prices of the table class `{class}` are not known"), charges, Some(DYNAMODB)));
    }
    match text(properties, "BillingMode", "PROVISIONED")? {
        "PAY_PER_REQUEST" => {
            let mut charges = vec![
                charge(Usd(125_000), 1_000_000, "read request units"),
                charge(Usd(625_000), 1_000_000, "write request units"),
            ];
            charges.extend(stored(properties)?);
            Ok(by_use(charges, DYNAMODB))
        }
        "PROVISIONED" => {
            let indexes =
                items(properties, "GlobalSecondaryIndexes")?.iter().map(|one| one.get("ProvisionedThroughput"));
            let all = std::iter::once(properties.get("ProvisionedThroughput")).chain(indexes);
            let capacity: Usd = all.map(throughput).sum::<Result<_, _>>()?;
            Ok(standing(capacity, stored(properties)?, DYNAMODB))
        }
        _ => Err(unclear("BillingMode")),
    }
}

/// What the capacity of a table or of one of its indexes costs a month.
fn throughput(capacity: Option<&Value>) -> Result<Usd, String> {
    let capacity = capacity.ok_or_else(|| unclear("ProvisionedThroughput"))?;
    let reads = READ_CAPACITY_HOUR.times(number(capacity, "ReadCapacityUnits")?);
    let writes = WRITE_CAPACITY_HOUR.times(number(capacity, "WriteCapacityUnits")?);
    Ok((reads + writes).times(HOURS))
}

fn stored(properties: &Properties) -> Result<Vec<Charge>, String> {
    let mut charges = vec![charge(Usd(250_000), 1, "GB stored for a month")];
    if let Some(recovery) = properties.get("PointInTimeRecoverySpecification") {
        let recovery: Properties = model::properties(recovery.clone());
        if flag(&recovery, "PointInTimeRecoveryEnabled")? {
            charges.push(charge(Usd(200_000), 1, "GB that can be recovered for a month"));
        }
    }
    if properties.get("StreamSpecification").is_some() {
        charges.push(unpriced("reads of its stream"));
    }
    Ok(charges)
}

pub(super) fn bucket(_: &Properties) -> Answer {
    let charges = vec![
        charge(Usd(23_000), 1, "GB stored for a month (S3 Standard)"),
        charge(Usd(5_000), 1_000, "requests that write or list"),
        charge(Usd(400), 1_000, "requests that read"),
    ];
    Ok(by_use(charges, S3))
}

pub(super) fn parameter(properties: &Properties) -> Answer {
    match text(properties, "Tier", "Standard")? {
        "Standard" => free(SYSTEMS_MANAGER),
        "Advanced" => Ok(standing(Usd(50_000), vec![charge(Usd(50_000), 10_000, "interactions")], SYSTEMS_MANAGER)),
        "Intelligent-Tiering" => Err("AWS chooses the tier".to_owned()),
        _ => Err(unclear("Tier")),
    }
}

pub(super) fn secret(properties: &Properties) -> Answer {
    if !items(properties, "ReplicaRegions")?.is_empty() {
        return Err("it has replicas, at prices of other regions".to_owned());
    }
    Ok(standing(Usd(400_000), vec![charge(Usd(50_000), 10_000, "requests")], SECRETS_MANAGER))
}

pub(super) fn key(properties: &Properties) -> Answer {
    let requests = match text(properties, "KeySpec", "SYMMETRIC_DEFAULT")? {
        "SYMMETRIC_DEFAULT" => charge(Usd(30_000), 10_000, "requests"),
        _ => unpriced("requests"),
    };
    let mut charges = vec![requests];
    if flag(properties, "EnableKeyRotation")? {
        charges.push(charge(Usd(1_000_000), 1, "month since each of its first two rotations"));
    }
    Ok(standing(Usd(1_000_000), charges, KMS))
}
