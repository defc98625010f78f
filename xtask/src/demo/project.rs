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
    let line = |sign: &str, text: &str, paint| style.paint(&format!("  {sign} …{text}…"), paint);
    format!("{}\n{}", line("-", BEFORE, Paint::Bad), line("+", AFTER, Paint::Good))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_has_what_the_demo_changes() {
        let project = example();
        assert!(!project.text("strands.yaml").contains("000000000000"));
        assert!(changed(project).text(CHANGED).contains(AFTER));
    }
}
