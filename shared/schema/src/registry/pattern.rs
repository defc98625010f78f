//! The patterns of the schemas, which are written for several engines of regular expressions at once, on one that always
//! ends in time.

use std::sync::OnceLock;

use regex_lite::{Regex, RegexBuilder};

/// The longest text that is matched, in bytes.
const LONGEST: usize = 4 << 10;
/// The largest that a pattern may become, in bytes.
const LARGEST: usize = 1 << 20;

/// A pattern, made ready when it is first asked.
#[derive(Debug)]
pub struct Pattern {
    text: Box<str>,
    /// The most that it repeats something.
    repeats: usize,
    ready: OnceLock<Option<Ready>>,
}

/// What a pattern asks for.
#[derive(Debug)]
struct Ready {
    /// The text is matched by this,
    matched: Regex,
    /// and from its beginning by these, or not by them.
    ahead: Vec<(bool, Regex)>,
}

impl Pattern {
    /// A pattern of that text; whether it can be taken is told by [`Pattern::works`].
    pub fn new(text: &str) -> Self {
        let counts = text.split(['{', ',']).filter_map(|part| part.split_once('}')?.0.parse().ok());
        Self { text: text.into(), repeats: counts.max().unwrap_or(0), ready: OnceLock::new() }
    }

    /// What matching a text takes at most, in an arbitrary unit: for each letter, one step for each of what it repeats, up to
    /// as many as there were letters before.
    pub(super) fn cost(&self, text: &str) -> usize {
        let length = text.len().min(LONGEST);
        length / 64 + length * length.min(self.repeats) / 256
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether texts can be held against it.
    pub fn works(&self) -> bool {
        self.ready().is_some()
    }

    /// Whether it is found in a text; none where that cannot be told.
    pub fn matches(&self, text: &str) -> Option<bool> {
        if text.len() > LONGEST {
            return None;
        }
        let ready = self.ready()?;
        let ahead = ready.ahead.iter().all(|(wanted, pattern)| pattern.is_match(text) == *wanted);
        Some(ahead && ready.matched.is_match(text))
    }

    fn ready(&self) -> Option<&Ready> {
        self.ready.get_or_init(|| Ready::new(&self.text)).as_ref()
    }
}

impl Ready {
    fn new(text: &str) -> Option<Self> {
        // Nothing at all follows: the end.
        let text = text.replace("(?![\\s\\S])", "\\z");
        let (ahead, rest) = split(&text);
        let ahead = ahead.into_iter().map(|(wanted, text)| Some((wanted, compiled(&format!("^(?:{text})"))?)));
        Some(Self { ahead: ahead.collect::<Option<_>>()?, matched: compiled(&rest)? })
    }
}

fn compiled(text: &str) -> Option<Regex> {
    RegexBuilder::new(&translated(text)?).size_limit(LARGEST).build().ok()
}

/// What a pattern that is anchored at its beginning looks for ahead of everything else (`^(?!aws:)…`), and the pattern without
/// that. Looking around elsewhere stays in it, and makes it one that cannot be taken.
fn split(text: &str) -> (Vec<(bool, String)>, String) {
    let anchor = ["^", "\\A"].into_iter().find(|anchor| text.starts_with(anchor)).unwrap_or("");
    let mut rest = text.strip_prefix(anchor).unwrap_or(text);
    // Parentheses around all of it change nothing.
    if let Some(inner) = rest.strip_suffix("$").unwrap_or(rest).strip_prefix('(')
        && (inner.starts_with("(?!") || inner.starts_with("(?="))
        && closing(inner) == Some(inner.len() - 1)
    {
        let inner = inner.strip_suffix(')').unwrap_or(inner);
        let whole = format!("{anchor}{inner}{}", if rest.ends_with('$') { "$" } else { "" });
        if alternatives(inner) {
            return (Vec::new(), text.to_owned());
        }
        return split(&whole);
    }
    let mut ahead = Vec::new();
    while let Some((wanted, inner)) = rest
        .strip_prefix("(?!")
        .map(|inner| (false, inner))
        .or_else(|| rest.strip_prefix("(?=").map(|inner| (true, inner)))
        && let Some((inner, after)) = closing(inner).and_then(|end| Some((inner.get(..end)?, inner.get(end + 1..)?)))
    {
        ahead.push((wanted, inner.to_owned()));
        rest = after;
    }
    if anchor.is_empty() || ahead.is_empty() || alternatives(rest) {
        return (Vec::new(), text.to_owned());
    }
    (ahead, format!("^{rest}"))
}

/// Where the parenthesis is closed that was opened before `text`.
fn closing(text: &str) -> Option<usize> {
    at_depth_zero(text, ')')
}

/// Whether there are alternatives outside all parentheses.
fn alternatives(text: &str) -> bool {
    at_depth_zero(text, '|').is_some()
}

/// The first place of `wanted` outside all parentheses and classes.
fn at_depth_zero(text: &str, wanted: char) -> Option<usize> {
    let (mut depth, mut class, mut escaped) = (0_usize, false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ']' => class = false,
            _ if class => {}
            '[' => class = true,
            _ if letter == wanted && depth == 0 => return Some(at),
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    None
}

/// A pattern in the engine's words: classes of Unicode become ranges of ASCII and everything beyond it, as no schema tells
/// letters beyond ASCII apart from each other.
fn translated(text: &str) -> Option<String> {
    let mut result = String::with_capacity(text.len() + 16);
    let mut rest = text;
    // Within a class: whether it is negated.
    let mut class: Option<bool> = None;
    while let Some(letter) = rest.chars().next() {
        let after = rest.get(letter.len_utf8()..)?;
        match (letter, class) {
            ('\\', _) => {
                rest = escape(after, class, &mut result)?;
                continue;
            }
            ('[', None) => {
                let negated = after.starts_with('^');
                class = Some(negated);
                result.push_str(if negated { "[^" } else { "[" });
                rest = after.strip_prefix('^').unwrap_or(after);
                continue;
            }
            ('[', Some(_)) if !after.starts_with(':') => result.push_str("\\["),
            (']', Some(_)) => {
                class = None;
                result.push(']');
            }
            // What both sides of it have: only Java knows that.
            ('&', Some(_)) if after.starts_with("&[") => return None,
            ('&' | '~', Some(_)) => {
                result.push('\\');
                result.push(letter);
            }
            _ => result.push(letter),
        }
        rest = after;
    }
    Some(result)
}

/// What follows a backslash; returns what comes after it.
fn escape<'t>(text: &'t str, class: Option<bool>, result: &mut String) -> Option<&'t str> {
    let letter = text.chars().next()?;
    let after = text.get(letter.len_utf8()..)?;
    let rest = match letter {
        'Z' if class.is_none() => {
            result.push_str("\\z");
            return Some(after);
        }
        'u' if hexadecimal(after).is_some() => return unit(after, class, result),
        'p' | 'P' => {
            let (name, rest) = match after.strip_prefix('{') {
                Some(named) => named.split_once('}')?,
                None => after.split_at_checked(1)?,
            };
            let ranges = category(name, letter == 'P', class == Some(true))?;
            match class {
                Some(_) => result.push_str(&ranges),
                None => result.push_str(&format!("[{ranges}]")),
            }
            rest
        }
        _ => {
            result.push('\\');
            result.push(letter);
            after
        }
    };
    // After a class of letters a hyphen stands for itself.
    let set = matches!(letter, 'p' | 'P' | 'w' | 'W' | 'd' | 'D' | 's' | 'S');
    if set && class.is_some() && rest.starts_with('-') && !rest.starts_with("-]") {
        result.push_str("\\-");
        return rest.get(1..);
    }
    Some(rest)
}

/// Four hexadecimal digits, or half a pair: such patterns mean whatever needs two of them.
fn unit<'t>(text: &'t str, class: Option<bool>, result: &mut String) -> Option<&'t str> {
    let (unit, rest) = (hexadecimal(text)?, text.get(4..)?);
    if !(0xD800..=0xDFFF).contains(&unit) {
        result.push_str(&format!("\\x{{{unit:X}}}"));
        return Some(rest);
    }
    class?;
    result.push_str("\\x{10000}-\\x{10FFFF}");
    let range = rest.strip_prefix("-\\u").filter(|end| hexadecimal(end).is_some());
    Some(range.and_then(|end| end.get(4..)).unwrap_or(rest))
}

fn hexadecimal(text: &str) -> Option<u32> {
    u32::from_str_radix(text.get(..4)?, 16).ok()
}

/// The ranges of a category of Unicode, or of Java's. In a negated class nothing beyond ASCII belongs to it, so that what
/// is not known is allowed either way.
fn category(name: &str, negated: bool, within_negated: bool) -> Option<String> {
    const BEYOND: &str = "\\x{80}-\\x{10FFFF}";
    let (ascii, beyond) = match (name, negated) {
        ("L", false) => ("A-Za-z", true),
        ("Lu", false) => ("A-Z", true),
        ("Ll", false) => ("a-z", true),
        ("N" | "Nd", false) => ("0-9", true),
        ("Z" | "Zs", false) => (" ", true),
        ("S", false) => ("$+<=>\\^`|\\~", true),
        ("P", false) => ("!\"#%\\&'()*,\\-./:;?@\\[\\\\\\]_{}", true),
        ("M" | "Cf", false) => ("", true),
        ("C" | "Cc", false) => ("\\x00-\\x1F\\x7F", false),
        ("C" | "Cc", true) => (" -\\x7E", true),
        ("M", true) => ("\\x00-\\x7F", true),
        ("ASCII", false) => ("\\x00-\\x7F", false),
        ("Print", false) => (" -\\x7E", false),
        ("Graph", false) => ("!-\\x7E", false),
        ("Alnum", false) => ("A-Za-z0-9", false),
        ("Alpha", false) => ("A-Za-z", false),
        ("Digit", false) => ("0-9", false),
        _ => return None,
    };
    Some(format!("{ascii}{}", if beyond && !within_negated { BEYOND } else { "" }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, matching: &[&str], others: &[&str]) {
        let pattern = Pattern::new(pattern);
        for text in matching {
            assert_eq!(pattern.matches(text), Some(true), "`{text}` and `{}`", pattern.text());
        }
        for text in others {
            assert_eq!(pattern.matches(text), Some(false), "`{text}` and `{}`", pattern.text());
        }
    }

    #[test]
    fn classes_of_unicode_allow_whatever_is_beyond_ascii() {
        check(r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$", &["", "a b/c=1", "größe", "名前"], &["a;b", "a!"]);
        check(r"^[^\p{C}]+$", &["a ~", "ä"], &["a\tb", ""]);
        check(r"^\P{C}*$", &["", "ab"], &["a\u{1}"]);
        check(r"^[^_\p{Z}]$", &["a", "é"], &["_", " "]);
        check(r"^[\p{Graph}\x20]*$", &["a b"], &["a\n", "é"]);
    }

    #[test]
    fn words_of_other_engines_are_translated() {
        check(r"\A[0-9a-zA-Z-_]+\Z", &["a-b_c"], &["a b", "a\n"]);
        check(r"^[\w-.]+$", &["a-b.c"], &["a b"]);
        check(r"^[\s-_()]+$", &[" -_("], &["a"]);
        check(r"^([a-z,@[\]+=&;]*)$", &["[a]&"], &["A"]);
        check(r"^[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*$", &["a b\t", "\u{1F600}"], &["\u{1}"]);
        check(r"^\u0041$", &["A"], &["B"]);
        check(r"^[A-Z]+(?![\s\S])", &["AB"], &["ABc", "A\n"]);
    }

    #[test]
    fn what_is_looked_for_ahead_of_all_else_is_looked_for() {
        check(r"^(?!aws:)[a-zA-Z+-=._:/]+$", &["a:b", "awsome"], &["aws:a", "a b"]);
        check(r"^((?!aws:)[\p{L}_.:/=+\-@]*)$", &["", "a:b"], &["aws:a", "a!"]);
        check(r"^(?=^[a-z0-9-]+$).{3,64}$", &["abc"], &["ab", "ABC"]);
        check(r"^(?!-)(?!.*--)[a-z-]+$", &["a-b"], &["-a", "a--b", "A"]);
        check(r"^(?!\s*$).+", &["a"], &["", "  "]);
    }

    #[test]
    fn what_cannot_be_taken_refuses_nothing() {
        for pattern in [
            r"^[0-9a-z.-]*(?<!\.)$",
            r"^(?!a)b|c$",
            r"(a)\1",
            r"^[\p{Print}&&[^|:/]]+$",
            r"^.{1,65535}$",
            r"(?!^a$)b",
            "(",
        ] {
            let pattern = Pattern::new(pattern);
            assert!(!pattern.works(), "`{}`", pattern.text());
            assert_eq!(pattern.matches("anything"), None);
        }
        assert_eq!(Pattern::new("^a*$").matches(&"a".repeat(LONGEST + 1)), None);
    }

    #[test]
    fn what_repeats_much_costs_more() {
        let cost = |pattern: &str, length| Pattern::new(pattern).cost(&"a".repeat(length));
        assert_eq!(cost("^[a-z]+$", 640), 10);
        assert_eq!(cost("^[a-z]{1,2048}$", 64), 17);
        assert_eq!(cost("[0-9]{12}:[a-z]{1,2048}/", 1024), 16 + 4096);
        assert_eq!(cost("a", usize::from(u16::MAX)), LONGEST / 64);
    }
}
