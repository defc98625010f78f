//! What random tests draw from.

use std::ffi::OsStr;
use std::process::Command;

/// proptest takes its seed from this variable, in every test whose configuration does not name one: none does.
const VARIABLE: &str = "PROPTEST_RNG_SEED";

/// Set to anything, it keeps proptest from writing what failed into the checkout, and from drawing what was written there before.
const NOTHING_IS_KEPT: &str = "PROPTEST_DISABLE_FAILURE_PERSISTENCE";

/// What every gate draws from, so that it says the same of the same sources each time.
const OF_GATES: &str = "1";

/// Gives a command a seed. It draws from that alone.
pub(crate) fn give(seed: u32, command: &mut Command) {
    command.env(VARIABLE, seed.to_string()).env(NOTHING_IS_KEPT, "1");
}

/// The same, in front of a command that somebody types.
pub(crate) fn typed(seed: u32) -> String {
    format!("{NOTHING_IS_KEPT}=1 {VARIABLE}={seed}")
}

/// Gives a command the seed of gates, unless whoever typed it has set another one. It draws from that alone.
pub(crate) fn fix(command: &mut Command) {
    fix_unless(std::env::var_os(VARIABLE).as_deref(), command);
}

fn fix_unless(chosen: Option<&OsStr>, command: &mut Command) {
    command.env(NOTHING_IS_KEPT, "1");
    if chosen.is_none() {
        command.env(VARIABLE, OF_GATES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(command: &Command) -> Vec<(&str, &str)> {
        command.get_envs().filter_map(|(name, value)| Some((name.to_str()?, value?.to_str()?))).collect()
    }

    const KEPT: (&str, &str) = ("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1");

    #[test]
    fn a_gate_has_its_own_seed_unless_another_one_is_set_and_draws_nothing_that_failed_before() {
        let fixed = |chosen: Option<&str>| {
            let mut command = Command::new("cargo");
            fix_unless(chosen.map(OsStr::new), &mut command);
            command
        };
        assert_eq!(given(&fixed(None)), [KEPT, ("PROPTEST_RNG_SEED", "1")]);
        assert_eq!(given(&fixed(Some("7"))), [KEPT], "what is set is handed on as it is");
    }

    #[test]
    fn what_is_typed_draws_the_same_as_what_was_run() {
        let mut command = Command::new("cargo");
        give(7, &mut command);
        let given: Vec<_> = given(&command).into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(given.join(" "), typed(7));
    }
}
