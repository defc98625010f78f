//! Ten thousand resources, made, left alone and destroyed: nothing here may grow with the square of their number.

use super::*;

const AGENTS: usize = 3_333;

/// A role, a function and a queue for each agent, all on one shared table: 10,000 in all.
fn many() -> Desired {
    let mut all = desired(&[("shared/Orders", resource("AWS::DynamoDB::Table", json!({})))]);
    for agent in 0..AGENTS {
        let at = |name: &str| ResourceAddress::new(format!("agent-{agent}"), name);
        let role = json!({ "Policies": [{ "Resource": { "Fn::GetAtt": ["shared/Orders", "Arn"] } }] });
        let function = json!({
            "Role": { "Fn::GetAtt": [at("Role").to_string(), "Arn"] },
            "Environment": { "Variables": { "QUEUE": { "Ref": at("Queue").to_string() } } },
        });
        all.resources.insert(at("Role"), resource("AWS::IAM::Role", role));
        all.resources.insert(at("Queue"), resource("AWS::SQS::Queue", json!({ "VisibilityTimeout": 30 })));
        all.resources.insert(at("Function"), resource("AWS::Lambda::Function", function));
    }
    all
}

#[test]
fn ten_thousand_resources_are_made_left_alone_and_destroyed() {
    let wanted = many();
    let nothing = Recorded::default();
    let first = planned(&wanted, &nothing, false).unwrap();
    check::check(&first, &nothing).unwrap();
    assert_eq!(first.changes.len(), 3 * AGENTS + 1);

    let record = carried_out(&first, &nothing);
    let again = planned(&wanted, &record, false).unwrap();
    check::check(&again, &record).unwrap();
    assert_eq!((again.changes.len(), again.unchanged), (0, 3 * AGENTS + 1));

    let gone = planned(&desired(&[]), &record, false).unwrap();
    check::check(&gone, &record).unwrap();
    assert_eq!(gone.changes.last().unwrap().key.to_string(), "shared/Orders@1");
    assert!(carried_out(&gone, &record).resources.is_empty());
}
