//! What a plan destroys for good, and what an environment's protection says to that.

use model::{Action, Change, Loss};

use crate::{Inputs, Problem, retire::holds_data};

pub(crate) fn of(changes: &[Change]) -> Vec<Loss> {
    let is_lost = |change: &&Change| matches!(change.action, Action::Delete { .. }) && holds_data(&change.kind);
    let what = |change: &Change| {
        let (address, kind) = (&change.key.address, &change.kind);
        match change.action {
            Action::Delete { only_empty: true, .. } => format!("`{address}` ({kind}) itself, if it holds nothing"),
            _ => format!("everything that `{address}` ({kind}) holds"),
        }
    };
    changes
        .iter()
        .filter(is_lost)
        .map(|change| Loss { resource: change.key.address.clone(), what: what(change) })
        .collect()
}

pub(crate) fn refuse(inputs: &Inputs<'_>, losses: &[Loss], problems: &mut Vec<Problem>) {
    if inputs.environment.protected {
        problems.extend(losses.iter().map(|loss| Problem::Protected { resource: loss.resource.clone() }));
    }
}
