use std::sync::{Mutex, PoisonError};

use model::{Earlier, properties};

use super::*;

/// Rooms that hold a policy each; whether documents have room for a mark is said by the type.
#[derive(Default)]
struct Rooms<const MARKED: bool>(Mutex<BTreeMap<String, Value>>);

impl<const MARKED: bool> Rooms<MARKED> {
    fn held(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Value>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl<const MARKED: bool> Holder for Rooms<MARKED> {
    const KIND: &'static str = "AWS::SQS::QueuePolicy";
    const HOLDERS: &'static str = "Queues";
    const MARKED: bool = MARKED;

    async fn document(&self, room: &str, _: &Properties) -> Result<Option<Value>, CallError> {
        Ok(self.held().get(room).cloned())
    }

    async fn put(&self, room: &str, _: &Properties, document: &Value) -> Result<(), CallError> {
        self.held().insert(room.to_owned(), document.clone());
        Ok(())
    }

    async fn clear(&self, room: &str, _: &Properties) -> Result<(), CallError> {
        self.held().remove(room);
        Ok(())
    }

    async fn tags(&self, _: &str) -> Result<Option<Tags>, CallError> {
        Ok(None)
    }
}

/// A policy in these rooms, which allows this.
fn policy(rooms: &[&str], action: &str) -> Properties {
    let statement = json!({ "Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*" });
    let document = json!({ "Version": "2012-10-17", "Statement": [statement] });
    properties(json!({ "Queues": rooms, "PolicyDocument": document }))
}

fn key() -> ResourceKey {
    "shared/Orders@1".parse().unwrap()
}

/// A policy in rooms.
struct Case<const MARKED: bool>(Attached<Rooms<MARKED>>);

impl<const MARKED: bool> Case<MARKED> {
    async fn made(asked: &Properties) -> Self {
        let case = Self(Attached(Rooms::default()));
        case.put(asked).await;
        case
    }

    async fn put(&self, asked: &Properties) {
        let document = Attached::<Rooms<MARKED>>::asked(asked, &key()).unwrap();
        for room in Attached::<Rooms<MARKED>>::holders(asked) {
            self.0.0.put(&room, asked, &document).await.unwrap();
        }
    }

    fn put_by_somebody(&self, room: &str) {
        self.0.0.held().insert(room.to_owned(), json!({ "Id": "theirs", "Statement": [] }));
    }

    /// What each room allows.
    fn rooms(&self) -> String {
        let said = |(room, document): (&String, &Value)| {
            let action = document.pointer("/Statement/0/Action").and_then(Value::as_str);
            format!("{room}: {}", action.unwrap_or("theirs"))
        };
        self.0.0.held().iter().map(said).collect::<Vec<_>>().join(", ")
    }

    async fn update(&self, from: &Properties, to: &Properties) -> Result<(), CallError> {
        self.0.update(&Existing::settled(&key(), &"x".into(), from), to).await
    }

    async fn converge(&self, earlier: &[Earlier], to: &Properties) -> Result<(), CallError> {
        let (key, id) = (key(), PhysicalId::from("x"));
        let existing = Existing { earlier, ..Existing::settled(&key, &id, to) };
        let stamp = model::Stamp {
            engine: "e".into(),
            scope: "shop/dev".into(),
            version: String::new(),
            deployed_at: String::new(),
            deployed_by: String::new(),
        };
        let creation = Creation { key: &key, properties: to, token: "t", stamp: &stamp };
        self.0.converge(&existing, &creation, false).await
    }

    async fn delete(&self, earlier: &[Earlier], last: &Properties) {
        let (key, id) = (key(), PhysicalId::from("x"));
        let existing = Existing { earlier, ..Existing::settled(&key, &id, last) };
        self.0.delete(&existing).await.unwrap();
    }

    async fn is_seen(&self, earlier: &[Earlier], last: &Properties) -> bool {
        let (key, id) = (key(), PhysicalId::from("x"));
        let existing = Existing { earlier, ..Existing::settled(&key, &id, last) };
        self.0.read(&existing).await.unwrap().is_some()
    }
}

fn ended(sent: &Properties) -> Earlier {
    Earlier { sent: sent.clone(), token: None }
}

fn died(sent: &Properties) -> Earlier {
    Earlier { sent: sent.clone(), token: Some("t".to_owned()) }
}

/// The same for policies with room for a mark and without.
macro_rules! both {
    ($(fn $name:ident($case:ident) $body:block)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                async fn lead<const MARKED: bool>() {
                    type $case<const MARKED: bool> = super::tests::Case<MARKED>;
                    $body
                }
                lead::<true>().await;
                lead::<false>().await;
            }
        )*
    };
}

both! {
    fn what_an_interrupted_update_was_to_take_away_goes_when_it_is_resumed(C) {
        let (was, to) = (policy(&["a", "b"], "read"), policy(&["b"], "write"));
        let case = C::<MARKED>::made(&was).await;
        case.converge(&[ended(&was)], &to).await.unwrap();
        assert_eq!(case.rooms(), "b: write");
    }

    fn what_two_interrupted_updates_put_goes_whatever_a_third_wants(C) {
        let (was, one, two, to) =
            (policy(&["a"], "read"), policy(&["b"], "write"), policy(&["c"], "purge"), policy(&["d"], "list"));
        let case = C::<MARKED>::made(&was).await;
        case.put(&one).await;
        case.put(&two).await;
        case.converge(&[ended(&was), died(&one), died(&two)], &to).await.unwrap();
        assert_eq!(case.rooms(), "d: list");
    }

    fn what_failed_halfway_is_undone_where_it_was_added(C) {
        let (was, failed) = (policy(&["a"], "read"), policy(&["a", "b"], "write"));
        let case = C::<MARKED>::made(&failed).await;
        case.converge(&[ended(&was), died(&failed)], &was).await.unwrap();
        assert_eq!(case.rooms(), "a: read");
    }

    fn what_is_deleted_halfway_goes_from_everywhere_it_was_put(C) {
        let (was, one) = (policy(&["a"], "read"), policy(&["b"], "write"));
        let case = C::<MARKED>::made(&was).await;
        case.put(&one).await;
        case.delete(&[ended(&was)], &one).await;
        assert_eq!(case.rooms(), "");
    }

    fn what_stands_where_it_stood_before_an_interrupted_update_is_not_taken_for_gone(C) {
        let (was, to) = (policy(&["a"], "read"), policy(&["b"], "read"));
        let case = C::<MARKED>::made(&was).await;
        assert!(case.is_seen(&[ended(&was)], &to).await);
        assert!(!case.is_seen(&[], &to).await);
    }

    fn a_policy_of_somebody_else_in_a_holder_that_is_added_is_refused_before_anything_is_changed(C) {
        let (was, to) = (policy(&["a", "c"], "read"), policy(&["a", "b"], "write"));
        let case = C::<MARKED>::made(&was).await;
        case.put_by_somebody("b");
        let error = case.update(&was, &to).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::AlreadyExists);
        assert!(error.message.contains("`b`") && error.message.contains("`Queues`"), "{error}");
        assert_eq!(case.rooms(), "a: read, b: theirs, c: read");
        let error = case.converge(&[ended(&was)], &to).await.unwrap_err();
        assert_eq!((error.class, case.rooms().as_str()), (ErrorClass::AlreadyExists, "a: read, b: theirs, c: read"));
        case.delete(&[ended(&was)], &to).await;
        assert_eq!(case.rooms(), "b: theirs", "it never was in there");
    }

    fn a_policy_of_somebody_else_in_a_holder_that_is_dropped_stays(C) {
        let (was, to) = (policy(&["a", "b"], "read"), policy(&["a"], "read"));
        let case = C::<MARKED>::made(&was).await;
        case.put_by_somebody("b");
        case.update(&was, &to).await.unwrap();
        assert_eq!(case.rooms(), "a: read, b: theirs");
        case.converge(&[ended(&was)], &to).await.unwrap();
        assert_eq!(case.rooms(), "a: read, b: theirs");
    }

    fn what_was_put_into_an_added_holder_already_is_known_there(C) {
        let (was, to) = (policy(&["a"], "read"), policy(&["a", "b"], "read"));
        let case = C::<MARKED>::made(&to).await;
        case.update(&was, &to).await.unwrap();
        assert_eq!(case.rooms(), "a: read, b: read");
        let other = policy(&["a", "b"], "write");
        case.converge(&[ended(&was), died(&to)], &other).await.unwrap();
        assert_eq!(case.rooms(), "a: write, b: write");
    }
}
