//! What a plan may do at most.

use std::collections::BTreeSet;

use model::{Action, Exceeded, Limit, Limits, Plan, Presence, Recorded, Refusal, ResourceKey};

use crate::decide::refusal;

/// A refusal for each limit that a plan from what is recorded exceeds.
pub(crate) fn exceeded(limits: &Limits, plan: &Plan, recorded: &Recorded) -> Vec<Refusal> {
    let tell = |Exceeded { limit, most, count }: Exceeded| {
        let message = match limit {
            Limit::Resources => format!("there would be {count} resources, and at most {most} are allowed"),
            Limit::Changes => format!("the plan has {count} changes, and at most {most} are allowed"),
            Limit::Deletions => format!("the plan deletes {count} resources, and at most {most} may be deleted"),
            Limit::Replacements => format!("the plan replaces {count} resources, and at most {most} may be replaced"),
        };
        let what = limit.as_str();
        let help = match limit {
            Limit::Resources => format!(
                "ask for fewer; or raise `{what}` of `limits` in the config, or in the environment's record, whichever is smaller"
            ),
            Limit::Changes | Limit::Deletions | Limit::Replacements => format!(
                "if all of that is meant, deploy it in parts, or raise `{what}` of `limits` in the config or in the \
                 environment's record, whichever is smaller; if not, look at what the config no longer says"
            ),
        };
        refusal("plan::limit", message, Some(&help))
    };
    limits.exceeded(plan, there_will_be(plan, recorded)).into_iter().map(tell).collect()
}

/// How many resources there will be: what a plan of a part leaves alone is there as well.
fn there_will_be(plan: &Plan, recorded: &Recorded) -> usize {
    let in_use = recorded.resources.iter().filter(|(_, one)| one.presence != Presence::Leaving);
    let mut keys: BTreeSet<&ResourceKey> = in_use.map(|(key, _)| key).collect();
    for change in &plan.changes {
        match &change.action {
            Action::Create { .. } | Action::Update { .. } | Action::Replace { .. } => drop(keys.insert(&change.key)),
            Action::Delete { .. } | Action::Forget { .. } => drop(keys.remove(&change.key)),
            Action::Move { to } => {
                keys.remove(&change.key);
                keys.insert(to);
            }
        }
    }
    keys.into_iter().map(|key| &key.address).collect::<BTreeSet<_>>().len()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

    use serde_json::json;

    use super::*;

    /// A plan that does so much of each.
    fn plan(creates: usize, deletes: usize, replaces: usize) -> Plan {
        let change = |at: usize, action: serde_json::Value, because: serde_json::Value| {
            json!({
                "key": format!("shared/Thing{at}@1"), "type": "AWS::SQS::Queue", "action": action, "because": because,
                "needs": [], "stage": "build", "dependencies": [], "agent": null, "retention": "delete",
            })
        };
        let diff = json!([{ "path": "QueueName", "from": "a", "to": "b" }]);
        let mut changes = Vec::new();
        for _ in 0..creates {
            changes.push(change(changes.len(), json!({ "do": "create", "to": {} }), json!("new")));
        }
        for _ in 0..deletes {
            changes.push(change(changes.len(), json!({ "do": "delete", "physical_id": "id" }), json!("removed")));
        }
        for _ in 0..replaces {
            let replace = json!({
                "do": "replace", "old": "shared/Thing@1", "to": {}, "order": "create-first", "forced_by": diff,
            });
            changes.push(change(changes.len(), replace, json!("changed")));
            changes.push(change(changes.len(), json!({ "do": "delete", "physical_id": "id" }), json!("deposed")));
        }
        let plan = json!({
            "version": model::plan::VERSION, "deployment": "d1", "environment": { "project": "shop", "environment": "dev" },
            "account": "123456789012", "region": "eu-central-1",
            "stamp": { "engine": "e", "scope": "s", "version": "v", "deployed_at": "t", "deployed_by": "d1" },
            "parent": 0, "sequence": 0, "config": model::Digest::of(b""), "changes": changes, "unchanged": 0,
            "irreversible": [], "outputs": {},
        });
        serde_json::from_value(plan).unwrap()
    }

    /// What is recorded, and whether it stays.
    fn recorded(resources: &[(&str, bool)]) -> Recorded {
        let resource = |stays| {
            let presence = if stays { "present" } else { "leaving" };
            json!({ "type": "AWS::SQS::Queue", "physical_id": "id", "presence": presence, "asked": {}, "sent": {}, "deployment": "d1" })
        };
        let one =
            |(key, stays): &(&str, bool)| (key.parse().unwrap(), serde_json::from_value(resource(*stays)).unwrap());
        Recorded { resources: resources.iter().map(one).collect(), ..Recorded::default() }
    }

    fn told(limits: &[(Limit, u32)], plan: &Plan) -> Vec<String> {
        let limits = Limits(limits.iter().copied().collect());
        exceeded(&limits, plan, &Recorded::default())
            .into_iter()
            .map(|one| format!("{}: {}", one.code, one.message))
            .collect()
    }

    #[test]
    fn what_is_within_its_limits_is_not_refused() {
        let all = [(Limit::Resources, 5), (Limit::Changes, 8), (Limit::Deletions, 1), (Limit::Replacements, 2)];
        assert_eq!(told(&all, &plan(3, 1, 2)), Vec::<String>::new());
        assert_eq!(told(&[], &plan(3, 1, 2)), Vec::<String>::new());
    }

    #[test]
    fn every_limit_that_is_exceeded_is_told_with_its_figures() {
        let all = [(Limit::Resources, 4), (Limit::Changes, 7), (Limit::Deletions, 0), (Limit::Replacements, 1)];
        assert_eq!(
            told(&all, &plan(3, 1, 2)),
            [
                "plan::limit: there would be 5 resources, and at most 4 are allowed",
                "plan::limit: the plan has 8 changes, and at most 7 are allowed",
                "plan::limit: the plan deletes 1 resources, and at most 0 may be deleted",
                "plan::limit: the plan replaces 2 resources, and at most 1 may be replaced",
            ]
        );
    }

    #[test]
    fn what_a_plan_leaves_alone_is_there_as_well() {
        let record = recorded(&[
            ("shared/Thing0@1", true),
            ("shared/Thing1@1", true),
            ("billing/Queue@1", true),
            ("billing/Queue@2", true),
            ("billing/Going@1", false),
        ]);
        assert_eq!(there_will_be(&plan(1, 1, 0), &record), 2);
        assert_eq!(there_will_be(&plan(0, 0, 0), &record), 3);
    }

    #[test]
    fn what_another_takes_the_place_of_counts_as_replaced_and_not_as_deleted() {
        assert_eq!(told(&[(Limit::Deletions, 0)], &plan(0, 0, 3)), Vec::<String>::new());
    }
}
