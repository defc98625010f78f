//! What a long command shows while it works: a line that moves on a terminal, plain lines elsewhere.

use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use local::Progress;

/// The screen of one command; cheap to clone.
#[derive(Clone)]
pub(crate) struct Console {
    bar: Option<ProgressBar>,
    started: Instant,
}

impl Console {
    pub(crate) fn new() -> Self {
        let terminal = std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
        let bar = terminal.then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        Self { bar, started: Instant::now() }
    }

    /// Begins a part of the work; stays on the screen.
    pub(crate) fn heading(&self, text: &str) {
        self.print(&format!("\n== {text}"));
    }

    /// Something worth keeping on the screen.
    pub(crate) fn print(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| println!("{text}")),
            None => println!("{text}"),
        }
    }

    /// What is being done right now; on a terminal the next one takes its place.
    pub(crate) fn doing(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(text.to_owned()),
            None => println!("{:>7.1} s  {text}", self.started.elapsed().as_secs_f64()),
        }
    }

    /// For libraries that report through a callback.
    pub(crate) fn progress(&self) -> Progress {
        let console = self.clone();
        Progress::new(move |line| console.doing(line))
    }

    /// Lets a program write to the screen undisturbed.
    pub(crate) fn aside<T>(&self, work: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(work),
            None => work(),
        }
    }

    /// Leaves the screen to what comes after.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
