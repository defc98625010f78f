//! Something that draws: how it is run with a seed, and how somebody runs it again.

use std::fmt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::error::XtaskError;
use crate::seed;

/// Cases of the simulator for each seed of a hunt: about as many as the slowest of the other tests have time for.
const CASES: u64 = 200;

/// A test that draws, and the program that it was built into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Random {
    pub(super) package: String,
    pub(super) what: What,
    pub(super) program: PathBuf,
    /// Where cargo would run it.
    pub(super) folder: PathBuf,
}

/// What draws.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// A test that proptest gives its cases.
    Property {
        /// How cargo names the test program: `--lib`, or `--test` and a name.
        target: String,
        /// The full name within it.
        test: String,
    },
    /// The simulator's random cases, which have seeds of their own.
    Simulator,
}

impl fmt::Display for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            What::Property { test, .. } => write!(f, "{} {test}", self.package),
            What::Simulator => f.write_str(&self.package),
        }
    }
}

impl Random {
    /// Runs it once; what it said, if it failed.
    pub(super) fn run(&self, seed: u32) -> Result<Option<String>, XtaskError> {
        let ran = self.command(seed).output().map_err(|source| {
            let program = self.program.display().to_string();
            XtaskError::Start { program, source }
        })?;
        let said = || [ran.stdout.as_slice(), &ran.stderr].map(String::from_utf8_lossy).concat();
        Ok((!ran.status.success()).then(said))
    }

    fn command(&self, seed: u32) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(&self.folder).stdin(Stdio::null());
        match &self.what {
            What::Property { test, .. } => {
                seed::give(seed, &mut command);
                command.args(["--exact", test]);
            }
            What::Simulator => {
                command.args(simulated(seed));
            }
        }
        command
    }

    /// What to type to see the same failure again, after a run that said this.
    pub(super) fn replay(&self, seed: u32, said: &str) -> String {
        let package = &self.package;
        match &self.what {
            What::Property { target, test } => {
                format!("{} cargo test -p {package} {target} -- --exact {test}", seed::typed(seed))
            }
            What::Simulator => match case(said) {
                Some(case) => format!("cargo run -p {package} -- --seed {case}"),
                None => format!("cargo run -p {package} -- {}", simulated(seed).join(" ")),
            },
        }
    }
}

/// The simulator's cases for a seed: no other seed has any of them.
fn simulated(seed: u32) -> [String; 4] {
    ["--seeds".to_owned(), CASES.to_string(), "--from".to_owned(), (u64::from(seed) * CASES).to_string()]
}

/// The case that failed first, from the simulator's `seed 7, revision 2: …`.
fn case(said: &str) -> Option<u64> {
    said.lines().find_map(|line| line.strip_prefix("seed ")?.split(',').next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(package: &str, what: What) -> Random {
        Random { package: package.to_owned(), what, program: "/p".into(), folder: "/".into() }
    }

    fn property() -> Random {
        let what = What::Property { target: "--test bundle".to_owned(), test: "properties::whatever".to_owned() };
        random("bundle", what)
    }

    #[test]
    fn a_property_is_run_alone_and_with_the_seed() {
        let command = property().command(7);
        assert!(command.get_args().eq(["--exact", "properties::whatever"]));
        let seed = command.get_envs().find(|(name, _)| *name == "PROPTEST_RNG_SEED");
        assert_eq!(seed.and_then(|(_, value)| value), Some("7".as_ref()));
    }

    #[test]
    fn whoever_types_the_command_runs_the_same_property_with_the_same_seed() {
        let typed = "PROPTEST_DISABLE_FAILURE_PERSISTENCE=1 PROPTEST_RNG_SEED=7 \
            cargo test -p bundle --test bundle -- --exact properties::whatever";
        assert_eq!(property().replay(7, "test failed"), typed);
    }

    #[test]
    fn no_case_of_the_simulator_belongs_to_two_seeds() {
        let from = |seed| simulated(seed)[3].parse::<u64>().ok();
        assert_eq!([from(0), from(1), from(2)], [Some(0), Some(CASES), Some(2 * CASES)]);
        assert_eq!(from(u32::MAX), Some(u64::from(u32::MAX) * CASES));
    }

    #[test]
    fn the_simulator_is_run_again_with_the_case_that_it_named() {
        let simulator = random("simulation", What::Simulator);
        let said = "200 seeds from 1400: 1 failed, 2.0s\nCovered { done: 3 }\nseed 1417, revision 2: lost\n\nseed 1417, as small as it gets: …";
        assert_eq!(simulator.replay(7, said), "cargo run -p simulation -- --seed 1417");
        let died = simulator.replay(7, "thread 'main' has overflowed its stack");
        assert_eq!(died, "cargo run -p simulation -- --seeds 200 --from 1400");
    }
}
