//! Plans, journals and records as text for people, and as JSON where a program asks.
//!
//! The only owner of glyphs, colours and layout. Pure: values in, text out; what the screen is like comes in a [`Style`].
//! Must never decide anything, ask a clock or an environment variable, or print.

mod affected;
mod compare;
mod cost;
mod deployment;
mod history;
mod json;
mod live;
mod notice;
mod outcome;
mod plan;
mod progress;
mod record;
mod report;
mod style;
mod text;
mod timeline;
mod words;

#[cfg(test)]
mod tests;

pub use affected::affected;
pub use compare::{Changed, Differ, Difference, Knowledge, Side, compare, compare_summary};
pub use cost::{Cost, Pricer, cost_change, cost_summary};
pub use deployment::{Account, deployment, deployment_summary};
pub use history::{history, only_of};
pub use json::{plan_summary, timeline_summary};
pub use live::{journal, live, step};
pub use notice::{Message, message};
pub use outcome::outcome;
pub use plan::{Counts, change_line, counts, overview, plan};
pub use progress::{Progress, Run, Standing};
pub use record::{outputs, resources};
pub use report::report;
pub use style::{Paint, Style};
pub use text::{columns, paragraph, rule};
pub use timeline::{Timeline, timeline};
pub use words::{count, duration};
