//! A resource whose record is larger than an item of the table may be.

use end_to_end::bot::bot;
use end_to_end::trial::Trial;
use end_to_end::{Project, assert_deployed, outcome};

/// Statements of about 150 bytes each, which come to more than the 400 KB of an item. AWS would refuse a policy of this size;
/// the emulator takes it, and it is the largest thing that a config can lead to.
const STATEMENTS: usize = 2_500;

fn with_many_rights() -> Project {
    let rights: String = (0..STATEMENTS)
        .map(|number| {
            format!(
                "      - {{ actions: [\"s3:GetObject\"], resources: [\"arn:aws:s3:::knowledge-of-the-support-desk/{number:05}/*\"] }}\n"
            )
        })
        .collect();
    bot().with("strands.yaml", "    memory: 256\n", &format!("    memory: 256\n    permissions:\n{rights}"))
}

#[tokio::test]
async fn a_record_that_is_larger_than_an_item_is_deployed_and_found_unchanged() {
    let trial = Trial::start().await;
    assert_deployed(&trial.deploy(&with_many_rights()).await);
    let prefix = format!("{}/values/", trial.id);
    let s3 = &trial.account.clients.s3;
    let listed = s3.list_objects_v2().bucket(trial.account.deployments()).prefix(prefix).send().await;
    assert!(!listed.expect("the bucket can be listed").contents().is_empty(), "by way of S3");
    assert_eq!(outcome(&trial.deploy(&with_many_rights()).await).name(), "Unchanged", "it is read back as it was");
    assert_deployed(&trial.deploy(&bot()).await);
}
