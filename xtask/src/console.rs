//! What a long command shows while it works: lines that move on a terminal, plain lines elsewhere, nothing where a
//! program reads the result.

use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use local::Progress;
use render::Style;

/// Columns of what is not a terminal, where `COLUMNS` does not say otherwise.
const PIPED_WIDTH: usize = 120;

/// The screen of one command; cheap to clone.
#[derive(Clone)]
pub(crate) struct Console {
    screen: Screen,
    started: Instant,
}

#[derive(Clone)]
enum Screen {
    /// Lines that move: what is being done, and below it a block of lines.
    Terminal { all: MultiProgress, doing: ProgressBar, block: ProgressBar },
    /// One line after the other.
    Lines,
    /// Nothing.
    Silent,
}

impl Console {
    pub(crate) fn new() -> Self {
        let terminal = std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
        let screen = if terminal { Screen::moving() } else { Screen::Lines };
        Self { screen, started: Instant::now() }
    }

    /// For a command that prints its result and nothing that moves.
    pub(crate) fn for_output() -> Self {
        Self { screen: Screen::Lines, started: Instant::now() }
    }

    /// Shows nothing.
    pub(crate) fn silent() -> Self {
        Self { screen: Screen::Silent, started: Instant::now() }
    }

    /// Whether lines move.
    pub(crate) fn is_terminal(&self) -> bool {
        matches!(self.screen, Screen::Terminal { .. })
    }

    /// What the screen can show, right now: terminals change their size.
    pub(crate) fn style(&self) -> Style {
        let is_terminal = std::io::stdout().is_terminal();
        let width = if is_terminal {
            usize::from(console::Term::stdout().size().1)
        } else {
            std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(PIPED_WIDTH)
        };
        let colour = is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Style { colour: colour && !is_dumb(), width: width.max(40), unicode: has_unicode() }
    }

    /// How many lines a block may have.
    pub(crate) fn room(&self) -> usize {
        usize::from(console::Term::stdout().size().0).saturating_sub(3)
    }

    /// Begins a part of the work; stays on the screen.
    pub(crate) fn heading(&self, text: &str) {
        self.print(&format!("\n{}", render::rule(text, &self.style())));
    }

    /// Something worth keeping on the screen.
    pub(crate) fn print(&self, text: &str) {
        match &self.screen {
            Screen::Terminal { all, .. } => all.suspend(|| println!("{text}")),
            Screen::Lines => println!("{text}"),
            Screen::Silent => {}
        }
    }

    /// Something worth keeping that is longer than a line may be.
    pub(crate) fn say(&self, text: &str) {
        self.print(&render::paragraph(0, text, &self.style()));
    }

    /// What is being done right now; on a terminal the next one takes its place.
    pub(crate) fn doing(&self, text: &str) {
        match &self.screen {
            Screen::Terminal { doing, .. } => doing.set_message(text.to_owned()),
            Screen::Lines => println!("{:>7.1} s  {text}", self.started.elapsed().as_secs_f64()),
            Screen::Silent => {}
        }
    }

    /// Lines that take the place of those shown before; only on a terminal.
    pub(crate) fn block(&self, lines: &[String]) {
        if let Screen::Terminal { block, .. } = &self.screen {
            block.set_message(lines.join("\n"));
        }
    }

    /// For libraries that report through a callback. What stands for one of very many is shown on a terminal only.
    pub(crate) fn progress(&self) -> Progress {
        let console = self.clone();
        Progress::new(move |line| {
            if console.is_terminal() || !line.starts_with("AWS::") {
                console.doing(line);
            }
        })
    }

    /// Lets a program write to the screen undisturbed.
    pub(crate) fn aside<T>(&self, work: impl FnOnce() -> T) -> T {
        match &self.screen {
            Screen::Terminal { all, .. } => all.suspend(work),
            Screen::Lines | Screen::Silent => work(),
        }
    }

    /// Leaves the screen to what comes after.
    pub(crate) fn finish(&self) {
        if let Screen::Terminal { all, doing, block } = &self.screen {
            doing.finish_and_clear();
            block.finish_and_clear();
            // Nothing is lost where the last lines cannot be taken off.
            let _ = all.clear();
        }
    }
}

impl Screen {
    fn moving() -> Self {
        let all = MultiProgress::new();
        let (doing, block) = (all.add(ProgressBar::new_spinner()), all.add(ProgressBar::new_spinner()));
        // Both templates are constant and valid; were one not, the default would do.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
            doing.set_style(style);
        }
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            block.set_style(style);
        }
        doing.enable_steady_tick(Duration::from_millis(100));
        Self::Terminal { all, doing, block }
    }
}

fn is_dumb() -> bool {
    std::env::var("TERM").is_ok_and(|term| term == "dumb")
}

/// Nearly everything shows Unicode by now; what says that it does not is believed.
fn has_unicode() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| {
        let value = std::env::var(name).ok()?;
        (!value.is_empty()).then_some(value)
    });
    let is_ascii = locale.is_some_and(|locale| locale == "C" || locale == "POSIX");
    !is_ascii && !std::env::var("TERM").is_ok_and(|term| term == "linux" || term == "dumb")
}
