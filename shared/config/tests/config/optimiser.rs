//! What could be one where it is several.

use super::{small, sound};

/// The notes, each `line:column code | message | help`.
fn notes(rest: &str) -> Vec<String> {
    let text = small(rest);
    let expanded = sound(&text);
    let line = |note: &config::Note| {
        let before = text.get(..note.span.offset).unwrap();
        let line = before.matches('\n').count() + 1;
        format!("{line} {} | {} | {}", note.code.as_str(), note.message, note.help)
    };
    expanded.notes.iter().map(line).collect()
}

#[test]
fn resources_with_the_same_settings_and_the_same_users_are_noted() {
    let both = "    permissions: [{ resource: mail, access: write }, { resource: post, access: write }]\nshared:\n  queues:\n    mail: { \
                dlq: true }\n    post: { dlq: true }\n";
    assert_eq!(
        notes(both),
        [
            "12 redundant | the queues `mail` and `post` have the same settings and the same users | where they hold the same kind of \
          thing, one would do: one resource less"
        ]
    );
    assert!(notes(&both.replace("post, access: write", "post, access: read")).is_empty());
    assert!(notes(&both.replace("post: { dlq: true }", "post: { dlq: true, delay: 5 }")).is_empty());
    let tables = "shared:\n  tables: { a: { key: { PK: S } }, b: { key: { PK: S } }, c: { key: { PK: S } } }\n";
    let told = notes(tables);
    assert!(told[0].contains("the tables `a`, `b` and `c` have the same settings"), "{told:?}");
    assert!(told[0].ends_with("2 resources less"), "{told:?}");
    // What is in two buckets is not told by their settings.
    assert!(notes("shared: { buckets: { a: {}, b: {} }, secrets: { c: {}, d: {} } }\n").is_empty());
}

#[test]
fn a_queue_that_wakes_somebody_is_not_one_that_does_not() {
    let queues =
        "    events: [{ queue: mail }]\nshared: { queues: { mail: { visibility: 180 }, post: { visibility: 180 } } }\n";
    assert!(notes(queues).is_empty());
    let topics = "shared: { topics: { news: { queues: [mail] } }, queues: { mail: {}, post: {} } }\n";
    assert!(notes(topics).is_empty());
}

#[test]
fn raw_resources_that_are_the_same_are_noted_with_what_the_other_costs() {
    let role = "{ Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: Allow, \
                Principal: { Service: lambda.amazonaws.com }, Action: 'sts:AssumeRole' }] } } }";
    let roles = format!("resources:\n  One: {role}\n  Two: {role}\n");
    assert_eq!(
        notes(&roles),
        [
            "10 redundant | `shared/One` and `shared/Two` are the same `AWS::IAM::Role` | refer to one of them in the place of the \
          others: one resource less"
        ]
    );
    let gateway =
        "{ Type: 'AWS::EC2::NatGateway', Properties: { SubnetId: subnet-0a1b2c3d, ConnectivityType: private } }";
    let gateways = notes(&format!("resources:\n  One: {gateway}\n  Two: {gateway}\n"));
    assert!(gateways[0].ends_with("32.85 USD a month less (the list price of us-east-1)"), "{gateways:?}");
}

#[test]
fn roles_to_which_policies_add_other_rights_are_not_the_same() {
    let role = "{ Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: Allow, \
                Principal: { Service: lambda.amazonaws.com }, Action: 'sts:AssumeRole' }] } } }";
    let policy = |role: &str, action: &str| {
        format!(
            "{{ Type: 'AWS::IAM::Policy', Properties: {{ PolicyName: of-{role}, Roles: [!Ref {role}], PolicyDocument: {{ \
             Version: '2012-10-17', Statement: [{{ Effect: Allow, Action: '{action}', Resource: \
             'arn:aws:s3:::a-bucket-of-ours/*' }}] }} }} }}"
        )
    };
    let with = |policies: &str| notes(&format!("resources:\n  One: {role}\n  Two: {role}\n{policies}"));
    let (read, write) = (policy("One", "s3:GetObject"), policy("Two", "s3:PutObject"));
    assert!(with(&format!("  Read: {read}\n")).is_empty());
    assert!(with(&format!("  Read: {read}\n  Write: {write}\n")).is_empty());
    let same = with(&format!("  Read: {read}\n  Again: {}\n", policy("Two", "s3:GetObject")));
    assert_eq!(same.len(), 1, "{same:?}");
}

#[test]
fn notes_stop_nothing_and_stand_in_the_order_of_the_text() {
    let many = "shared:\n  topics: { a: {}, b: {} }\n  queues: { c: {}, d: {} }\n  tables: { e: { key: { PK: S } }, f: { key: { PK: S } } }\n";
    let lines: Vec<String> = notes(many).iter().map(|note| note.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(lines, ["9", "10", "11"]);
}
