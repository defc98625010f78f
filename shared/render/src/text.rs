//! Lines and columns that know how wide they are, whatever their colours.

use crate::style::{Paint, Style};

/// A line of painted pieces.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line(Vec<(String, Paint)>);

impl Line {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub(crate) fn with(mut self, text: impl Into<String>, paint: Paint) -> Self {
        self.0.push((text.into(), paint));
        self
    }

    #[must_use]
    pub(crate) fn plain(self, text: impl Into<String>) -> Self {
        self.with(text, Paint::Plain)
    }

    /// The same, filled up with spaces to `columns`.
    #[must_use]
    pub(crate) fn padded(self, columns: usize) -> Self {
        let missing = columns.saturating_sub(self.width());
        self.plain(" ".repeat(missing))
    }

    pub(crate) fn width(&self) -> usize {
        self.0.iter().map(|(text, _)| text.chars().count()).sum()
    }

    /// The same, of at most `columns`.
    #[must_use]
    pub(crate) fn within(self, columns: usize, style: &Style) -> Self {
        if self.width() <= columns {
            return self;
        }
        let mut left = columns;
        let mut short = Self::new();
        for (text, paint) in self.0 {
            let width = text.chars().count();
            // What does not fit is shortened, and so is the last piece that would leave no room for the mark.
            if width >= left {
                return short.with(shorten(&text, left, width > left, style), paint);
            }
            left -= width;
            short = short.with(text, paint);
        }
        short
    }

    /// The line as text, no wider than the screen.
    pub(crate) fn show(self, style: &Style) -> String {
        let line = self.within(style.width, style);
        let mut text: String = line.0.iter().map(|(text, paint)| style.paint(text, *paint)).collect();
        text.truncate(text.trim_end().len());
        text
    }
}

fn shorten(text: &str, columns: usize, force: bool, style: &Style) -> String {
    let width = text.chars().count();
    if width < columns || (width == columns && !force) {
        return text.to_owned();
    }
    let mark = style.ellipsis();
    let keep = columns.saturating_sub(mark.chars().count());
    text.chars().take(keep).chain(mark.chars()).take(columns).collect()
}

/// `text` in at most `columns`: the middle goes, because the ends of ids and ARNs tell most.
pub(crate) fn squeeze(text: &str, columns: usize, style: &Style) -> String {
    let width = text.chars().count();
    if width <= columns {
        return text.to_owned();
    }
    let mark = style.ellipsis();
    let keep = columns.saturating_sub(mark.chars().count());
    let head = keep / 2;
    let tail: String = text.chars().skip(width.saturating_sub(keep - head)).collect();
    format!("{}{mark}{tail}", text.chars().take(head).collect::<String>())
}

/// `text` in lines of at most `columns`, broken at spaces; a longer word keeps a line to itself.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > columns {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

/// `text` wrapped under a label: the label stands before the first line, the others are indented as far.
pub(crate) fn labelled(indent: usize, label: (&str, Paint), text: &str, style: &Style) -> Vec<String> {
    let (label, paint) = label;
    let margin = indent + label.chars().count();
    let wrapped = wrap(text, style.width.saturating_sub(margin).max(20));
    let line = |(index, part): (usize, String)| {
        if index == 0 {
            format!("{}{}{part}", " ".repeat(indent), style.paint(label, paint))
        } else {
            format!("{}{part}", " ".repeat(margin))
        }
    };
    wrapped.into_iter().enumerate().map(line).collect()
}

/// `text` broken at spaces to fit the screen, indented.
pub fn paragraph(indent: usize, text: &str, style: &Style) -> String {
    labelled(indent, ("", Paint::Plain), text, style).join("\n")
}

/// A table: cells with what they mean, columns as wide as their widest cell. Where the screen is too narrow, the widest columns
/// give way and their cells lose their middles.
pub fn columns(rows: &[Vec<(String, Paint)>], style: &Style) -> String {
    const GAP: usize = 2;
    const NARROWEST: usize = 8;
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width_of = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|(text, _)| text.chars().count()).max().unwrap_or(0)
    };
    let mut widths: Vec<usize> = (0..count).map(width_of).collect();
    let mut excess = (widths.iter().sum::<usize>() + GAP * count.saturating_sub(1)).saturating_sub(style.width);
    while excess > 0 {
        match widths.iter_mut().max() {
            Some(widest) if *widest > NARROWEST => *widest -= 1,
            _ => break,
        }
        excess -= 1;
    }
    let mut out = String::new();
    for row in rows {
        let mut line = Line::new();
        let mut start = 0;
        for ((text, paint), width) in row.iter().zip(&widths) {
            line = line.padded(start).with(squeeze(text, *width, style), *paint);
            start += width + GAP;
        }
        out.push_str(&line.show(style));
        out.push('\n');
    }
    out
}

/// A title with a line that runs to the edge of the screen.
pub fn rule(title: &str, style: &Style) -> String {
    let stroke = style.either("─", "-");
    let left = style.width.min(100).saturating_sub(title.chars().count() + 4);
    let line = Line::new()
        .with(format!("{0}{0} ", stroke), Paint::Quiet)
        .with(title, Paint::Strong)
        .with(format!(" {}", stroke.repeat(left)), Paint::Quiet);
    line.show(style)
}
