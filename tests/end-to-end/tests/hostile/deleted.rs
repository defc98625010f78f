//! An upload that is gone before anybody has read it.

use std::time::Duration;

use end_to_end::{Field, assert_deployed, outcome};
use local::proxy::{Point, Rule};
use model::Outcome;

use crate::bundles::small;
use crate::cases::BUNDLE;
use crate::support;

/// How long the function may take to come. Not an assertion about speed.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_is_deleted_before_it_was_read_is_refused() {
    let field = Field::start().await;
    let mark = field.account.proxy.mark();
    let rule = Rule::on("s3", "GetObject").caller("intake").resource(BUNDLE);
    let mut held = field.account.proxy.hold(rule, Point::BeforeEffect);
    let version = support::put(&field, BUNDLE, small().bundle()).await;
    held.reached(PATIENCE).await.expect("the function comes to read it");
    let delete = field.account.clients.s3.delete_object().bucket(field.account.inbox()).key(BUNDLE);
    delete.version_id(&version).send().await.expect("the version is deleted");
    held.release();

    let head = async || support::head(&field, &field.id, &version).await;
    let head = field.until("the refusal", head).await;
    let Outcome::Refused { refusals } = outcome(&head) else { panic!("{head:#?}") };
    let lines: Vec<String> = refusals.iter().map(support::line).collect();
    assert_eq!(lines, ["- intake::gone | the upload was deleted before it was read | upload it again"]);
    assert!(field.history(&head, "report.json").await.contains("intake::gone"));
    assert!(support::log(&field).await.contains("intake::gone"));
    support::assert_nothing_happened(&field, mark, std::slice::from_ref(&field.id)).await;

    assert_deployed(&field.deploy(&small()).await);
}
