//! One embedded account with providers over it, and the life that every type is led through.

use std::sync::Arc;
use std::time::Duration;

use engine::fence::Fence;
use engine::ports::{Creation, Deletion, Existing, Found, Made, Proof, Provider, Providers, Readiness};
use local::{Account, Options, clients};
use model::{Earlier, EnvironmentId, ErrorClass, Observed, Properties, ResourceKey, ResourceType, Stamp};
use providers::{Clients, NativeProviders};
use serde_json::{Value, json};

use crate::lambda::BUCKET;

/// How often a test looks whether something is ready or gone. Nothing here takes longer than a few seconds.
const LOOKS: u32 = 200;
const PAUSE: Duration = Duration::from_millis(50);
/// The token of every creation here: each is made once.
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// An embedded account without the engine, and providers that act as its administrator.
pub(crate) struct Stage {
    /// The account.
    pub(crate) account: Account,
    /// The providers.
    pub(crate) providers: NativeProviders,
    /// The fence that their mutating calls ask; open.
    pub(crate) fence: Arc<Fence>,
    /// What is stamped on creations.
    pub(crate) stamp: Stamp,
}

/// One change in place, and the mutating calls that it must come to.
pub(crate) struct Change {
    /// The properties that are asked for from now on.
    pub(crate) to: Properties,
    /// The operations, in order.
    pub(crate) calls: &'static [&'static str],
}

/// The life of one resource.
pub(crate) struct Life {
    /// Its type.
    pub(crate) kind: &'static str,
    /// Its incarnation.
    pub(crate) key: &'static str,
    /// What is asked for at first.
    pub(crate) asked: Properties,
    /// What AWS does not show of it: top-level properties.
    pub(crate) unseen: &'static [&'static str],
    /// The mutating calls of creation and convergence together, the creating call first.
    pub(crate) calls: &'static [&'static str],
    /// What is changed of it, one after another.
    pub(crate) changes: Vec<Change>,
}

impl Stage {
    /// Starts an account.
    pub(crate) async fn start() -> Self {
        let account = Account::empty(&Options::default()).await.unwrap();
        let fence = Arc::new(Fence::new(Duration::from_secs(30)));
        fence.open_until(jiff::Timestamp::MAX);
        let config = clients::administrator(account.proxy.address());
        let store = store::Store::new(&config, "strandline", BUCKET);
        let environment = EnvironmentId::new("shop", "dev").unwrap();
        let (answers, signals) = (store.answers(&environment), store.signals(&environment));
        let clients = Clients::new(&config, account.id(), fence.clone());
        let providers = NativeProviders::told(clients, Arc::new(answers), Arc::new(signals));
        Self { account, providers, fence, stamp: stamp("this-engine") }
    }

    /// The provider of a type.
    pub(crate) fn provider(&self, kind: &str) -> &dyn Provider {
        self.providers.get(&ResourceType::from(kind)).unwrap_or_else(|| panic!("no provider of {kind}"))
    }

    /// Makes a resource that others need, and waits until it is ready.
    pub(crate) async fn make(&self, kind: &str, key: &str, asked: &Properties) -> (Made, Observed) {
        let (provider, key) = (self.provider(kind), key.parse::<ResourceKey>().unwrap());
        let creation = Creation { key: &key, properties: asked, token: TOKEN, stamp: &self.stamp };
        let made = provider.create(&creation).await.unwrap();
        let existing = Existing::settled(&key, &made.physical_id, asked);
        provider.converge(&existing, &creation, true).await.unwrap();
        let observed = settled(provider, &existing).await;
        (made, observed)
    }

    /// The mutating operations on the record since `mark`.
    pub(crate) fn mutations(&self, mark: local::proxy::Mark) -> Vec<String> {
        let calls = self.account.proxy.since(mark);
        calls.into_iter().filter(|call| call.mutating).map(|call| call.operation).collect()
    }

    /// Leads a resource through its life, and checks every step against the record.
    pub(crate) async fn lead(&self, life: &Life) {
        let (provider, key) = (self.provider(life.kind), life.key.parse::<ResourceKey>().unwrap());
        let proxy = &self.account.proxy;
        let creation = Creation { key: &key, properties: &life.asked, token: TOKEN, stamp: &self.stamp };
        if !matches!(provider.proof(), Proof::Token { .. }) {
            assert_eq!(provider.find(&creation).await.unwrap(), Found::Absent, "{} before its creation", life.kind);
        }

        let mark = proxy.mark();
        let made = provider.create(&creation).await.unwrap();
        assert_eq!(self.mutations(mark), life.calls[..1], "{} is made by one call", life.kind);
        let existing = Existing::settled(&key, &made.physical_id, &life.asked);
        provider.converge(&existing, &creation, true).await.unwrap();
        assert_eq!(self.mutations(mark), life.calls, "{} is converged by these calls", life.kind);

        let observed = settled(provider, &existing).await;
        assert_shows(life, &observed, &life.asked);
        assert_eq!(observed.physical_id, made.physical_id);
        for (name, value) in &made.attributes {
            assert_eq!(observed.attributes.get(name), Some(value), "{}: the attribute {name}", life.kind);
        }
        self.assert_ownership(provider, &creation, &made, &observed).await;

        let mark = proxy.mark();
        provider.converge(&existing, &creation, false).await.unwrap();
        assert_eq!(self.mutations(mark), Vec::<String>::new(), "{} is converged already", life.kind);

        let mut now = life.asked.clone();
        for change in &life.changes {
            let existing = Existing::settled(&key, &made.physical_id, &now);
            let mark = proxy.mark();
            provider.update(&existing, &change.to).await.unwrap();
            assert_eq!(self.mutations(mark), change.calls, "{}: {now:?} to {:?}", life.kind, change.to);
            let was = std::mem::replace(&mut now, change.to.clone());
            let existing = Existing::settled(&key, &made.physical_id, &now);
            assert_shows_without(life, &settled(provider, &existing).await, &now, &was);
            let mark = proxy.mark();
            provider.update(&existing, &now).await.unwrap();
            let creation = Creation { properties: &now, ..creation };
            provider.converge(&existing, &creation, false).await.unwrap();
            assert_eq!(self.mutations(mark), Vec::<String>::new(), "{} was changed already", life.kind);
        }

        // Back again, and all the way forth, by updates that were announced and never came to a call.
        let back = life.changes.iter().rev().skip(1).map(|change| &change.to).chain([&life.asked]);
        for to in back.chain(life.changes.last().map(|change| &change.to)) {
            let earlier = [Earlier { sent: now.clone(), token: None }];
            let existing = Existing { earlier: &earlier, ..Existing::settled(&key, &made.physical_id, to) };
            let creation = Creation { properties: to, ..creation };
            converged(provider, &existing, &creation).await;
            let was = std::mem::replace(&mut now, to.clone());
            let existing = Existing::settled(&key, &made.physical_id, &now);
            assert_shows_without(life, &settled(provider, &existing).await, &now, &was);
        }

        let existing = Existing::settled(&key, &made.physical_id, &now);
        provider.delete(&existing).await.unwrap();
        gone(provider, &existing).await;
        assert_eq!(provider.delete(&existing).await.unwrap(), Deletion::Gone, "{} twice deleted", life.kind);
    }

    /// What carries tags is ours by them alone; what does not is found by its place.
    async fn assert_ownership(
        &self,
        provider: &dyn Provider,
        creation: &Creation<'_>,
        made: &Made,
        observed: &Observed,
    ) {
        match provider.find(creation).await.unwrap() {
            Found::Ours(found) => assert_eq!(found.physical_id, made.physical_id),
            other => panic!("not found as ours: {other:?}"),
        }
        let Some(ownership) = &observed.ownership else { return };
        assert!(ownership.is(&self.stamp, creation.key), "{ownership:?}");
        let other = stamp("another-engine");
        let theirs = provider.find(&Creation { stamp: &other, ..*creation }).await.unwrap();
        if matches!(provider.proof(), Proof::Name { .. }) {
            assert_eq!(theirs, Found::Foreign(made.physical_id.clone()));
        } else {
            assert!(!matches!(theirs, Found::Ours(_)), "{theirs:?}");
        }
    }
}

/// A stamp of an installation.
pub(crate) fn stamp(engine: &str) -> Stamp {
    Stamp {
        engine: engine.to_owned(),
        scope: "shop/dev".to_owned(),
        version: "0.1.0".to_owned(),
        deployed_at: "2026-11-01T00:00:00Z".to_owned(),
        deployed_by: "deployment-1".to_owned(),
    }
}

/// The tags that every resource is asked to have, and these, as a list.
pub(crate) fn tag_list(more: &[(&str, &str)]) -> Value {
    let all = [("strands:project", "shop"), ("strands:environment", "dev")];
    all.iter().chain(more).map(|(name, value)| json!({ "Key": name, "Value": value })).collect()
}

/// The same as a map.
pub(crate) fn tag_map(more: &[(&str, &str)]) -> Value {
    let all = [("strands:project", "shop"), ("strands:environment", "dev")];
    Value::Object(all.iter().chain(more).map(|(name, value)| ((*name).to_owned(), json!(value))).collect())
}

/// Waits until a resource can be used.
pub(crate) async fn settled(provider: &dyn Provider, existing: &Existing<'_>) -> Observed {
    for _ in 0..LOOKS {
        match provider.settle(existing).await.unwrap() {
            Readiness::Ready(observed) => return *observed,
            Readiness::Pending(_) => tokio::time::sleep(PAUSE).await,
            Readiness::Failed(reason) => panic!("{} failed: {reason}", existing.key),
        }
    }
    panic!("{} does not become ready", existing.key)
}

/// Brings a resource to what is asked for, however often it is still at the last change.
async fn converged(provider: &dyn Provider, existing: &Existing<'_>, creation: &Creation<'_>) {
    for _ in 0..LOOKS {
        match provider.converge(existing, creation, false).await {
            Ok(()) => return,
            Err(error) => assert_eq!(error.class, ErrorClass::Busy, "{error}"),
        }
        tokio::time::sleep(PAUSE).await;
    }
    panic!("{} does not converge", existing.key)
}

/// Waits until it is gone.
pub(crate) async fn gone(provider: &dyn Provider, existing: &Existing<'_>) {
    for _ in 0..LOOKS {
        match provider.read(existing).await {
            Ok(None) => return,
            Ok(Some(_)) => tokio::time::sleep(PAUSE).await,
            Err(error) => assert_eq!(error.class, ErrorClass::Busy, "{error}"),
        }
    }
    panic!("{} does not go", existing.key)
}

/// That it shows what is asked for, and nothing of what was asked for before and is not any more.
fn assert_shows_without(life: &Life, observed: &Observed, asked: &Properties, was: &Properties) {
    assert_shows(life, observed, asked);
    let kind = ResourceType::from(life.kind);
    let (shown, was) = (schema::canonical(&kind, &observed.properties), schema::canonical(&kind, was));
    for (name, value) in was.0.iter().filter(|(name, _)| asked.get(name).is_none()) {
        assert_ne!(shown.get(name), Some(value), "{} still shows {name}", life.kind);
    }
}

fn assert_shows(life: &Life, observed: &Observed, asked: &Properties) {
    let kind = ResourceType::from(life.kind);
    let (shown, asked) = (schema::canonical(&kind, &observed.properties), schema::canonical(&kind, asked));
    for (name, value) in asked.0.iter().filter(|(name, _)| !life.unseen.contains(&name.as_str())) {
        let live = shown.get(name).unwrap_or(&Value::Null);
        assert!(covers(live, value), "{} shows {name} as {live}, not {value}", life.kind);
    }
    for tag in model::ownership::CREATION_TAGS {
        assert!(!observed.properties.to_value().to_string().contains(tag), "{} shows the tag {tag}", life.kind);
    }
}

/// Whether `live` has all of `asked`. AWS may show more: its defaults.
fn covers(live: &Value, asked: &Value) -> bool {
    match (live, asked) {
        (Value::Object(live), Value::Object(asked)) => {
            asked.iter().all(|(name, value)| live.get(name).is_some_and(|live| covers(live, value)))
        }
        (Value::Array(live), Value::Array(asked)) => {
            live.len() == asked.len() && asked.iter().all(|value| live.iter().any(|live| covers(live, value)))
        }
        _ => live == asked,
    }
}
