//! What random tests draw from.

use std::ffi::OsStr;
use std::process::Command;

/// proptest takes its seed from this variable, in every test whose configuration does not name one: none does.
pub(crate) const VARIABLE: &str = "PROPTEST_RNG_SEED";

/// What every gate draws from, so that it says the same of the same sources each time.
const OF_GATES: &str = "1";

/// Gives a command the seed of gates, unless whoever typed it has set another one.
pub(crate) fn fix(command: &mut Command) {
    fix_unless(std::env::var_os(VARIABLE).as_deref(), command);
}

fn fix_unless(chosen: Option<&OsStr>, command: &mut Command) {
    if chosen.is_none() {
        command.env(VARIABLE, OF_GATES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_has_its_own_seed_unless_another_one_is_set() {
        let given = |chosen: Option<&str>| {
            let mut command = Command::new("cargo");
            fix_unless(chosen.map(OsStr::new), &mut command);
            let given = command.get_envs().next();
            given.map(|(name, value)| (name.to_owned(), value.map(OsStr::to_owned)))
        };
        assert_eq!(given(None), Some(("PROPTEST_RNG_SEED".into(), Some("1".into()))));
        assert_eq!(given(Some("7")), None, "what is set is handed on as it is");
    }
}
