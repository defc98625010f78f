//! What somebody asks for in a few lines of JSON, read with every error at once: a way back. Whoever writes it is as hostile
//! as whoever uploads a bundle.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use model::id::is_stack_name;
use model::{Refusal, ResourceAddress, Revision, Rollback, Scope, Target};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::examine::refusal;

/// The largest `rollback.json`, in bytes.
pub(crate) const MOST_BYTES: u64 = 64 * 1024;

/// How many characters of somebody's text a message repeats.
const SHOWN: usize = 60;

/// What a `rollback.json` asks for.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn file(bytes: &[u8]) -> Result<Rollback, Vec<Refusal>> {
    let Members(members) = serde_json::from_slice(bytes).map_err(|error| {
        let help = "write an object: `{\"to\": \"previous\"}`, or a number in place of `\"previous\"`";
        let what = refusal("intake::not-json", format!("`rollback.json` is not an object of JSON: {error}"), help);
        let place = |number: usize| (number > 0).then_some(number);
        let file = Some("rollback.json".to_owned());
        vec![Refusal { file, line: place(error.line()), column: place(error.column()), ..what }]
    })?;
    let mut asked = Asked::new(members, "a rollback");
    let rollback = asked.rollback();
    asked.finish(rollback)
}

/// Members of an object, to be taken out one by one, and what is wrong with them.
pub(crate) struct Asked {
    members: BTreeMap<String, Value>,
    what: &'static str,
    known: Vec<&'static str>,
    pub(crate) refusals: Vec<Refusal>,
}

impl Asked {
    /// Of an object that is `what`, in words.
    pub(crate) fn new(members: Vec<(String, Value)>, what: &'static str) -> Self {
        let mut all = BTreeMap::new();
        let mut refusals = Vec::new();
        for (key, value) in members {
            if all.contains_key(&key) {
                let message = format!("`{}` is named twice", shown(&key));
                refusals.push(refusal("intake::duplicate-key", message, "name it once"));
            }
            all.insert(key, value);
        }
        Self { members: all, what, known: Vec::new(), refusals }
    }

    /// A member; none where it is absent or `null`.
    pub(crate) fn take(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        self.members.remove(key).filter(|value| !value.is_null())
    }

    /// A member that is a text; none where it is absent or wrong.
    pub(crate) fn text(&mut self, key: &'static str) -> Option<String> {
        match self.take(key)? {
            Value::String(text) if !text.is_empty() => Some(text),
            other => {
                self.wrong(key, "a name in quotes", &other);
                None
            }
        }
    }

    /// A member that is the name of an agent or a stack; none where it is absent or wrong. Names come back in commands that people type.
    fn name(&mut self, key: &'static str) -> Option<String> {
        let text = self.text(key)?;
        if is_stack_name(&text) {
            return Some(text);
        }
        self.wrong(key, "a name of letters, digits and hyphens", &Value::String(text));
        None
    }

    /// A member that the state machine adds, and nobody has to know of.
    pub(crate) fn skip(&mut self, key: &str) {
        self.members.remove(key);
    }

    /// Says that a member must be there.
    pub(crate) fn missing(&mut self, key: &'static str, help: &str) {
        let message = format!("{} has no `{key}`", self.what);
        self.refusals.push(refusal("intake::missing-key", message, help));
    }

    fn wrong(&mut self, key: &str, wanted: &str, value: &Value) {
        let message = format!("`{key}` is {}, and must be {wanted}", shown(&value.to_string()));
        let help = format!("give `{key}` {wanted}");
        self.refusals.push(refusal("intake::wrong-type", message, &help));
    }

    /// A way back: `to`, `agent` or `stack`, `consent`. None where `to` is absent or wrong.
    pub(crate) fn rollback(&mut self) -> Option<Rollback> {
        let to = self.target();
        let (agent, stack) = (self.name("agent"), self.name("stack"));
        let scope = match (agent, stack) {
            (Some(_), Some(_)) => {
                let message = format!("{} names both an `agent` and a `stack`", self.what);
                self.refusals.push(refusal("intake::two-scopes", message, "name one of them, or ask twice"));
                Scope::All
            }
            (Some(agent), None) => Scope::Agent(agent),
            (None, Some(stack)) => Scope::Stack(stack),
            (None, None) => Scope::All,
        };
        let consent = self.consent();
        Some(Rollback { to: to?, scope, consent })
    }

    fn target(&mut self) -> Option<Target> {
        let wanted = "`\"previous\"` or the number of a revision";
        match self.take("to") {
            None => {
                self.missing("to", "say where to: `\"to\": \"previous\"`, or the number of a revision");
                None
            }
            Some(Value::String(word)) if word == "previous" => Some(Target::Previous),
            Some(value) => {
                let number = value.as_u64();
                if number.is_none() {
                    self.wrong("to", wanted, &value);
                }
                number.map(|number| Target::Revision(Revision(number)))
            }
        }
    }

    fn consent(&mut self) -> BTreeSet<ResourceAddress> {
        let wanted = "a list of resources: `[\"shared/Orders\"]`";
        let list = match self.take("consent") {
            None => return BTreeSet::new(),
            Some(Value::Array(list)) => list,
            Some(other) => {
                self.wrong("consent", wanted, &other);
                return BTreeSet::new();
            }
        };
        let mut resources = BTreeSet::new();
        for value in list {
            match value.as_str().and_then(address) {
                Some(address) => drop(resources.insert(address)),
                None => self.wrong("consent", wanted, &value),
            }
        }
        resources
    }

    /// What was read, if nothing is wrong and nothing is left.
    pub(crate) fn finish<T>(mut self, read: Option<T>) -> Result<T, Vec<Refusal>> {
        let known: Vec<String> = self.known.iter().map(|key| format!("`{key}`")).collect();
        for key in self.members.keys() {
            let message = format!("`{}` is not known in {}", shown(key), self.what);
            let help = format!("leave it out: there are {}", known.join(", "));
            self.refusals.push(refusal("intake::unknown-key", message, &help));
        }
        match read {
            Some(read) if self.refusals.is_empty() => Ok(read),
            _ => Err(self.refusals),
        }
    }
}

/// The members of an object as they were written, also those that are named twice.
#[derive(Debug)]
pub(crate) struct Members(pub(crate) Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// An address as there can be one: it comes back in commands that people type.
fn address(text: &str) -> Option<ResourceAddress> {
    let address: ResourceAddress = text.parse().ok()?;
    let is_plain = address.logical_id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    (is_stack_name(&address.stack) && is_plain).then_some(address)
}

fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

    use super::*;

    fn codes(text: &str) -> Vec<String> {
        file(text.as_bytes()).unwrap_err().into_iter().map(|one| one.code).collect()
    }

    #[test]
    fn a_rollback_reads_as_people_write_it() {
        let rollback = file(br#"{"to": "previous"}"#).unwrap();
        assert_eq!(rollback, Rollback { to: Target::Previous, scope: Scope::All, consent: BTreeSet::new() });
        let text = br#"{"to": 3, "agent": "orders", "stack": null, "consent": ["shared/Orders", "shared/Orders"]}"#;
        let consent = ["shared/Orders".parse().unwrap()].into();
        let expected = Rollback { to: Target::Revision(Revision(3)), scope: Scope::Agent("orders".into()), consent };
        assert_eq!(file(text), Ok(expected));
        assert_eq!(file(br#"{"to": 0, "stack": "shared"}"#).unwrap().scope, Scope::Stack("shared".into()));
        let of_cdk = br#"{"to": 0, "stack": "SiteStack-Dev", "consent": ["SiteStack-Dev/TableCD117FA1"]}"#;
        assert_eq!(file(of_cdk).unwrap().scope, Scope::Stack("SiteStack-Dev".into()));
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let text = r#"{"too": 3, "agent": 5, "stack": "s", "consent": ["Orders", 7], "stack": "t", "force": true}"#;
        let expected = [
            "intake::duplicate-key",
            "intake::missing-key",
            "intake::wrong-type",
            "intake::wrong-type",
            "intake::wrong-type",
            "intake::unknown-key",
            "intake::unknown-key",
        ];
        assert_eq!(codes(text), expected);
    }

    #[test]
    fn where_to_is_previous_or_a_number_and_of_one_scope() {
        for to in [r#""next""#, "-1", "1.5", "[]", "true", r#""3""#] {
            assert_eq!(codes(&format!(r#"{{"to": {to}}}"#)), ["intake::wrong-type"], "{to}");
        }
        assert_eq!(codes(r#"{"to": 1, "agent": "a", "stack": "s"}"#), ["intake::two-scopes"]);
        assert_eq!(codes(r#"{"to": 1, "consent": "shared/Orders"}"#), ["intake::wrong-type"]);
    }

    #[test]
    fn names_are_names_because_people_type_the_commands_that_repeat_them() {
        for (key, value) in [
            ("agent", r#""orders; curl x|sh""#),
            ("stack", r#""$(id)""#),
            ("consent", r#"["shared/Orders --yes"]"#),
            ("consent", r#"["a b/Orders"]"#),
            ("consent", r#"["shared/Orders\n"]"#),
        ] {
            assert_eq!(codes(&format!(r#"{{"to": 1, "{key}": {value}}}"#)), ["intake::wrong-type"], "{value}");
        }
    }

    #[test]
    fn what_is_no_object_of_json_is_told_with_its_place() {
        for text in ["", "[]", "\"previous\"", "{\"to\": }", "\u{feff}{}", "{\"to\": 1} 2"] {
            assert_eq!(codes(text), ["intake::not-json"], "{text}");
        }
        let refusals = file(b"{\n  \"to\": }").unwrap_err();
        let places: Vec<_> = refusals.iter().map(|one| (one.line, one.column)).collect();
        assert_eq!(places, [(Some(2), Some(9))]);
    }

    #[test]
    fn somebodys_text_is_repeated_in_part_only() {
        let text = format!("{{\"to\": 1, \"{}\": 1}}", "x".repeat(5_000));
        let refusals = file(text.as_bytes()).unwrap_err();
        let longest = refusals.iter().map(|one| one.message.len()).max();
        assert!(longest < Some(200), "{longest:?}");
    }

    #[test]
    fn a_file_as_deep_as_it_may_be_long_is_refused() {
        assert_eq!(codes(&format!("{{\"to\": {}", "[".repeat(60_000))), ["intake::not-json"]);
    }
}
