//! The part of a project that somebody asks for by the names of agents and stacks: what they wrote, and whether there is such a thing.

use std::collections::BTreeSet;

use config::{Expanded, Origin};
use model::id::is_stack_name;
use model::{Recorded, Refusal, Selection};

use crate::examine::Examined;

/// The longest text, in bytes: what S3 takes as an object's metadata of its users ("Working with object metadata").
const LONGEST: usize = 2 * 1024;
/// How many characters of somebody's text a message repeats.
const SHOWN: usize = 60;
/// How many unknown names are told one by one, and how many of those that there are.
const MOST_TOLD: usize = 10;
const MOST_LISTED: usize = 20;
/// What a stack of no single agent is called.
const SHARED: &str = "shared";

/// What `order-agent, storage` names. Never everything: who wants that says nothing.
///
/// # Errors
/// What is wrong with the text, whatever there may be of those names.
pub fn selection(text: &str) -> Result<Selection, Vec<Refusal>> {
    if text.len() > LONGEST {
        let message = format!("`only` has {} bytes, and at most {LONGEST} are read", text.len());
        return Err(vec![refusal(message, "name less, or leave `only` out to deploy everything")]);
    }
    if text.trim().is_empty() {
        let help = "name agents or stacks, as in `order-agent,storage`, or leave `only` out to deploy everything";
        return Err(vec![refusal("`only` names nothing", help)]);
    }
    let names: BTreeSet<&str> = text.split(',').map(|name| name.trim_matches(' ')).collect();
    let wrong: Vec<&str> = names.iter().copied().filter(|name| !is_stack_name(name)).collect();
    if wrong.is_empty() {
        return Ok(names.into_iter().map(str::to_owned).collect());
    }
    let told = |name: &&str| {
        if name.is_empty() {
            let message = format!("`only` has an empty name: `{}`", shown(text));
            return refusal(message, "separate names by one comma, and end with a name");
        }
        // S3 hands over what is not ASCII in the words of RFC 2047.
        let help = match name.is_ascii() && !name.contains("=?") {
            true => "a name is of letters, digits and hyphens; names are separated by commas",
            false => "a name is of letters from a to z, digits and hyphens: type it anew, as the config has it",
        };
        refusal(format!("`{}` in `only` is no name", shown(name)), help)
    };
    Err(first(wrong.len(), wrong.iter().map(told)))
}

/// Whether every name is one of `names`.
///
/// # Errors
/// Those that are not, each with the name that was probably meant, and the names that there are.
pub fn knows(only: &Selection, names: &BTreeSet<String>) -> Result<(), Vec<Refusal>> {
    let unknown: Vec<&String> = only.0.difference(names).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let told = |name: &&String| {
        let near = source::closest(name, names.iter().map(String::as_str));
        let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        let help = format!("{near}agents and stacks are {}", listed(names));
        refusal(format!("there is no agent or stack `{}`", shown(name)), &help)
    };
    Err(first(unknown.len(), unknown.iter().map(told)))
}

/// The agents and stacks that something recorded belongs to: they may be named though a config does not have them any more.
pub fn recorded_names(recorded: &Recorded) -> impl Iterator<Item = String> {
    let of_each = recorded.resources.iter().flat_map(|(key, resource)| {
        let agent = resource.agent.as_ref().filter(|agent| **agent != key.address.stack);
        [Some(&key.address.stack), agent]
    });
    of_each.flatten().cloned()
}

impl Examined {
    /// The agents and stacks that a project has in an environment, `expanded` there.
    pub fn names(&self, environment: &str, expanded: &Expanded) -> BTreeSet<String> {
        let mut names = BTreeSet::from([SHARED.to_owned()]);
        for (address, resource) in &expanded.desired.resources {
            names.insert(address.stack.clone());
            names.extend(resource.agent.clone());
        }
        // What comes to no resource has a name all the same.
        if let Some(environment) = self.config.environments.get(environment) {
            names.extend(environment.agents.iter().map(|agent| agent.name.value.clone()));
            let templates =
                environment.brought.stacks.iter().filter(|stack| matches!(stack.origin, Origin::Template(_)));
            names.extend(templates.map(|stack| stack.name.value.clone()));
        }
        names
    }
}

fn refusal(message: impl Into<String>, help: &str) -> Refusal {
    let (code, message, help) = ("intake::selection".to_owned(), message.into(), Some(help.to_owned()));
    Refusal { code, message, help, file: None, line: None, column: None }
}

/// The first of `count` refusals, and how many more there are.
fn first(count: usize, refusals: impl Iterator<Item = Refusal>) -> Vec<Refusal> {
    let mut told: Vec<Refusal> = refusals.take(MOST_TOLD).collect();
    if count > told.len() {
        let message = format!("{} more names in `only` are wrong", count - told.len());
        told.push(refusal(message, "mend those above first"));
    }
    told
}

fn listed(names: &BTreeSet<String>) -> String {
    let first: Vec<&str> = names.iter().take(MOST_LISTED).map(String::as_str).collect();
    match names.len() - first.len() {
        0 => source::listed(&first, "and"),
        more => {
            format!("{} and {more} more", first.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
        }
    }
}

/// Somebody's text, in part where it is long, and with nothing in it that a terminal would obey.
fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that cannot go on ends here")]

    use std::collections::BTreeMap;

    use bundle::{PackError, Packed, ReadError};
    use model::{Environment, EnvironmentId, Snapshot};

    use super::*;
    use crate::Contents;

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    /// What is said of a text that names nothing that can be deployed.
    fn wrong(text: &str) -> Vec<String> {
        let refusals = selection(text).unwrap_err();
        assert!(refusals.iter().all(|one| one.code == "intake::selection"));
        refusals.into_iter().map(|one| format!("{} | {}", one.message, one.help.unwrap_or_default())).collect()
    }

    #[test]
    fn names_are_separated_by_commas_and_it_does_not_matter_how_often_each_is_there() {
        for text in ["order-agent,storage", "storage, order-agent", " order-agent ,  storage ,order-agent"] {
            assert_eq!(selection(text), Ok(Selection(names(&["order-agent", "storage"]))), "{text}");
        }
        let of_cdk = selection("SiteStack-Dev").unwrap();
        assert_eq!(of_cdk.0, names(&["SiteStack-Dev"]));
    }

    #[test]
    fn what_names_nothing_is_never_everything() {
        for text in ["", "   ", "\t"] {
            assert!(wrong(text)[0].starts_with("`only` names nothing | name agents or stacks"), "{text:?}");
        }
        for text in [",", "orders,", ",orders", "orders,,storage", "orders, ,storage"] {
            let told = wrong(text);
            assert_eq!(told.len(), 1, "{told:?}");
            assert!(told[0].starts_with(&format!("`only` has an empty name: `{text}` | separate")), "{told:?}");
        }
    }

    #[test]
    fn what_cannot_be_a_name_is_shown_in_part_and_harms_no_terminal() {
        for (text, shown) in [
            ("order agent", "order agent"),
            ("orders;storage", "orders;storage"),
            ("*", "*"),
            ("a\u{1b}[2Jb", "a\\u{1b}[2Jb"),
            ("a\r\nb", "a\\r\\nb"),
            ("a\u{202e}b", "a\\u{202e}b"),
        ] {
            let told = wrong(text);
            assert!(told[0].starts_with(&format!("`{shown}` in `only` is no name | a name is of")), "{told:?}");
        }
        let long = wrong(&"x".repeat(300));
        assert_eq!(long[0].split_once(" in `only`").unwrap().0, format!("`{}…`", "x".repeat(60)));
    }

    #[test]
    fn what_s3_hands_over_encoded_is_told_to_be_no_ascii() {
        for text in ["=?UTF-8?B?w7ZyZGVycw==?=", "=?UTF-8?Q?=C3=B6rders?=", "örders"] {
            let told = wrong(text);
            assert!(
                told[0].ends_with("letters from a to z, digits and hyphens: type it anew, as the config has it"),
                "{told:?}"
            );
        }
    }

    #[test]
    fn what_is_too_much_is_refused_and_of_many_wrong_names_the_first_are_told() {
        assert!(selection(&format!("{}a", "a,".repeat(1023))).is_ok(), "as much as S3 takes");
        let told = wrong(&format!("{}a", "a,".repeat(1024)));
        assert_eq!(told.len(), 1);
        assert!(told[0].starts_with("`only` has 2049 bytes, and at most 2048 are read | name less"), "{told:?}");
        let told = wrong(&(0..400).map(|n| format!("{n}!")).collect::<Vec<_>>().join(","));
        assert_eq!(told.len(), 11);
        assert_eq!(told[10], "390 more names in `only` are wrong | mend those above first");
    }

    #[test]
    fn a_name_that_is_not_there_is_told_with_the_one_that_was_meant_and_all_that_there_are() {
        let known = names(&["order-agent", "research-agent", "shared", "storage"]);
        assert_eq!(knows(&Selection(names(&["order-agent", "shared"])), &known), Ok(()));
        let told = knows(&Selection(names(&["order-agnet", "Storage", "zzz"])), &known).unwrap_err();
        let told: Vec<(&str, &str)> =
            told.iter().map(|one| (one.message.as_str(), one.help.as_deref().unwrap())).collect();
        let all = "agents and stacks are `order-agent`, `research-agent`, `shared` and `storage`";
        let meant = |name: &str| format!("did you mean `{name}`? {all}");
        assert_eq!(
            told,
            [
                ("there is no agent or stack `Storage`", meant("storage").as_str()),
                ("there is no agent or stack `order-agnet`", meant("order-agent").as_str()),
                ("there is no agent or stack `zzz`", all),
            ]
        );
    }

    #[test]
    fn of_many_names_that_there_are_the_first_are_listed() {
        let known: BTreeSet<String> = (0..300).map(|n| format!("agent-{n:03}")).collect();
        let many: Selection = (0..400).map(|n| format!("no-{n:03}")).collect();
        let told = knows(&many, &known).unwrap_err();
        assert_eq!(told.len(), 11);
        let help = told[0].help.as_deref().unwrap();
        assert!(help.ends_with("`agent-018`, `agent-019` and 280 more"), "{help}");
    }

    /// Two texts in memory, and no folder of code.
    struct Texts([(&'static str, &'static str); 2]);

    impl Contents for Texts {
        fn paths(&self) -> Vec<String> {
            self.0.iter().map(|(path, _)| (*path).to_owned()).collect()
        }

        fn size(&self, path: &str) -> Option<u64> {
            self.0.iter().find(|(known, _)| *known == path).map(|(_, text)| text.len() as u64)
        }

        fn read(&mut self, path: &str) -> Result<Vec<u8>, ReadError> {
            let found = self.0.iter().find(|(known, _)| *known == path);
            found.map(|(_, text)| text.as_bytes().to_vec()).ok_or_else(|| ReadError::NotFound(path.to_owned()))
        }

        fn pack(&mut self, folder: &str, _: &mut Vec<u8>) -> Result<Packed, PackError> {
            unreachable!("`{folder}` is not code")
        }
    }

    #[test]
    fn a_project_has_the_names_of_its_agents_and_stacks_also_of_those_that_come_to_nothing() {
        let config = "project: { name: shop, region: eu-central-1 }\n\
            environments: { dev: { account: '123456789012' } }\n\
            agents:\n  - name: bot\n    runtime: python3.12\n    handler: bot.handle\n    \
            artifact: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n\
            stacks:\n  - { name: storage, template: storage.yaml }\n";
        let template = "Conditions: { Never: !Equals [a, b] }\n\
            Resources: { Tasks: { Type: AWS::SQS::Queue, Condition: Never } }\n";
        let mut texts = Texts([("strands.yaml", config), ("storage.yaml", template)]);
        let id = EnvironmentId::new("shop", "dev").unwrap();
        let environment = Environment::new(id, "123456789012", "eu-central-1");
        let examined = crate::open(&mut texts).unwrap().examine(&mut texts, &environment).unwrap();
        let expanded = examined.expand(&environment, &BTreeMap::new(), ("engine", &Snapshot::default())).unwrap();
        assert_eq!(examined.names("dev", &expanded), names(&["bot", "shared", "storage"]));
    }
}
