//! How what cannot carry tags is recognised: a mark in a text of its own, in a parent that carries the engine's tags.

use model::{Ownership, ResourceKey, Stamp};

use crate::tags::{Tags, ownership};

/// What every mark begins with.
pub const PREFIX: &str = "strandline ";

/// The mark of one incarnation: `strandline shared/Orders@1`.
pub fn mark(key: &ResourceKey) -> String {
    format!("{PREFIX}{key}")
}

/// A user's text with the mark behind it, in brackets.
pub fn marked(text: Option<&str>, key: &ResourceKey) -> String {
    match text {
        Some(text) if !text.is_empty() => format!("{text} [{}]", mark(key)),
        _ => format!("[{}]", mark(key)),
    }
}

/// Whether `text` carries the mark of this incarnation.
pub fn bears(text: Option<&str>, key: &ResourceKey) -> bool {
    text.is_some_and(|text| text.ends_with(&format!("[{}]", mark(key))))
}

/// A user's part of a marked text; none where there is none.
pub fn unmarked(text: Option<&str>) -> Option<&str> {
    let text = text?;
    let users = match text.rfind(&format!("[{PREFIX}")) {
        Some(at) if text.ends_with(']') => text.get(..at)?.trim_end(),
        _ => text,
    };
    (!users.is_empty()).then_some(users)
}

/// Whether a parent with these tags belongs to the same installation, project and environment.
pub fn is_of_installation(tags: &Tags, stamp: &Stamp) -> bool {
    match ownership(tags) {
        Ownership::Tagged { engine, scope, .. } => {
            engine == stamp.engine && scope.as_deref() == Some(stamp.scope.as_str())
        }
        Ownership::Foreign => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_stands_behind_the_users_text_and_comes_off_again() {
        let key: ResourceKey = "support/Integration@2".parse().unwrap();
        let text = marked(Some("calls support [v2]"), &key);
        assert_eq!(text, "calls support [v2] [strandline support/Integration@2]");
        assert!(bears(Some(&text), &key));
        assert!(!bears(Some(&text), &"support/Integration@1".parse().unwrap()));
        assert_eq!(unmarked(Some(&text)), Some("calls support [v2]"));
        assert_eq!(unmarked(Some(&marked(None, &key))), None);
        assert_eq!(unmarked(Some("plain")), Some("plain"));
        assert_eq!(unmarked(None), None);
    }
}
