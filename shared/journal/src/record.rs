//! The fold of an event into the record of the resource that it concerns.

use model::{
    Action, Change, DeploymentId, Earlier, Event, Intent, Operation, Presence, Properties, RecordedResource, Timestamp,
};

/// What the record of a change's resource becomes by `event`; none where the record goes. `sent` is what the change sends,
/// references resolved.
pub fn record(
    before: Option<&RecordedResource>,
    change: &Change,
    sent: &Properties,
    deployment: &DeploymentId,
    event: &Event,
    at: Timestamp,
) -> Option<RecordedResource> {
    let mut after = match before {
        Some(before) => before.clone(),
        None => fresh(change, sent, deployment)?,
    };
    after.deployment = deployment.clone();
    match event {
        Event::Started { operation, token, attempt, .. } => {
            if *operation == Operation::Update && after.intent.as_ref().is_none_or(|open| open.token != *token) {
                remember(&mut after);
            }
            after.intent = Some(Intent { operation: *operation, token: token.clone(), attempt: *attempt, at });
            after.presence = match operation {
                Operation::Create => Presence::Announced,
                Operation::Update => Presence::Incomplete,
                Operation::Delete => Presence::Leaving,
            };
            if *operation != Operation::Delete {
                after.reap = None;
                ask(&mut after, change, sent);
            }
        }
        Event::Identified { physical_id, attributes } => {
            after.physical_id = Some(physical_id.clone());
            after.attributes.extend(attributes.clone());
            after.presence = Presence::Incomplete;
            after.intent = None;
            if after.sent != *sent {
                // It was made as an earlier plan asked for it.
                remember(&mut after);
                ask(&mut after, change, sent);
            }
        }
        Event::Awaiting { .. } => {}
        Event::Succeeded { observed } => {
            change.action.to()?;
            ask(&mut after, change, sent);
            if let Some(settled) = observed {
                after.attributes = settled.attributes.clone();
                after.baseline = settled.baseline.clone();
            }
            after.presence = Presence::Present;
            after.intent = None;
            after.earlier.clear();
        }
        Event::Failed { error } => {
            // An outcome that is still unknown keeps its intent, so that the next wave resolves it.
            if !error.class.effect_is_unknown() {
                if after.intent.as_ref().is_some_and(|open| open.operation == Operation::Update) {
                    remember(&mut after);
                }
                after.intent = None;
            }
            if after.physical_id.is_none() && after.intent.is_none() {
                return None;
            }
        }
        Event::Deferred { until, .. } => {
            after.presence = Presence::Leaving;
            after.intent = None;
            after.reap = Some(*until);
        }
        Event::Vanished { .. } => return None,
        Event::Absent => {
            after.intent = None;
            after.physical_id.as_ref()?;
        }
    }
    Some(after)
}

/// Keeps what was sent so far among what may still stand in part: whoever goes on must know what else to take away.
fn remember(after: &mut RecordedResource) {
    let announced = after.intent.as_ref().filter(|open| open.operation == Operation::Update);
    let earlier = Earlier { sent: after.sent.clone(), token: announced.map(|open| open.token.clone()) };
    match earlier.token {
        // Of the same that was sent twice, the later call counts.
        Some(_) => after.earlier.retain(|one| one.token.is_none() || one.sent != earlier.sent),
        None if after.earlier.iter().any(|one| one.sent == earlier.sent) => return,
        None => {}
    }
    after.earlier.push(earlier);
}

fn ask(after: &mut RecordedResource, change: &Change, sent: &Properties) {
    if let Some(to) = change.action.to() {
        after.asked = to.clone();
        after.sent = sent.clone();
    }
    after.dependencies = change.dependencies.clone();
    after.agent = change.agent.clone();
    after.retention = change.retention;
}

/// The record of a resource that had none; none for a deletion, which then has nothing to keep.
fn fresh(change: &Change, sent: &Properties, deployment: &DeploymentId) -> Option<RecordedResource> {
    let to = match &change.action {
        Action::Create { to } | Action::Update { to, .. } | Action::Replace { to, .. } => to,
        Action::Delete { .. } | Action::Move { .. } | Action::Forget { .. } => return None,
    };
    Some(RecordedResource {
        kind: change.kind.clone(),
        physical_id: None,
        presence: Presence::Announced,
        asked: to.clone(),
        sent: sent.clone(),
        baseline: Properties::new(),
        attributes: Default::default(),
        dependencies: change.dependencies.clone(),
        agent: change.agent.clone(),
        retention: change.retention,
        deployment: deployment.clone(),
        intent: None,
        earlier: Vec::new(),
        made_as: None,
        reap: None,
    })
}

#[cfg(test)]
mod tests {
    use model::{CallError, Digest, ErrorClass, Reason, Retention, Stage, properties};
    use serde_json::json;

    use super::*;

    fn change(action: Action) -> Change {
        Change {
            key: "a/Queue@1".parse().unwrap(),
            kind: "AWS::SQS::Queue".into(),
            action,
            because: Reason::New,
            needs: Vec::new(),
            stage: Stage::Build,
            dependencies: Default::default(),
            agent: None,
            retention: Retention::Delete,
            shift: None,
        }
    }

    fn started(operation: Operation) -> Event {
        Event::Started { operation, token: "t".into(), attempt: 1, request: Digest::of(b""), physical_name: None }
    }

    fn failed(class: ErrorClass) -> Event {
        Event::Failed { error: CallError::local(class, "CreateQueue", "no") }
    }

    fn after(action: Action, events: &[Event]) -> Option<RecordedResource> {
        let change = change(action);
        let sent = properties(json!({ "QueueName": "q" }));
        events.iter().fold(None, |before, event| {
            record(before.as_ref(), &change, &sent, &"d1".into(), event, Timestamp::UNIX_EPOCH)
        })
    }

    fn create() -> Action {
        Action::Create { to: properties(json!({ "QueueName": "q" })) }
    }

    #[test]
    fn an_announced_creation_stays_recorded_until_it_is_known_to_have_failed() {
        let open = after(create(), &[started(Operation::Create)]).unwrap();
        assert_eq!((open.presence, open.intent.is_some()), (Presence::Announced, true));
        assert!(after(create(), &[started(Operation::Create), failed(ErrorClass::Denied)]).is_none());
        let unknown = after(create(), &[started(Operation::Create), failed(ErrorClass::Transient)]).unwrap();
        assert!(unknown.intent.is_some(), "what may exist is not forgotten");
    }

    #[test]
    fn a_resource_that_exists_stays_recorded_when_finishing_it_fails() {
        let identified = Event::Identified { physical_id: "url".into(), attributes: Default::default() };
        let left = after(create(), &[started(Operation::Create), identified, failed(ErrorClass::Denied)]).unwrap();
        assert_eq!((left.presence, left.intent), (Presence::Incomplete, None));
        assert_eq!(left.physical_id, Some("url".into()));
    }

    /// The record of a queue after each of several updates, by the name that it sends: what becomes of each is an event.
    fn updated(steps: &[(&str, &str, Event)]) -> Vec<(String, Option<String>)> {
        let made = after(
            create(),
            &[
                started(Operation::Create),
                Event::Identified { physical_id: "url".into(), attributes: Default::default() },
            ],
        );
        let mut standing = made.map(|made| RecordedResource { presence: Presence::Present, ..made });
        for (sent, token, came) in steps {
            let to = properties(json!({ "QueueName": sent }));
            let change = change(Action::Update { to: to.clone(), diff: Default::default() });
            let announced = Event::Started {
                operation: Operation::Update,
                token: (*token).to_owned(),
                attempt: 1,
                request: Digest::of(b""),
                physical_name: None,
            };
            for event in [&announced, came] {
                standing = record(standing.as_ref(), &change, &to, &"d1".into(), event, Timestamp::UNIX_EPOCH);
            }
        }
        let earlier = standing.unwrap().earlier.into_iter();
        earlier.map(|one| (one.sent.text("QueueName").unwrap().to_owned(), one.token)).collect()
    }

    #[test]
    fn what_was_sent_before_is_known_until_a_change_comes_to_its_end() {
        let dies = || Event::Awaiting { what: "an answer".into() };
        let fails = || failed(ErrorClass::Denied);
        let known = |steps: &[(&str, &str, Event)]| {
            let said = |(sent, token): (String, Option<String>)| format!("{sent} {}", token.unwrap_or_default());
            updated(steps).into_iter().map(said).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(known(&[("b", "1", dies())]), "q ");
        assert_eq!(known(&[("b", "1", dies()), ("b", "1", dies())]), "q ", "resumed");
        assert_eq!(known(&[("b", "1", dies()), ("c", "2", dies())]), "q , b 1");
        assert_eq!(known(&[("b", "1", dies()), ("c", "2", fails()), ("d", "3", dies())]), "q , b 1, c 2");
        assert_eq!(known(&[("b", "1", fails()), ("b", "2", fails()), ("q", "3", dies())]), "q , b 2", "undone");
        assert_eq!(known(&[("b", "1", fails()), ("c", "2", Event::Succeeded { observed: None })]), "");
    }

    #[test]
    fn what_an_earlier_plan_made_is_known_beside_what_it_is_brought_to() {
        let open = after(create(), &[started(Operation::Create)]);
        let to = properties(json!({ "QueueName": "q", "DelaySeconds": 1 }));
        let change = change(Action::Create { to: to.clone() });
        let identified = Event::Identified { physical_id: "url".into(), attributes: Default::default() };
        let found = record(open.as_ref(), &change, &to, &"d2".into(), &identified, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!((&found.sent, found.earlier.len()), (&to, 1));
    }

    #[test]
    fn a_deleted_resource_leaves_the_record() {
        let delete = Action::Delete { physical_id: Some("url".into()), only_empty: false };
        assert!(after(delete, &[Event::Succeeded { observed: None }]).is_none());
    }
}
