//! How a secret's value is made up: `GenerateSecretString`, as CloudFormation documents it.
//!
//! Owns what is asked of `GetRandomPassword`, what stands around the password, and whether a value is one that these rules give.

use engine::ports::Secret;
use model::CallError;
use serde_json::{Map, Value};

use crate::shape::invalid;
use crate::tree;

/// How long a password is that nobody asks for a length of (API reference: `GetRandomPassword`).
const LENGTH: usize = 32;

/// What can be asked for.
const KNOWN: [&str; 10] = [
    "ExcludeCharacters",
    "ExcludeLowercase",
    "ExcludeNumbers",
    "ExcludePunctuation",
    "ExcludeUppercase",
    "GenerateStringKey",
    "IncludeSpace",
    "PasswordLength",
    "RequireEachIncludedType",
    "SecretStringTemplate",
];

/// The rules of one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rules {
    pub(super) length: usize,
    pub(super) excluded: String,
    pub(super) without_lowercase: bool,
    pub(super) without_numbers: bool,
    pub(super) without_punctuation: bool,
    pub(super) without_uppercase: bool,
    pub(super) with_space: bool,
    pub(super) each_type: bool,
    /// The object that the password stands in, and under which key.
    within: Option<(String, Map<String, Value>)>,
}

impl Rules {
    /// Those that a property says.
    ///
    /// # Errors
    /// `Invalid`, naming what is wrong; a template is never shown.
    pub(super) fn of(property: &Value) -> Result<Self, CallError> {
        let Value::Object(said) = property else { return Err(invalid("`GenerateSecretString` is no object")) };
        if let Some(name) = said.keys().find(|name| !KNOWN.contains(&name.as_str())) {
            return Err(invalid(format!("`GenerateSecretString.{name}` is not known")));
        }
        let flag = |name| tree::flag(property, name);
        let length = match said.get("PasswordLength") {
            None => LENGTH,
            Some(_) => tree::whole::<u16>(property, "PasswordLength")
                .ok_or_else(|| invalid("`GenerateSecretString.PasswordLength` is not a whole number up to 4096"))?
                .into(),
        };
        let within = match (tree::text(property, "GenerateStringKey"), tree::text(property, "SecretStringTemplate")) {
            (None, None) => None,
            (Some(key), Some(template)) => match serde_json::from_str(&template) {
                Ok(Value::Object(rest)) => Some((key, rest)),
                _ => return Err(invalid("`GenerateSecretString.SecretStringTemplate` is no JSON object")),
            },
            _ => {
                return Err(invalid(
                    "of `GenerateSecretString`, `GenerateStringKey` and `SecretStringTemplate` need each other",
                ));
            }
        };
        Ok(Self {
            length,
            excluded: tree::text(property, "ExcludeCharacters").unwrap_or_default(),
            without_lowercase: flag("ExcludeLowercase").unwrap_or(false),
            without_numbers: flag("ExcludeNumbers").unwrap_or(false),
            without_punctuation: flag("ExcludePunctuation").unwrap_or(false),
            without_uppercase: flag("ExcludeUppercase").unwrap_or(false),
            with_space: flag("IncludeSpace").unwrap_or(false),
            each_type: flag("RequireEachIncludedType").unwrap_or(true),
            within,
        })
    }

    /// The value with this password in it.
    pub(super) fn value(&self, password: &Secret) -> Secret {
        let Some((key, rest)) = &self.within else { return password.clone() };
        let mut whole = rest.clone();
        whole.insert(key.clone(), Value::from(password.reveal()));
        Secret::new(Value::Object(whole).to_string())
    }

    /// Whether a value is one that these rules give.
    pub(super) fn give(&self, value: &Secret) -> bool {
        let Some((key, rest)) = &self.within else { return self.allow(value.reveal()) };
        let Ok(Value::Object(mut whole)) = serde_json::from_str(value.reveal()) else { return false };
        let password = whole.remove(key);
        let without = |map: &Map<String, Value>| {
            let mut map = map.clone();
            map.remove(key);
            map
        };
        whole == without(rest) && password.as_ref().and_then(Value::as_str).is_some_and(|text| self.allow(text))
    }

    /// Whether a password is one that these rules give.
    fn allow(&self, password: &str) -> bool {
        let types = [
            (self.without_lowercase, char::is_ascii_lowercase as fn(&char) -> bool),
            (self.without_numbers, char::is_ascii_digit),
            (self.without_punctuation, char::is_ascii_punctuation),
            (self.without_uppercase, char::is_ascii_uppercase),
        ];
        let has = |of: fn(&char) -> bool| password.chars().any(|c| of(&c));
        password.chars().count() == self.length
            && !password.chars().any(|c| self.excluded.contains(c))
            && (self.with_space || !password.contains(' '))
            && types.into_iter().all(|(without, of)| if without { !has(of) } else { !self.each_type || has(of) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rules(property: Value) -> Rules {
        Rules::of(&property).unwrap()
    }

    #[test]
    fn a_password_alone_is_the_value() {
        let rules = rules(json!({ "PasswordLength": "8", "ExcludePunctuation": "true" }));
        assert_eq!((rules.length, rules.without_punctuation, rules.each_type), (8, true, true));
        assert_eq!(rules.value(&Secret::new("aB3aB3aB")).reveal(), "aB3aB3aB");
    }

    #[test]
    fn a_password_joins_what_the_template_says() {
        let template = json!({ "username": "shop", "port": 5432 }).to_string();
        let rules = rules(json!({ "GenerateStringKey": "password", "SecretStringTemplate": template }));
        let value: Value = serde_json::from_str(rules.value(&Secret::new("p\"1")).reveal()).unwrap();
        assert_eq!(value, json!({ "username": "shop", "port": 5432, "password": "p\"1" }));
    }

    #[test]
    fn a_value_is_told_by_its_rules() {
        let given = |property: Value, value: &str| rules(property).give(&Secret::new(value));
        let short = |more: Value| {
            let mut all = json!({ "PasswordLength": 4 });
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            all
        };
        assert!(given(short(json!({})), "aB3!"));
        assert!(!given(short(json!({})), "aB3!x"), "too long");
        assert!(!given(short(json!({})), "aB3x"), "no punctuation in it");
        assert!(given(short(json!({ "RequireEachIncludedType": false })), "aB3x"));
        assert!(!given(short(json!({ "ExcludeCharacters": "!?" })), "aB3!"));
        assert!(!given(short(json!({ "RequireEachIncludedType": false })), "aB 3"), "a space");
        assert!(given(short(json!({ "IncludeSpace": true, "RequireEachIncludedType": false })), "aB 3"));
        for (name, value) in [
            ("ExcludeLowercase", "AB3!"),
            ("ExcludeNumbers", "aBc!"),
            ("ExcludePunctuation", "aBc3"),
            ("ExcludeUppercase", "ab3!"),
        ] {
            assert!(given(short(json!({ name: true })), value), "{name}");
            assert!(!given(short(json!({ name: true })), "aB3!"), "{name}");
        }
        let within = |user: &str| {
            let template = json!({ "user": user }).to_string();
            short(json!({ "GenerateStringKey": "password", "SecretStringTemplate": template }))
        };
        let value = json!({ "user": "shop", "password": "aB3!" }).to_string();
        assert!(given(within("shop"), &value));
        assert!(!given(within("desk"), &value), "of another user");
        assert!(!given(short(json!({})), &value), "not a password alone");
        assert!(!given(within("shop"), "aB3!"), "a password alone");
    }

    #[test]
    fn what_is_wrong_is_named_and_no_template_is_shown() {
        for (property, part) in [
            (json!("x"), "no object"),
            (json!({ "Length": 8 }), "`GenerateSecretString.Length`"),
            (json!({ "PasswordLength": "long" }), "PasswordLength"),
            (json!({ "GenerateStringKey": "password" }), "need each other"),
            (json!({ "SecretStringTemplate": "{\"pin\":\"hush\"}" }), "need each other"),
            (json!({ "GenerateStringKey": "p", "SecretStringTemplate": "hush" }), "no JSON object"),
        ] {
            let error = Rules::of(&property).unwrap_err().message;
            assert!(error.contains(part) && !error.contains("hush"), "{error}");
        }
    }
}
