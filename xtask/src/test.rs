//! `cargo xtask test`: every test there is, and one line that sums them up.

use clap::Args;
use local::venv::{self, Venv};

use crate::{error::XtaskError, run, seed};

/// Arguments of `cargo xtask test`.
#[derive(Args)]
pub(crate) struct Test {
    /// Only tests whose name contains this.
    filter: Option<String>,
}

impl Test {
    /// Builds everything, runs every test, also after one has failed.
    pub(crate) fn run(self) -> Result<(), XtaskError> {
        // Before the tests, so that no test waits for it and a failure to fetch it has one place.
        let progress = local::Progress::new(|line| println!("-- {line}"));
        Venv::ensure(&run::root().join("target/local/venv"), venv::ACCOUNT, &progress)?;
        let mut tally = Tally::default();
        println!("-- building");
        let built = run::shown(run::cargo().args(["build", "--workspace", "--all-targets"]))?;
        let passed = built && {
            println!("-- testing");
            let mut command = run::cargo();
            command.args(["test", "--workspace", "--no-fail-fast"]).args(self.filter);
            seed::fix(&mut command);
            run::watched(&mut command, |line| tally.count(line))?
        };
        // What does not build, or dies before it reports, has failed too.
        if !passed && tally.failed == 0 {
            tally.failed = 1;
        }
        println!("{}", tally.line());
        if tally.failed == 0 { Ok(()) } else { Err(XtaskError::Shown) }
    }
}

#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Tally {
    /// Takes the summary that each test program ends with:
    /// `test result: ok. 17 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.07s`.
    fn count(&mut self, line: &str) {
        let Some((_, numbers)) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) else {
            return;
        };
        for part in numbers.split("; ") {
            match part.split_once(' ').map(|(n, what)| (n.parse::<usize>(), what)) {
                Some((Ok(n), "passed")) => self.passed += n,
                Some((Ok(n), "failed")) => self.failed += n,
                Some((Ok(n), "ignored")) => self.skipped += n,
                _ => {}
            }
        }
    }

    fn line(&self) -> String {
        let skipped = if self.skipped > 0 { format!(", {} skipped", self.skipped) } else { String::new() };
        format!("{} passed, {} failed{skipped}", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_results_of_all_test_programs_are_summed_up() {
        let mut tally = Tally::default();
        for line in [
            "running 3 tests",
            "test a ... ok",
            "test result: ok. 17 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.07s",
            "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 4 filtered out; finished in 1.00s",
        ] {
            tally.count(line);
        }
        assert_eq!(tally.line(), "19 passed, 1 failed");
        tally.count("test result: ok. 0 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.00s");
        assert_eq!(tally.line(), "19 passed, 1 failed, 2 skipped");
    }
}
