//! The projects that are deployed on the wire.

use end_to_end::Project;
use local::emulator::{ACCOUNT_ID, REGION};

/// How many resources of the wide project depend on nothing.
pub(super) const WIDE: usize = 48;

/// Resources of five types, in shares as equal as can be, none of which needs another. The policies that come with buckets are
/// not counted among them.
pub(super) fn wide() -> Project {
    let shares = [
        ("tables", 10, "{ key: { id: S } }"),
        ("queues", 10, "{}"),
        ("topics", 10, "{}"),
        ("buckets", 9, "{}"),
        ("parameters", 9, "of a benchmark"),
    ];
    let mut yaml = format!(
        "project: {{ name: support-desk, region: {REGION} }}\nagents: []\nenvironments:\n  dev: {{ account: \"{ACCOUNT_ID}\", \
         region: {REGION} }}\nshared:\n"
    );
    for (kind, count, value) in shares {
        yaml += &format!("  {kind}:\n");
        for number in 0..count {
            yaml += &format!("    {}-{number}: {value}\n", kind.trim_end_matches('s'));
        }
    }
    Project::default().config(&yaml)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot read its project has failed")]
mod tests {
    use super::*;

    #[test]
    fn the_wide_project_has_as_many_resources_as_it_says_and_the_policies_of_its_buckets() {
        let config = config::parse("strands.yaml", &wide().text("strands.yaml")).unwrap();
        let shared = &config.environments.values().next().unwrap().shared;
        let shares = [
            shared.tables.len(),
            shared.queues.len(),
            shared.topics.len(),
            shared.buckets.len(),
            shared.parameters.len(),
        ];
        assert_eq!(shares.iter().sum::<usize>(), WIDE);
        assert!(shares.iter().max().unwrap() - shares.iter().min().unwrap() <= 1, "{shares:?}");
    }
}
