//! The restore drill of `docs/operations/restoring.md`: the engine's stack is deleted and installed again over what it left,
//! and goes on where it was.

use end_to_end::{Field, Project, assert_deployed, outcome};

#[tokio::test]
async fn an_engine_installed_over_what_its_predecessor_left_goes_on_where_that_was() {
    let field = Field::start().await;
    let project = Project::desk();
    assert_deployed(&field.deploy(&project).await);
    let (record, engine) = (field.record().await, field.store.engine().await.expect("the installation has an id"));
    let kept = field.account.look("support-desk-").await.expect("the account can be read");

    let mark = field.account.administration.mark();
    field.account.remove_engine().await.expect("the stack goes");
    let deleted: Vec<String> = field.account.administration.since(mark).iter().map(local::Call::action).collect();
    assert!(deleted.contains(&"cloudformation:DeleteStack".to_owned()), "{deleted:?}");
    let left = field.account.look("strandline-").await.expect("the account can be read");
    assert_eq!(left.names("functions"), Vec::<&str>::new(), "no function of the engine is left");
    // Nobody takes in what comes meanwhile; nothing of it is lost, nor of what was deployed.
    assert_eq!(field.record().await, record);
    assert_eq!(field.account.look("support-desk-").await.expect("the account can be read"), kept);

    let parameters = [("AdoptStores", "true"), ("LeaseSeconds", "6"), ("CallSeconds", "3")];
    field.account.install_engine(&parameters).await.expect("the engine is installed over what stayed");
    assert_eq!(field.store.engine().await.as_deref(), Ok(engine.as_str()), "it is the same installation");
    let mark = field.account.proxy.mark();
    let deployment = field.deploy(&project).await;
    assert_eq!(outcome(&deployment).name(), "Unchanged");
    let changes: Vec<String> = field.changes_since(mark).iter().map(local::Call::action).collect();
    assert_eq!(changes, Vec::<String>::new());
    assert_eq!(field.record().await, record);

    // And it deploys.
    let changed = project.with("strands.yaml", "memory: 256", "memory: 320");
    assert_deployed(&field.deploy(&changed).await);
}

#[tokio::test]
async fn without_being_told_to_adopt_what_is_there_an_engine_is_not_installed_and_nothing_is_lost() {
    let field = Field::start().await;
    let engine = field.store.engine().await;
    field.account.remove_engine().await.expect("the stack goes");
    field.account.install_engine(&[]).await.expect_err("the names of buckets and table are taken");
    assert_eq!(field.store.engine().await, engine);
    assert_eq!(field.store.environments().await.expect("the table is there").len(), 1);
}
