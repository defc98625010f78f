//! `examples/agents` as the demo deploys it: for the embedded account, and with one line of code changed.

use end_to_end::Project;
use render::{Paint, Style};

/// The file that changes.
pub(crate) const CHANGED: &str = "agents/customer-support-agent/agent.py";
const BEFORE: &str = "We are there from 8:00 to 18:00, Monday to Friday";
const AFTER: &str = "We are there from 7:00 to 22:00, every day";

/// The example, with the embedded account where a user writes the own one.
pub(crate) fn example() -> Project {
    let project = Project::example();
    let config = project.text("strands.yaml");
    let config = config.replace("\"000000000000\"", &format!("\"{}\"", local::emulator::ACCOUNT_ID));
    project.config(&config.replace("eu-central-1", local::emulator::REGION))
}

/// The same with one agent's opening hours changed.
pub(crate) fn changed(project: Project) -> Project {
    project.with(CHANGED, BEFORE, AFTER)
}

/// What [`changed`] changes.
pub(crate) fn difference(style: &Style) -> String {
    lines(BEFORE, AFTER, style)
}

/// The file that is broken.
pub(crate) const BROKEN: &str = "agents/order-agent/agent.py";
const WORKS: &str = "import re\n";
const DOES_NOT: &str = "import regex as re\n";

/// The same with an agent that does not start, because a package is missing; and with a look at its health.
pub(crate) fn broken(project: Project) -> Project {
    let route = "route: \"POST /orders\"";
    let health = format!(
        "{route}\n    health: {{ invoke: {{ payload: {{ message: \"status of order 12345678\" }} }}, within: 2 }}"
    );
    project.with(BROKEN, WORKS, DOES_NOT).with("strands.yaml", route, &health)
}

/// What [`broken`] breaks.
pub(crate) fn breakage(style: &Style) -> String {
    lines(WORKS.trim_end(), DOES_NOT.trim_end(), style)
}

fn lines(before: &str, after: &str, style: &Style) -> String {
    let line = |sign: &str, text: &str, paint| style.paint(&format!("  {sign} {text}"), paint);
    format!("{}\n{}", line("-", before, Paint::Bad), line("+", after, Paint::Good))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_has_what_the_demo_changes() {
        let project = example();
        assert!(!project.text("strands.yaml").contains("000000000000"));
        let broken = broken(changed(project));
        assert!(broken.text(CHANGED).contains(AFTER) && broken.text(BROKEN).contains(DOES_NOT));
    }
}
