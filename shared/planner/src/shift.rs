//! Whether the calls of an alias are led to its new version in steps.

use model::{Action, Change, Properties, Shift, Unshifted, expression};

use crate::wanted::Wanted;

/// The steps in which `action` is carried out: none where the alias stays at its version, or the config asks for none.
/// `changes` are those that were decided on before: what an alias refers to is among them.
///
/// # Errors
/// Why it cannot be shifted.
pub(crate) fn shifted(wanted: &Wanted<'_>, action: &Action, changes: &[Change]) -> Result<Option<Shift>, Unshifted> {
    let Some(shift) = &wanted.resource.shift else { return Ok(None) };
    let to = match action {
        Action::Create { .. } => return Err(Unshifted::Made),
        Action::Replace { .. } => return Err(Unshifted::Replaced),
        Action::Update { to, diff } if diff.iter().any(|one| one.path.head() == "FunctionVersion") => to,
        Action::Update { .. } | Action::Delete { .. } | Action::Move { .. } | Action::Forget { .. } => return Ok(None),
    };
    // Lambda takes weights only between versions with one execution role and one dead-letter queue.
    if changes_of_function(to, changes, "Role") {
        return Err(Unshifted::Role);
    }
    if changes_of_function(to, changes, "DeadLetterConfig") {
        return Err(Unshifted::DeadLetters);
    }
    Ok(Some(shift.clone()))
}

/// Whether the function of an alias is changed in a property.
fn changes_of_function(alias: &Properties, changes: &[Change], property: &str) -> bool {
    let function = alias.get("FunctionName").and_then(|name| expression::as_reference(name).ok().flatten());
    let change = function.and_then(|function| changes.iter().find(|change| change.key.address == function.address));
    let diff = change.map(|change| &change.action);
    matches!(diff, Some(Action::Update { diff, .. }) if diff.iter().any(|one| one.path.head() == property))
}
