//! Typed reading of single nodes: each gives a value, or adds the finding that says what was expected and what was found.

use std::ops::RangeInclusive;
use std::rc::Rc;

use serde_json::Value as Json;

use crate::code::Code;
use crate::report::Finding;
use crate::span::{Span, Spanned};
use crate::tree::{Key, Node, Value};

/// The most findings of one text; a report has fewer, once those that each environment repeats are told once.
const MOST: usize = 2_000;

/// Where findings go.
pub struct Reader<'f> {
    findings: &'f mut Vec<Finding>,
}

/// A mapping whose keys are being asked for; those that nobody asked for are unknown.
pub struct Fields<'n> {
    node: &'n Node,
    entries: &'n [(Key, Rc<Node>)],
    asked: Vec<&'static str>,
    what: &'static str,
}

impl Fields<'_> {
    /// Where the mapping begins.
    pub fn span(&self) -> Span {
        self.node.span
    }

    /// Where a key stands.
    pub fn key(&self, name: &str) -> Span {
        self.entries.iter().find(|(key, _)| key.name == name).map_or(self.node.span, |(key, _)| key.span)
    }
}

impl<'f> Reader<'f> {
    /// A reader that adds to `findings`.
    pub fn new(findings: &'f mut Vec<Finding>) -> Self {
        Self { findings }
    }

    /// Notes what is wrong; nothing once there is more than anybody reads.
    pub fn add(&mut self, finding: Finding) {
        if !self.is_full() {
            self.findings.push(finding);
        }
    }

    /// Whether there is so much wrong that looking for more is a waste of time.
    pub fn is_full(&self) -> bool {
        self.findings.len() >= MOST
    }

    fn wrong_type(&mut self, node: &Node, subject: &str, expected: &str, help: impl Into<String>) {
        let message = format!("{subject} must be {expected}, not {}", described(node));
        self.add(Finding::new(Code::WrongType, node.span, message).help(help));
    }

    /// The mapping that `node` must be. Followed by [`Reader::optional`] and [`Reader::required`] for each key, and
    /// [`Reader::finish`].
    pub fn fields<'n>(&mut self, node: &'n Node, what: &'static str) -> Option<Fields<'n>> {
        match node.entries() {
            Some(entries) => Some(Fields { node, entries, asked: Vec::new(), what }),
            None => {
                self.wrong_type(node, what, "a mapping", "write it as `key: value` lines");
                None
            }
        }
    }

    /// The value of a key that may be left out; null counts as left out.
    pub fn optional<'n>(&mut self, fields: &mut Fields<'n>, name: &'static str) -> Option<&'n Rc<Node>> {
        fields.asked.push(name);
        let (_, node) = fields.entries.iter().find(|(key, _)| key.name == name)?;
        (!node.is_null()).then_some(node)
    }

    /// The value of a key that must be there.
    pub fn required<'n>(&mut self, fields: &mut Fields<'n>, name: &'static str) -> Option<&'n Rc<Node>> {
        let node = self.optional(fields, name);
        if node.is_none() {
            let message = format!("{} needs the key `{name}`", fields.what);
            let given = fields.entries.iter().find(|(key, _)| key.name == name);
            let (span, help) = match given {
                Some((key, _)) => (key.span, format!("`{name}` has no value: give it one")),
                None => (fields.node.span, format!("add `{name}: …`")),
            };
            self.add(Finding::new(Code::MissingKey, span, message).help(help));
        }
        node
    }

    /// Finds the keys that nobody asked for.
    pub fn finish(&mut self, fields: Fields<'_>) {
        for (key, _) in fields.entries {
            if self.is_full() {
                return;
            }
            // An empty name is a key that was no text, which is a finding already.
            if key.name.is_empty() || fields.asked.iter().any(|asked| *asked == key.name) {
                continue;
            }
            let message = format!("{} has no key `{}`", fields.what, key.name);
            let help = match closest(&key.name, fields.asked.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it may have {}", listed(&fields.asked, "and")),
            };
            self.add(Finding::new(Code::UnknownKey, key.span, message).help(help));
        }
    }

    /// The entries of a mapping with names of the user's own.
    pub fn entries<'n>(&mut self, node: &'n Node, what: &str, of: &str) -> &'n [(Key, Rc<Node>)] {
        match node.entries() {
            Some(entries) => entries,
            None => {
                self.wrong_type(node, what, &format!("a mapping of {of}"), "write it as `name: …` lines");
                &[]
            }
        }
    }

    /// The items of a list.
    pub fn items<'n>(&mut self, node: &'n Node, what: &str, of: &str) -> &'n [Rc<Node>] {
        match &node.value {
            Value::List(items) => items,
            Value::Scalar { .. } | Value::Map(_) => {
                self.wrong_type(
                    node,
                    what,
                    &format!("a list of {of}"),
                    "write it as `- …` lines, or between `[` and `]`",
                );
                &[]
            }
        }
    }

    /// Text. A number or a truth without quotes is none.
    pub fn text(&mut self, node: &Node, what: &str) -> Option<Spanned<String>> {
        match &node.value {
            Value::Scalar { text, plain } if !plain || matches!(scalar_kind(text), ScalarKind::Text) => {
                Some(Spanned::new(text.clone(), node.span))
            }
            Value::Scalar { text, .. } if !node.is_null() => {
                self.wrong_type(node, what, "text", format!("put it between quotes: `\"{text}\"`"));
                None
            }
            _ => {
                self.wrong_type(node, what, "text", "write one text");
                None
            }
        }
    }

    /// Text as it was written, numbers and truths included: for what is text in AWS whatever it looks like.
    pub fn written(&mut self, node: &Node, what: &str) -> Option<Spanned<String>> {
        match node.scalar().filter(|_| !node.is_null()) {
            Some(text) => Some(Spanned::new(text.to_owned(), node.span)),
            None => {
                self.wrong_type(node, what, "text", "write one text");
                None
            }
        }
    }

    /// `true` or `false`.
    pub fn flag(&mut self, node: &Node, what: &str) -> Option<bool> {
        if let Value::Scalar { text, plain: true } = &node.value {
            match text.as_str() {
                "true" | "True" | "TRUE" => return Some(true),
                "false" | "False" | "FALSE" => return Some(false),
                _ => {}
            }
        }
        let help = match node.scalar().map(str::to_ascii_lowercase).as_deref() {
            Some("yes" | "on" | "true" | "enabled") => "write `true`",
            Some("no" | "off" | "false" | "disabled") => "write `false`",
            _ => "write one of the two, without quotes",
        };
        self.wrong_type(node, what, "`true` or `false`", help);
        None
    }

    /// A whole number in `range`, of `unit` (`MB`, `seconds`; empty for a count).
    pub fn whole(&mut self, node: &Node, what: &str, range: RangeInclusive<u32>, unit: &str) -> Option<u32> {
        let space = if unit.is_empty() { "" } else { " " };
        let extent = format!("it goes from {} to {}{space}{unit}", range.start(), range.end());
        let Value::Scalar { text, plain } = &node.value else {
            self.wrong_type(node, what, "a whole number", extent);
            return None;
        };
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            let help = match in_unit(text, unit) {
                Some(number) if range.contains(&number) => format!("write `{number}`: it is a number of {unit}"),
                _ => extent,
            };
            self.wrong_type(node, what, "a whole number", help);
            return None;
        }
        if !plain {
            self.wrong_type(node, what, "a whole number", format!("remove the quotes: `{text}`"));
            return None;
        }
        match text.parse::<u32>().ok().filter(|number| range.contains(number)) {
            Some(number) => Some(number),
            None => {
                let shown: String = text.chars().take(20).collect();
                let message = format!("{what} cannot be `{shown}`");
                self.add(Finding::new(Code::OutOfRange, node.span, message).help(extent));
                None
            }
        }
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&mut self, node: &Node, what: &str, choices: &[(&'static str, T)]) -> Option<T> {
        let text = self.written(node, what)?.value;
        if let Some((_, value)) = choices.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let words: Vec<&'static str> = choices.iter().map(|(word, _)| *word).collect();
        let help = match closest(&text, words.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it may be {}", listed(&words, "or")),
        };
        self.add(Finding::new(Code::WrongChoice, node.span, format!("{what} cannot be `{text}`")).help(help));
        None
    }

    /// Whatever it is, as JSON, by the rules of YAML's core schema. Text that looks like a secret is told.
    pub fn json(&mut self, node: &Node, what: &str) -> Json {
        match &node.value {
            Value::Map(entries) => {
                entries.iter().map(|(key, item)| (key.name.clone(), self.json(item, what))).collect()
            }
            Value::List(items) => items.iter().map(|item| self.json(item, what)).collect(),
            Value::Scalar { text, plain } => {
                if let Some(secret) = crate::secret::secret(text) {
                    let message = format!("{what} holds what looks like {secret}");
                    let help = "a config is kept and shown in the history: let the agent read the secret itself";
                    self.add(Finding::new(Code::Secret, node.span, message).help(help));
                }
                if *plain { plain_json(text) } else { Json::from(text.as_str()) }
            }
        }
    }

    /// A list of texts; a single text counts as a list of one.
    pub fn texts(&mut self, node: &Node, what: &str) -> Vec<Spanned<String>> {
        match &node.value {
            Value::Scalar { .. } => self.text(node, what).into_iter().collect(),
            Value::List(items) => items.iter().filter_map(|item| self.text(item, what)).collect(),
            Value::Map(_) => {
                self.wrong_type(
                    node,
                    what,
                    "text, or a list of texts",
                    "write it as `- …` lines, or between `[` and `]`",
                );
                Vec::new()
            }
        }
    }
}

/// Whatever it is, as JSON, by the rules of YAML's core schema.
pub fn json(node: &Node) -> Json {
    match &node.value {
        Value::Map(entries) => entries.iter().map(|(key, item)| (key.name.clone(), json(item))).collect(),
        Value::List(items) => items.iter().map(|item| json(item)).collect(),
        Value::Scalar { text, plain: true } => plain_json(text),
        Value::Scalar { text, plain: false } => Json::from(text.as_str()),
    }
}

/// A scalar without quotes as JSON; a number that JSON cannot hold stays text.
fn plain_json(text: &str) -> Json {
    let radix = |prefix, radix| u64::from_str_radix(text.strip_prefix(prefix)?, radix).ok().map(Json::from);
    match scalar_kind(text) {
        ScalarKind::Null => Json::Null,
        ScalarKind::Truth => Json::Bool(text.eq_ignore_ascii_case("true")),
        ScalarKind::Number => {
            let digits = text.strip_prefix('+').unwrap_or(text);
            let whole =
                || digits.parse::<i64>().map(Json::from).or_else(|_| digits.parse::<u64>().map(Json::from)).ok();
            let number = whole().or_else(|| radix("0x", 16)).or_else(|| radix("0o", 8));
            let float = || digits.parse::<f64>().ok().and_then(serde_json::Number::from_f64).map(Json::Number);
            number.or_else(float).unwrap_or_else(|| Json::from(text))
        }
        ScalarKind::Text => Json::from(text),
    }
}

enum ScalarKind {
    Null,
    Truth,
    Number,
    Text,
}

/// What a scalar without quotes is, in YAML's core schema.
fn scalar_kind(text: &str) -> ScalarKind {
    let is_number = || {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') && digits.parse::<f64>().is_ok()
            || digits.strip_prefix("0x").is_some_and(|hex| u64::from_str_radix(hex, 16).is_ok())
            || digits.strip_prefix("0o").is_some_and(|octal| u64::from_str_radix(octal, 8).is_ok())
    };
    match text {
        "" | "~" | "null" | "Null" | "NULL" => ScalarKind::Null,
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => ScalarKind::Truth,
        _ if is_number() => ScalarKind::Number,
        _ => ScalarKind::Text,
    }
}

/// What was found, for a message.
fn described(node: &Node) -> String {
    let shown = |text: &str| {
        let short: String = text.chars().take(40).collect();
        if short.len() < text.len() { format!("`{short}…`") } else { format!("`{short}`") }
    };
    if let Some(function) = node.function() {
        return format!("the function `{function}`");
    }
    match &node.value {
        Value::Map(_) => "a mapping".to_owned(),
        Value::List(_) => "a list".to_owned(),
        Value::Scalar { text, plain: false } => format!("the text {}", shown(text)),
        Value::Scalar { text, plain: true } => match scalar_kind(text) {
            ScalarKind::Null => "left empty".to_owned(),
            ScalarKind::Truth => format!("the truth value `{text}`"),
            ScalarKind::Number => format!("the number {}", shown(text)),
            ScalarKind::Text => format!("the text {}", shown(text)),
        },
    }
}

/// What a number with a unit of its own comes to in `unit`: `5m` is 300 seconds, `1GB` 1024 MB. None where the two have nothing to
/// do with each other.
fn in_unit(text: &str, unit: &str) -> Option<u32> {
    let digits = text.len() - text.trim_start_matches(|one: char| one.is_ascii_digit()).len();
    let (number, own) = text.split_at_checked(digits)?;
    let own = own.trim().to_lowercase();
    let times = match (unit, own.as_str()) {
        ("seconds", "s" | "sec" | "secs" | "second" | "seconds") => 1,
        ("seconds", "m" | "min" | "mins" | "minute" | "minutes") => 60,
        ("seconds", "h" | "hour" | "hours") => 3600,
        ("minutes", "m" | "min" | "mins" | "minute" | "minutes") => 1,
        ("minutes", "h" | "hour" | "hours") => 60,
        ("days", "d" | "day" | "days") => 1,
        ("days", "w" | "week" | "weeks") => 7,
        ("MB", "m" | "mb" | "mib") => 1,
        ("MB", "g" | "gb" | "gib") => 1024,
        _ => return None,
    };
    number.parse::<u32>().ok()?.checked_mul(times)
}

/// The words, each in backticks, with the conjunction before the last.
pub fn listed(words: &[&str], conjunction: &str) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [most @ .., last] => format!("{} {conjunction} {last}", most.join(", ")),
    }
}

/// The word that `given` was probably meant to be.
pub fn closest<'w>(given: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    // A stranger's name may be long; comparing is quadratic.
    if given.len() > 100 {
        return None;
    }
    let given = given.to_lowercase();
    let words = words.into_iter().take(500);
    let mut best: Option<(f64, &str)> = None;
    for word in words {
        let lower = word.to_lowercase();
        let same = given.chars().zip(lower.chars()).take_while(|(a, b)| a == b).count();
        // Of two that are alike, the one that begins alike for longer.
        let likeness = strsim::jaro_winkler(&given, &lower) + f64::from(u8::try_from(same).unwrap_or(u8::MAX)) / 1000.0;
        let is_slip = strsim::osa_distance(&given, &lower) <= 1 && given.len() > 2;
        if (likeness > 0.85 || is_slip) && best.is_none_or(|(least, _)| likeness > least) {
            best = Some((likeness, word));
        }
    }
    best.map(|(_, word)| word)
}
