//! Generated physical names.

use model::{DeploymentId, Desired, Digest, EnvironmentId, Properties, ResourceAddress, ResourceKey};
use schema::{Alphabet, FIFO, Naming};

/// How many hexadecimal digits tell equal-looking names apart: 40 bits.
const HASH: usize = 10;

/// The name of one incarnation: `{prefix}{project}-{environment}-{stack}-{LogicalId}-{hash}`, cut in the middle where that
/// is too long; with the ending that the service asks for. The hash covers installation, environment, account, region, address, generation and the deployment that
/// makes it, so that no two incarnations share a name, in S3's global name space neither: also not with one that was let go,
/// which the record has forgotten and which still carries the tags of its time.
pub(crate) fn generated(
    naming: &Naming,
    desired: &Desired,
    engine: &str,
    deployment: &DeploymentId,
    key: &ResourceKey,
    properties: &Properties,
) -> String {
    let scope = format!("{engine} {} {} {} {deployment} {key}", desired.environment, desired.account, desired.region);
    let digest = Digest::of(scope.as_bytes());
    let hash = digest.short(HASH);
    let ending = naming.ending(properties);
    format!("{}-{hash}{ending}", stem(naming, ending, &desired.environment, &key.address))
}

/// Whether a name is one that [`generated`] gives to incarnations at an address: told by its form.
pub(crate) fn is_generated(
    naming: &Naming,
    environment: &EnvironmentId,
    address: &ResourceAddress,
    name: &str,
) -> bool {
    let is_hash = |text: &str| text.len() == HASH && text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
    let is_stem = |head: &str, ending: &str| head == stem(naming, ending, environment, address);
    let (name, ending) = name.strip_suffix(FIFO).map_or((name, ""), |name| (name, FIFO));
    name.rsplit_once('-').is_some_and(|(head, hash)| is_hash(hash) && is_stem(head, ending))
}

/// What a generated name says before its hash.
fn stem(naming: &Naming, ending: &str, environment: &EnvironmentId, address: &ResourceAddress) -> String {
    let separator = match naming.alphabet {
        Alphabet::Path => '/',
        Alphabet::Mixed | Alphabet::Lower => '-',
    };
    let head = format!("{}{}{separator}{}{separator}", naming.prefix, environment.project, environment.environment);
    let mut middle = match address.stack.as_str() {
        "shared" => address.logical_id.clone(),
        stack => format!("{stack}-{}", address.logical_id),
    };
    middle.retain(|c| c.is_ascii_alphanumeric() || c == '-');
    let room = naming.length.saturating_sub(head.len() + 1 + HASH + ending.len());
    middle.truncate(room);
    let stem = format!("{head}{}", middle.trim_end_matches('-'));
    if naming.alphabet == Alphabet::Lower { stem.to_ascii_lowercase() } else { stem }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_their_limit_and_begin_with_project_and_environment() {
        let environment = model::EnvironmentId::new("a-project-with-a-long-nam", "dev").unwrap_err();
        assert_eq!(environment.what, "project name");
        let environment = model::EnvironmentId::new("a-project-with-long-name", "a-environment-long-named").unwrap();
        let desired = Desired {
            environment,
            account: "123456789012".into(),
            region: "eu-central-1".into(),
            resources: Default::default(),
            outputs: Default::default(),
            moved: Default::default(),
            gates: Vec::new(),
        };
        let plain = Properties::default();
        for schema in schema::all() {
            let Some(naming) = schema.naming else { continue };
            let key: ResourceKey =
                "an-agent-with-a-name-of-forty-characters/AndALogicalIdThatIsLong@1".parse().unwrap();
            let name = generated(&naming, &desired, "e1", &"d1".into(), &key, &plain);
            assert!(name.len() <= naming.length, "{name}");
            let environment = &desired.environment;
            let head = match naming.alphabet {
                Alphabet::Path => format!("{}{}/{}/", naming.prefix, environment.project, environment.environment),
                _ => format!("{}{}-{}-", naming.prefix, environment.project, environment.environment),
            };
            assert!(name.starts_with(&head), "{name}");
            let address = key.address.clone();
            if let Some(fifo) = naming.fifo {
                let ordered = Properties::default().with(fifo, true);
                let name = generated(&naming, &desired, "e1", &"d1".into(), &key, &ordered);
                assert!(name.len() <= naming.length && name.ends_with(".fifo"), "{name}");
                assert!(is_generated(&naming, environment, &address, &name));
            }
            let later = generated(&naming, &desired, "e1", &"d2".into(), &key, &plain);
            let next = ResourceKey::new(key.address.clone(), key.generation.next());
            let next = generated(&naming, &desired, "e1", &"d1".into(), &next, &plain);
            assert!(name != next && name != later);
            assert!([&name, &next, &later].iter().all(|name| is_generated(&naming, environment, &address, name)));
            let others = [name[..name.len() - 1].to_owned(), format!("{name}-0123456789"), format!("x{name}")];
            assert!(others.iter().all(|other| !is_generated(&naming, environment, &address, other)));
        }
    }
}
