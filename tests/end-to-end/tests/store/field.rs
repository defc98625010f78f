//! A table, a bucket, and something to write into them.

use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use engine::ports::{Acquired, Commit, Ledger};
use local::{Account, Options};
use model::{
    Deployment, DeploymentId, Entry, EnvironmentId, Epoch, Event, Origin, RecordedResource, Request, ResourceKey,
    Timestamp,
};
use serde_json::json;
use store::Store;

pub(crate) const TABLE: &str = "strandline";
pub(crate) const BUCKET: &str = "strands-deployments";

/// An account with the engine's table and bucket, and nothing else of it.
pub(crate) struct Field {
    pub(crate) account: Account,
    pub(crate) store: Store,
    pub(crate) id: EnvironmentId,
}

impl Field {
    pub(crate) async fn start() -> Self {
        let account = Account::empty(&Options::default()).await.expect("the account starts");
        let clients = &account.clients;
        let key = |name: &str| AttributeDefinition::builder().attribute_name(name);
        let part = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
        let table = clients.dynamodb.create_table().table_name(TABLE).billing_mode(BillingMode::PayPerRequest);
        let table = table
            .attribute_definitions(key("pk").attribute_type(ScalarAttributeType::S).build().unwrap())
            .attribute_definitions(key("sk").attribute_type(ScalarAttributeType::S).build().unwrap())
            .key_schema(part("pk", KeyType::Hash))
            .key_schema(part("sk", KeyType::Range));
        table.send().await.expect("a table");
        clients.s3.create_bucket().bucket(BUCKET).send().await.expect("a bucket");
        let versioned = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        let put = clients.s3.put_bucket_versioning().bucket(BUCKET).versioning_configuration(versioned);
        put.send().await.expect("versions");
        let store = Store::new(&account.recorded_clients().config, TABLE, BUCKET);
        Self { account, store, id: EnvironmentId::new("shop", "dev").unwrap() }
    }

    /// Takes the lease, which must be free.
    pub(crate) async fn lease(&self, deployment: &str) -> Epoch {
        let taken = self.store.acquire(&self.id, &deployment.into(), Timestamp::now(), Duration::from_secs(600)).await;
        match taken.expect("an answer") {
            Acquired::Taken(lease) => lease.epoch,
            Acquired::Held { until } => panic!("held until {until}"),
        }
    }

    /// Commits these records with a line of the journal each.
    pub(crate) async fn commit(
        &self,
        (epoch, sequence): (Epoch, u64),
        entries: &[Entry],
        items: &[(ResourceKey, Option<RecordedResource>)],
    ) {
        let deployment = DeploymentId::from("d1");
        let commit = Commit {
            environment: &self.id,
            deployment: &deployment,
            epoch,
            sequence,
            expires: Timestamp::now() + Duration::from_secs(600),
            starts: None,
            entries,
            items,
        };
        self.store.commit(&commit).await.expect("the commit is taken");
    }

    /// How many calls of this operation went through the proxy.
    pub(crate) fn count(&self, operation: &str) -> usize {
        self.account.proxy.calls().iter().filter(|call| call.is("dynamodb", operation)).count()
    }
}

pub(crate) fn key(number: usize) -> ResourceKey {
    format!("agent-{:03}/Resource{number:05}@1", number % 100).parse().unwrap()
}

/// A record of about `size` bytes.
pub(crate) fn record(number: usize, size: usize) -> RecordedResource {
    let text = "x".repeat(size);
    serde_json::from_value(json!({
        "type": "AWS::SSM::Parameter", "physical_id": format!("/shop/dev/{number}"), "presence": "present",
        "asked": { "Value": text }, "sent": {}, "deployment": "d1",
    }))
    .unwrap()
}

/// A line of a journal with a text of about `size` bytes.
pub(crate) fn entry(number: usize, size: usize) -> Entry {
    let event = Event::Awaiting { what: "y".repeat(size) };
    Entry { at: Timestamp::from_second(1_000 + number as i64).unwrap(), epoch: Epoch(1), change: key(number), event }
}

/// A deployment that waits.
pub(crate) fn upload(id: &EnvironmentId, name: &str) -> Deployment {
    let origin = Origin::Upload { bucket: "b".into(), key: "k".into(), version: "v".into(), requester: None };
    Deployment::new(name.into(), id.clone(), origin, Request::DEPLOY, Timestamp::UNIX_EPOCH)
}
