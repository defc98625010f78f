//! Tables, and the file that they stand in.

use std::fmt::Write as _;

use crate::row::Row;

/// What one benchmark found.
#[derive(Debug, Clone)]
pub struct Report {
    /// Its name, which is that of its place in the file, too.
    pub name: &'static str,
    /// The tables, in Markdown.
    pub text: String,
    /// The figures.
    pub rows: Vec<Row>,
    /// The bars that are missed, in words.
    pub missed: Vec<String>,
}

impl Report {
    /// The tables, and below them the bars that are missed.
    pub fn whole(&self) -> String {
        let mut text = self.text.clone();
        if self.missed.is_empty() {
            text.push_str("\nEvery bar is met.\n");
        } else {
            text.push_str("\nBars that are missed:\n\n");
            for bar in &self.missed {
                let _ = writeln!(text, "- {bar}");
            }
        }
        text
    }
}

/// A table in Markdown: the first column is text, the others are figures.
pub fn table(head: &[&str], lines: &[Vec<String>]) -> String {
    let mut text = format!("| {} |\n|", head.join(" | "));
    for column in 0..head.len() {
        text.push_str(if column == 0 { "---|" } else { "---:|" });
    }
    text.push('\n');
    for line in lines {
        let _ = writeln!(text, "| {} |", line.join(" | "));
    }
    text
}

/// Why a file cannot take a report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the file has no place for `{0}`: it needs the lines `{begin}` and `{end}`", begin = begin(.0), end = end(.0))]
pub struct NoPlace(String);

/// `file` with `text` in the place named `name`.
///
/// # Errors
/// [`NoPlace`] where the file has no such place.
pub fn put(file: &str, name: &str, text: &str) -> Result<String, NoPlace> {
    let missing = || NoPlace(name.to_owned());
    let (before, rest) = file.split_once(&begin(name)).ok_or_else(missing)?;
    let (_, after) = rest.split_once(&end(name)).ok_or_else(missing)?;
    Ok(format!("{before}{}\n{}\n{}{after}", begin(name), text.trim_end(), end(name)))
}

fn begin(name: &str) -> String {
    format!("<!-- {name}: written by the command above -->")
}

fn end(name: &str) -> String {
    format!("<!-- end of {name} -->")
}

/// What was measured on, and how it was compiled.
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let profile = if cfg!(debug_assertions) { "dev" } else { "release (opt-level z, thin LTO)" };
    format!("{cores} cores ({}, {}), profile {profile}", std::env::consts::ARCH, std::env::consts::OS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_takes_the_place_of_the_one_before_and_nothing_else() {
        let file = format!("# Title\n{}\nold\n{}\nrest\n", begin("plan"), end("plan"));
        let once = put(&file, "plan", "new\n").unwrap();
        assert!(
            once.starts_with("# Title\n")
                && once.ends_with("\nrest\n")
                && once.contains("\nnew\n")
                && !once.contains("old")
        );
        assert_eq!(put(&once, "plan", "new\n").unwrap(), once);
        assert!(put(&file, "state", "x").unwrap_err().to_string().contains("`state`"));
    }

    #[test]
    fn a_table_has_a_line_for_each_row() {
        let text = table(&["stack", "s"], &[vec!["a".into(), "1".into()]]);
        assert_eq!(text, "| stack | s |\n|---|---:|\n| a | 1 |\n");
    }
}
