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
    debug_assert_eq!(shares.iter().map(|(_, count, _)| count).sum::<usize>(), WIDE);
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
