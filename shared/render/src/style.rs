//! What a screen can show: colour, width, and characters beyond ASCII.

use model::Action;

/// What the text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether ANSI colours are understood.
    pub colour: bool,
    /// Columns. Lines that can be shortened are no wider.
    pub width: usize,
    /// Whether characters beyond ASCII can be shown.
    pub unicode: bool,
}

/// What a piece of text means; a colour where there is colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// Ordinary text.
    Plain,
    /// A heading, or what matters most.
    Strong,
    /// What only accompanies.
    Quiet,
    /// Something comes into being, or went well.
    Good,
    /// Something changes.
    Change,
    /// Something is replaced.
    Replace,
    /// Something goes, or went wrong.
    Bad,
    /// Something is under way.
    Active,
}

impl Style {
    /// Without colour.
    pub fn plain(width: usize) -> Self {
        Self { colour: false, width, unicode: true }
    }

    /// `text` in the colour of what it means.
    pub fn paint(&self, text: &str, paint: Paint) -> String {
        let code = match paint {
            Paint::Plain => return text.to_owned(),
            Paint::Strong => "1",
            Paint::Quiet => "2",
            Paint::Good => "32",
            Paint::Change => "33",
            Paint::Replace => "35",
            Paint::Bad => "31",
            Paint::Active => "36",
        };
        if self.colour && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// What stands for an action.
    pub(crate) fn glyph(&self, action: &Action) -> (&'static str, Paint) {
        match action {
            Action::Create { .. } => ("+", Paint::Good),
            Action::Update { .. } => ("~", Paint::Change),
            Action::Replace { .. } => (self.either("±", "-/+"), Paint::Replace),
            Action::Delete { .. } => (self.either("−", "-"), Paint::Bad),
            Action::Move { .. } => (self.either("→", ">"), Paint::Quiet),
            Action::Forget { .. } => (self.either("∘", "o"), Paint::Quiet),
        }
    }

    /// Columns that every glyph of an action fits into.
    pub(crate) fn glyph_width(&self) -> usize {
        if self.unicode { 1 } else { 3 }
    }

    pub(crate) fn done(&self) -> &'static str {
        self.either("✔", "ok")
    }

    pub(crate) fn failed(&self) -> &'static str {
        self.either("✘", "!!")
    }

    pub(crate) fn arrow(&self) -> &'static str {
        self.either("→", "->")
    }

    pub(crate) fn ellipsis(&self) -> &'static str {
        self.either("…", "...")
    }

    pub(crate) fn dot(&self) -> &'static str {
        self.either("·", "-")
    }

    /// The first where characters beyond ASCII can be shown, else the second.
    pub(crate) fn either(&self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.unicode { unicode } else { ascii }
    }
}
