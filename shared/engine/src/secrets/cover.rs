//! Covering: whatever AWS and providers say, with the references where the values of secrets stood.

use std::collections::{BTreeMap, BTreeSet};

use model::{CallError, Observed, PhysicalId, Properties};
use serde_json::Value;

use super::reference::{handle_of, is_fed_text, reference_to_handle};
use crate::ports::Secret;

/// What stands for a value that a secret fed and that is not what the secret is now: it was changed on one side or the other.
pub(super) const CHANGED: &str = "{{changed}}";
/// From how many characters on a value is looked for within other text. A shorter one stands in any text by chance.
const TELLING: usize = 4;
/// How many bytes of a value in a row give it away.
const PART: usize = 10;

/// The secrets that a resource is fed by: value and reference.
#[derive(Debug, Default)]
pub(super) struct Cover {
    /// Longest value first, so that one within another is not taken for it.
    known: Vec<(Secret, String)>,
    /// Wait condition handles, by what each is called. Every address of one has that in it, and each is another.
    handles: Vec<(String, String)>,
}

impl Cover {
    /// One of these secrets, by reference as it is written.
    pub(super) fn new(known: &BTreeMap<String, Secret>) -> Self {
        let handles =
            known.keys().filter_map(|written| Some((handle_of(written)?.to_owned(), written.clone()))).collect();
        let secrets = known.iter().filter(|(written, _)| handle_of(written).is_none());
        let mut known: Vec<_> = secrets.flat_map(|(written, secret)| forms(secret, written)).collect();
        known.sort_by_key(|(secret, _)| std::cmp::Reverse(secret.reveal().len()));
        Self { known, handles }
    }

    /// Whether a text holds a secret, or an address of a handle.
    pub(super) fn holds(&self, text: &str) -> bool {
        self.handles.iter().any(|(id, written)| without_address(text, id, written) != text)
            || self.telling().any(|(secret, _)| text.contains(secret.reveal()))
    }

    /// What is shown of a name that is somebody else's.
    pub(super) fn id(&self, id: PhysicalId) -> PhysicalId {
        PhysicalId(self.text(id.as_str()))
    }

    fn telling(&self) -> impl Iterator<Item = &(Secret, String)> {
        self.known.iter().filter(|(secret, _)| secret.reveal().chars().count() >= TELLING)
    }

    /// A text with each value replaced by its reference.
    fn text(&self, text: &str) -> String {
        if let Some((_, written)) = self.known.iter().find(|(secret, _)| secret.reveal() == text) {
            return written.clone();
        }
        let handles = self.handles.iter();
        let text = handles.fold(text.to_owned(), |text, (id, written)| without_address(&text, id, written));
        self.telling().fold(text, |text, (secret, written)| text.replace(secret.reveal(), written))
    }

    fn tree(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.tree(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.tree(field)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Attributes, which may repeat what was sent.
    pub(super) fn attributes(&self, mut attributes: BTreeMap<String, Value>) -> BTreeMap<String, Value> {
        attributes.values_mut().for_each(|value| self.tree(value));
        attributes
    }

    /// An error, or what AWS gives as a reason: a value too short to be found for sure costs the whole text, and so does a part
    /// of one, because AWS cuts what it repeats.
    pub(super) fn message(&self, text: &str) -> String {
        let covered = self.text(text);
        let is_short = |secret: &Secret| !secret.reveal().is_empty() && secret.reveal().chars().count() < TELLING;
        let holds =
            |secret: &Secret| is_short(secret) && covered.contains(secret.reveal()) || has_part(&covered, secret);
        match self.known.iter().find(|(secret, _)| holds(secret)) {
            Some((_, written)) => format!("what AWS said may hold the value of `{written}`, and is left out"),
            None => covered,
        }
    }

    pub(super) fn error(&self, error: CallError) -> CallError {
        CallError { message: self.message(&error.message), ..error }
    }

    /// What AWS shows of a resource of which any of `stood` may stand. A text that a secret fed shows as it was sent, where that
    /// is what it comes to, and else as [`CHANGED`]; so does that text wherever else it stands.
    pub(super) fn observed<'p>(&self, observed: Observed, stood: impl Iterator<Item = &'p Properties>) -> Observed {
        let mut properties = observed.properties.to_value();
        let mut others = BTreeSet::new();
        let stood: Vec<Value> = stood.map(Properties::to_value).collect();
        self.against(&stood.iter().collect::<Vec<_>>(), &mut properties, &mut others);
        let mut attributes = self.attributes(observed.attributes);
        for value in attributes.values_mut().chain([&mut properties]) {
            without(&others, value);
        }
        let physical_id = self.id(observed.physical_id);
        Observed { physical_id, attributes, properties: model::properties(properties), ..observed }
    }

    /// Covers `shown`, for which any of `sent` was sent: the items of a list may come back in another order.
    fn against(&self, sent: &[&Value], shown: &mut Value, others: &mut BTreeSet<String>) {
        let texts: Vec<&str> = sent.iter().filter_map(|value| value.as_str()).collect();
        let is_text_fed = texts.iter().any(|text| is_covered_text(text));
        match shown {
            Value::Object(fields) if !is_text_fed => {
                for (name, field) in fields {
                    let sent: Vec<&Value> = sent.iter().filter_map(|value| value.get(name)).collect();
                    self.against(&sent, field, others);
                }
            }
            Value::Array(items) if !is_text_fed => {
                let sent: Vec<&Value> = sent.iter().filter_map(|value| value.as_array()).flatten().collect();
                items.iter_mut().for_each(|item| self.against(&sent, item, others));
            }
            Value::String(text) => {
                let covered = self.text(text);
                // A document that was sent as a tree may come back as text.
                let is_fed = is_text_fed || sent.iter().any(|value| !value.is_string() && is_covered(value));
                if texts.contains(&text.as_str()) {
                    // It stands in the config as it is.
                } else if !is_fed || texts.contains(&covered.as_str()) {
                    *text = covered;
                } else {
                    others.insert(std::mem::replace(text, CHANGED.to_owned()));
                }
            }
            Value::Null => {}
            Value::Object(_) | Value::Array(_) | Value::Bool(_) | Value::Number(_) => {
                if sent.iter().any(|value| is_covered(value)) {
                    *shown = Value::String(CHANGED.to_owned());
                }
            }
        }
    }
}

/// Whether a secret feeds a value, or once did.
pub(super) fn is_covered(value: &Value) -> bool {
    match value {
        Value::String(text) => is_covered_text(text),
        Value::Array(items) => items.iter().any(is_covered),
        Value::Object(fields) => fields.values().any(is_covered),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn is_covered_text(text: &str) -> bool {
    text == CHANGED || is_fed_text(text)
}

/// Whether a text holds a part of a secret that tells it.
fn has_part(text: &str, secret: &Secret) -> bool {
    let parts: BTreeSet<&[u8]> = secret.reveal().as_bytes().windows(PART).collect();
    text.as_bytes().windows(PART).any(|part| parts.contains(part))
}

/// A text with a reference in place of every address of the wait condition handle that is called `id`.
pub fn without_addresses(text: &str, id: &str) -> String {
    without_address(text, id, &reference_to_handle(id))
}

/// A text with the reference in place of every address of the handle `id`: from `http` to where no address goes on. Part of one
/// is an address, too.
fn without_address(text: &str, id: &str, written: &str) -> String {
    let mut covered = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(id) {
        let (before, after) = rest.split_at(at);
        let begin = before.rfind(|letter| !is_of_address(letter)).map_or(0, |last| last + width(before, last));
        let run = before.get(begin..).unwrap_or_default();
        let is_reference = before.get(..begin).is_some_and(|head| head.ends_with("{{")) && run.starts_with("resolve:");
        let mut end = after.find(|letter| !is_of_address(letter)).unwrap_or(after.len());
        // JSON may write `&` by its number.
        while let Some(more) = after.get(end..).and_then(|tail| tail.strip_prefix("\\u0026")) {
            let next = more.find(|letter| !is_of_address(letter)).unwrap_or(more.len());
            end = after.len() - more.len() + next;
        }
        if is_reference {
            covered.push_str(before);
            covered.push_str(after.get(..end).unwrap_or_default());
        } else {
            let scheme = run.rfind("http").map_or(begin, |scheme| begin + scheme);
            covered.push_str(before.get(..scheme).unwrap_or_default());
            covered.push_str(written);
        }
        rest = after.get(end..).unwrap_or_default();
    }
    covered.push_str(rest);
    covered
}

fn width(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
}

/// Whether a letter may stand in an address, also where that is written in XML or with percent signs.
fn is_of_address(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "%&=._~+/-:;?#".contains(letter)
}

/// A value as it is, and as it stands in a JSON text, where that is another.
fn forms(secret: &Secret, written: &str) -> Vec<(Secret, String)> {
    let quoted = Value::String(secret.reveal().to_owned()).to_string();
    let escaped = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default();
    let other = (escaped != secret.reveal()).then(|| (Secret::new(escaped), written.to_owned()));
    [(secret.clone(), written.to_owned())]
        .into_iter()
        .chain(other)
        .filter(|(one, _)| !one.reveal().is_empty())
        .collect()
}

/// Takes what a secret was before, or what somebody made of it, out of a value.
fn without(others: &BTreeSet<String>, value: &mut Value) {
    match value {
        Value::String(text) => {
            let holds = |other: &String| text == other || (other.chars().count() >= TELLING && text.contains(other));
            if others.iter().any(holds) {
                *text = CHANGED.to_owned();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| without(others, item)),
        Value::Object(fields) => fields.values_mut().for_each(|field| without(others, field)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::reference_to_handle;
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn every_address_of_a_handle_is_covered_however_it_is_written() {
        let written = reference_to_handle(ID);
        let cover = Cover::new(&BTreeMap::from([(written.clone(), Secret::new(""))]));
        let begin = format!("https://bucket.s3.eu-west-1.amazonaws.com/custom/shop/dev/signals/{ID}.json");
        let query = ["X-Amz-Credential=A%2F1", "X-Amz-Security-Token=b%2B=", "X-Amz-Signature=5e", "x-id=PutObject"];
        let plain = format!("{begin}?{}", query.join("&"));
        let json = format!("{begin}?{}", query.join("\\u0026"));
        let xml = format!("{begin}?{}", query.join("&amp;"));
        let percent = plain.replace('%', "%25").replace('/', "%2F").replace('?', "%3F").replace('&', "%26");
        for address in [&plain, &json, &xml, &percent, &begin] {
            assert_eq!(cover.text(address), written, "{address}");
            let text = format!("curl -T a \"{address}\" and ADDRESS={address} é{address}é");
            let expected = format!("curl -T a \"{written}\" and ADDRESS={written} é{written}é");
            assert_eq!(cover.text(&text), expected, "{address}");
            assert!(cover.holds(address));
        }
        let sent = format!("{{\"At\":\"{written}\"}} {written}{written}");
        assert_eq!(cover.text(&sent), sent, "a reference stays what it is");
        assert!(!cover.holds(&sent));
        assert!(cover.text("nothing of it").contains("nothing"));
    }
}
