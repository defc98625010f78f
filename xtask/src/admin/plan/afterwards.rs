//! The record as a plan leaves it where everything succeeds.

use model::{Action, Event, Plan, Properties, Recorded, Timestamp};

/// What is recorded once all of a plan is done. References are not resolved in what is made or changed.
pub(super) fn afterwards(recorded: &Recorded, plan: &Plan) -> Recorded {
    let mut after = recorded.clone();
    // First all that is there before: what moves may take the place of what moves, too.
    let changes = plan.changes.iter().map(|change| (change, after.resources.remove(&change.key)));
    for (change, before) in changes.collect::<Vec<_>>() {
        if let Action::Move { to } = &change.action {
            after.resources.extend(before.map(|before| (to.clone(), before)));
            continue;
        }
        let done = Event::Succeeded { observed: None };
        let sent = change.action.to().cloned().unwrap_or_else(Properties::new);
        let made = journal::record(before.as_ref(), change, &sent, &plan.deployment, &done, Timestamp::UNIX_EPOCH);
        after.resources.extend(made.map(|made| (change.key.clone(), made)));
    }
    after
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn plan(changes: &[(&str, Value, Value)]) -> Plan {
        let change = |(key, action, because): &(&str, Value, Value)| {
            json!({
                "key": key, "type": "AWS::SQS::Queue", "action": action, "because": because, "needs": [], "stage": "build",
                "dependencies": [], "agent": null, "retention": "delete",
            })
        };
        let plan = json!({
            "version": model::plan::VERSION, "deployment": "d2", "environment": { "project": "shop", "environment": "dev" },
            "account": "123456789012", "region": "eu-central-1",
            "stamp": { "engine": "e", "scope": "s", "version": "v", "deployed_at": "t", "deployed_by": "d2" },
            "parent": 0, "sequence": 0, "config": model::Digest::of(b""), "unchanged": 0, "irreversible": [], "outputs": {},
            "changes": changes.iter().map(change).collect::<Vec<_>>(),
        });
        serde_json::from_value(plan).unwrap()
    }

    fn recorded(keys: &[&str]) -> Recorded {
        let one = |key: &&str| {
            let resource = json!({
                "type": "AWS::SQS::Queue", "physical_id": key, "presence": "present", "asked": {}, "sent": { "was": key },
                "deployment": "d1",
            });
            (key.parse().unwrap(), serde_json::from_value(resource).unwrap())
        };
        Recorded { resources: keys.iter().map(one).collect(), ..Recorded::default() }
    }

    #[test]
    fn what_is_made_is_there_what_goes_is_not_and_what_moves_is_elsewhere() {
        let recorded = recorded(&["a/Stays@1", "a/Changes@1", "a/Old@1", "a/Goes@1", "a/Free@1", "a/One@1", "a/Two@1"]);
        let to = json!({ "now": 1 });
        let diff = json!([{ "path": "QueueName", "from": "a", "to": "b" }]);
        let plan = plan(&[
            ("a/New@1", json!({ "do": "create", "to": to }), json!("new")),
            ("a/Changes@1", json!({ "do": "update", "to": to, "diff": diff }), json!("changed")),
            (
                "a/Old@2",
                json!({ "do": "replace", "old": "a/Old@1", "to": to, "order": "create-first", "forced_by": diff }),
                json!("changed"),
            ),
            ("a/Old@1", json!({ "do": "delete", "physical_id": "id" }), json!("deposed")),
            ("a/Goes@1", json!({ "do": "delete", "physical_id": "id" }), json!("removed")),
            ("a/Free@1", json!({ "do": "forget", "physical_id": "id" }), json!("removed")),
            ("a/One@1", json!({ "do": "move", "to": "a/Two@1" }), json!("moved")),
            ("a/Two@1", json!({ "do": "move", "to": "a/One@1" }), json!("moved")),
        ]);
        let after = afterwards(&recorded, &plan);
        let after: Vec<(String, Value)> =
            after.resources.iter().map(|(key, one)| (key.to_string(), one.sent.to_value())).collect();
        let was = |key: &str| json!({ "was": key });
        let expected = [
            ("a/Changes@1", to.clone()),
            ("a/New@1", to.clone()),
            ("a/Old@2", to.clone()),
            ("a/One@1", was("a/Two@1")),
            ("a/Stays@1", was("a/Stays@1")),
            ("a/Two@1", was("a/One@1")),
        ];
        assert_eq!(after, expected.map(|(key, sent)| (key.to_owned(), sent)));
    }
}
