//! Whether calls may be led over as a change says.

use model::{Action, Change, expression};

use crate::Violation;

/// The longest shift, in seconds: its environment takes no other deployment meanwhile.
const LONGEST: u64 = 3_600;

pub(crate) fn shift(change: &Change, found: &mut Vec<Violation>) {
    let Some(shift) = &change.shift else { return };
    let mut wrong = |why| found.push(Violation::WrongShift(change.key.clone(), why));
    let is_alias = change.kind.as_str() == "AWS::Lambda::Alias";
    if !(is_alias && matches!(change.action, Action::Update { .. })) {
        wrong("only the update of an alias can be shifted");
    }
    if shift.steps.is_empty() || shift.steps.iter().any(|step| step.seconds == 0) {
        wrong("it has no steps, or one that takes no time");
    }
    let percents = || shift.steps.iter().map(|step| step.percent);
    if percents().any(|percent| !(1..=99).contains(&percent)) || !percents().is_sorted_by(|one, next| one < next) {
        wrong("its percents do not ascend from 1 to 99");
    }
    if shift.seconds() > LONGEST {
        wrong("it takes longer than an hour");
    }
    if shift.alarms.is_empty() {
        wrong("no alarm watches it");
    }
    let mut alarms = Vec::new();
    let is_read = shift.alarms.iter().all(|alarm| expression::references_in(alarm, &mut alarms).is_ok());
    if !is_read || !alarms.iter().all(|alarm| change.dependencies.contains(&alarm.address)) {
        wrong("it is watched by an alarm that it does not depend on");
    }
}
