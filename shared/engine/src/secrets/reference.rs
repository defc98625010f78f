//! References to secrets in texts: `{{resolve:ssm-secure:…}}`, `{{resolve:secretsmanager:…}}`, and those that the engine makes itself,
//! to the addresses of wait condition handles.

use serde_json::Value;

use crate::ports::SecretReference;

const BEGIN: &str = "{{resolve:";
const END: &str = "}}";
const HANDLE: &str = "{{resolve:strandline-handle:";

/// A text, in parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'t> {
    /// What stands as it is.
    Plain(&'t str),
    /// What a secret stands for, with the reference as it is written.
    Secret(&'t str, SecretReference),
}

/// The parts of a text. What is no reference to a secret is plain, whatever it looks like.
pub(super) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut plain, mut at) = (0, 0);
    while let Some(begin) = text.get(at..).and_then(|rest| rest.find(BEGIN)).map(|found| at + found) {
        let inner = begin + BEGIN.len();
        let Some(end) = text.get(inner..).and_then(|rest| rest.find(END)).map(|found| inner + found) else { break };
        let past = end + END.len();
        if let (Some(reference), Some(whole)) = (text.get(inner..end).and_then(parse), text.get(begin..past)) {
            parts.extend(text.get(plain..begin).filter(|text| !text.is_empty()).map(Part::Plain));
            parts.push(Part::Secret(whole, reference));
            plain = past;
        }
        at = past;
    }
    parts.extend(text.get(plain..).filter(|text| !text.is_empty()).map(Part::Plain));
    parts
}

/// Whether a secret stands anywhere in a value.
pub(crate) fn is_fed(value: &Value) -> bool {
    match value {
        Value::String(text) => is_fed_text(text),
        Value::Array(items) => items.iter().any(is_fed),
        Value::Object(fields) => fields.values().any(is_fed),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether a secret stands in a text.
pub(super) fn is_fed_text(text: &str) -> bool {
    text.contains(BEGIN) && parts(text).iter().any(|part| matches!(part, Part::Secret(..)))
}

fn parse(inner: &str) -> Option<SecretReference> {
    match inner.split_once(':')? {
        ("ssm-secure", key) => {
            let (name, version) = match key.split_once(':') {
                Some((name, version)) => (name, Some(version.parse().ok()?)),
                None => (key, None),
            };
            (!name.is_empty()).then(|| SecretReference::Parameter { name: name.to_owned(), version })
        }
        ("secretsmanager", key) => managed(key),
        ("strandline-handle", id) => is_handle(id).then(|| SecretReference::Handle { id: id.to_owned() }),
        _ => None,
    }
}

/// How the address of a wait condition handle is referred to. `id` is what the handle is called: 32 hexadecimal digits.
pub fn reference_to_handle(id: &str) -> String {
    format!("{HANDLE}{id}{END}")
}

/// What the handle is called to whose address `text` refers, and to nothing else.
pub fn handle_of(text: &str) -> Option<&str> {
    text.strip_prefix(HANDLE)?.strip_suffix(END).filter(|id| is_handle(id))
}

fn is_handle(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn managed(key: &str) -> Option<SecretReference> {
    // An ARN is the first seven of the parts.
    let of_id = if key.starts_with("arn:") { 7 } else { 1 };
    let all: Vec<&str> = key.split(':').collect();
    let (id, rest) = all.split_at_checked(of_id)?;
    let id = id.join(":");
    let part = |at: usize| rest.get(at).filter(|text| !text.is_empty()).map(|text| (*text).to_owned());
    let is_text = matches!(rest.first(), None | Some(&("SecretString" | "")));
    let is_right = !id.is_empty() && is_text && rest.len() <= 4;
    is_right.then(|| SecretReference::Managed { id, key: part(1), stage: part(2), version: part(3) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn only(text: &str) -> Option<SecretReference> {
        match parts(text).as_slice() {
            [Part::Secret(whole, reference)] if *whole == text => Some(reference.clone()),
            _ => None,
        }
    }

    fn managed(id: &str, key: Option<&str>, stage: Option<&str>, version: Option<&str>) -> Option<SecretReference> {
        let own = |text: Option<&str>| text.map(str::to_owned);
        Some(SecretReference::Managed { id: id.to_owned(), key: own(key), stage: own(stage), version: own(version) })
    }

    #[test]
    fn each_form_that_cloudformation_documents_is_understood() {
        let parameter = |name: &str, version| Some(SecretReference::Parameter { name: name.to_owned(), version });
        assert_eq!(only("{{resolve:ssm-secure:/shop/dev/key}}"), parameter("/shop/dev/key", None));
        assert_eq!(only("{{resolve:ssm-secure:key:3}}"), parameter("key", Some(3)));
        assert_eq!(only("{{resolve:secretsmanager:db}}"), managed("db", None, None, None));
        assert_eq!(only("{{resolve:secretsmanager:db:SecretString}}"), managed("db", None, None, None));
        let whole = only("{{resolve:secretsmanager:db:SecretString:user:AWSPREVIOUS:}}");
        assert_eq!(whole, managed("db", Some("user"), Some("AWSPREVIOUS"), None));
        assert_eq!(only("{{resolve:secretsmanager:db:SecretString:::v-1}}"), managed("db", None, None, Some("v-1")));
        let arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:db-AbCdEf";
        let written = format!("{{{{resolve:secretsmanager:{arn}:SecretString:user::}}}}");
        assert_eq!(only(&written), managed(arn, Some("user"), None, None));
    }

    #[test]
    fn a_handle_is_referred_to_by_what_it_is_called_and_by_nothing_else() {
        let id = "0123456789abcdef0123456789abcdef";
        let written = reference_to_handle(id);
        assert_eq!(handle_of(&written), Some(id));
        assert_eq!(only(&written), Some(SecretReference::Handle { id: id.to_owned() }));
        for other in ["../../other", "0123", &id.to_uppercase(), &format!("{id}0")] {
            assert_eq!((handle_of(&reference_to_handle(other)), only(&reference_to_handle(other))), (None, None));
        }
        assert_eq!(handle_of(&format!("{written}/x")), None);
    }

    #[test]
    fn a_reference_is_found_within_a_text_and_what_is_none_is_left() {
        let text = "a {{resolve:ssm:/plain}} b{{resolve:ssm-secure:k}}{{resolve:secretsmanager:s}} {{resolve:";
        let found = parts(text);
        let shown: Vec<&str> = found
            .iter()
            .map(|part| match part {
                Part::Plain(text) | Part::Secret(text, _) => *text,
            })
            .collect();
        let expected =
            ["a {{resolve:ssm:/plain}} b", "{{resolve:ssm-secure:k}}", "{{resolve:secretsmanager:s}}", " {{resolve:"];
        assert_eq!(shown, expected);
        assert_eq!(shown.concat(), text);
        assert!(!is_fed(&json!({ "A": ["{{resolve:ssm:/plain}}", "}}{{", 1] })));
        assert!(is_fed(&json!({ "A": [{ "B": "x{{resolve:ssm-secure:k}}" }] })));
    }
}
