//! Which aliases are led to another version in steps, and which at once.

use model::{AtOnce, Shift, ShiftStep, Unshifted};

use super::*;

/// A function with a role and a dead-letter queue, published as `code`, behind an alias that is shifted.
fn agent(code: &str, role: &str, queue: &str) -> Desired {
    let function = json!({
        "Role": { "Fn::GetAtt": ["a/Role", "Arn"] }, "DeadLetterConfig": { "TargetArn": queue }, "Handler": code });
    let version = json!({ "FunctionName": { "Ref": "a/F" }, "CodeSha256": code });
    let alias = json!({ "FunctionName": { "Ref": "a/F" }, "FunctionVersion": { "Ref": "a/V" }, "Name": "live" });
    let shift = Some(Shift { steps: vec![ShiftStep { percent: 10, seconds: 300 }], alarms: vec![json!("errors")] });
    desired(&[
        ("a/Alias", DesiredResource { shift, ..resource("AWS::Lambda::Alias", alias) }),
        ("a/F", resource("AWS::Lambda::Function", function)),
        ("a/Role", resource("AWS::IAM::Role", json!({ "RoleName": role }))),
        ("a/V", DesiredResource { retention: Retention::RetainReplaced, ..resource("AWS::Lambda::Version", version) }),
    ])
}

/// The percent of the first step of the alias's change, and why it is not shifted.
fn shifted(desired: &Desired, recorded: &Recorded) -> (Option<u8>, Vec<Unshifted>) {
    let planned = reported(desired, recorded, false).unwrap();
    check::check(&planned.plan, recorded).unwrap();
    let alias = planned.plan.changes.iter().find(|change| change.kind.as_str() == "AWS::Lambda::Alias");
    let shift = alias.and_then(|alias| alias.shift.as_ref());
    let at_once = planned.report.at_once.iter().map(|AtOnce { alias, because }| {
        assert_eq!(alias.address.to_string(), "a/Alias");
        *because
    });
    (shift.map(|shift| shift.steps[0].percent), at_once.collect())
}

#[test]
fn an_alias_is_shifted_where_it_goes_from_one_version_to_another() {
    let first = agent("1", "r", "q");
    let nothing = Recorded::default();
    assert_eq!(shifted(&first, &nothing), (None, vec![Unshifted::Made]));
    let recorded = carried_out(&planned(&first, &nothing, false).unwrap(), &nothing);
    assert_eq!(shifted(&first, &recorded), (None, vec![]), "it stays where it is");
    assert_eq!(shifted(&agent("2", "r", "q"), &recorded), (Some(10), vec![]));
    let mut plain = agent("2", "r", "q");
    plain.resources.get_mut(&"a/Alias".parse().unwrap()).unwrap().shift = None;
    assert_eq!(shifted(&plain, &recorded), (None, vec![]), "nobody asked for it");
    let mut described = first.clone();
    described.resources.get_mut(&"a/Alias".parse().unwrap()).unwrap().properties.set("Description", "d");
    assert_eq!(shifted(&described, &recorded), (None, vec![]), "its description is no version");
}

#[test]
fn versions_with_different_roles_or_dead_letters_are_not_shifted_between() {
    let nothing = Recorded::default();
    let recorded = carried_out(&planned(&agent("1", "r", "q"), &nothing, false).unwrap(), &nothing);
    assert_eq!(shifted(&agent("2", "other", "q"), &recorded), (None, vec![Unshifted::Role]));
    assert_eq!(shifted(&agent("2", "r", "other"), &recorded), (None, vec![Unshifted::DeadLetters]));
    let mut renamed = agent("2", "r", "q");
    renamed.resources.get_mut(&"a/Alias".parse().unwrap()).unwrap().properties.set("Name", "other");
    assert_eq!(shifted(&renamed, &recorded), (None, vec![Unshifted::Replaced]));
}
