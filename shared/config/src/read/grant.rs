//! Permissions in words: on other agents, models, state machines, buses and keys.

use std::rc::Rc;

use crate::config::{Grant, KeyAccess};
use source::Code;
use source::Finding;
use source::Node;
use source::Reader;

/// The keys by which a permission in words is known.
const WORDS: [&str; 5] = ["agent", "model", "state_machine", "event_bus", "kms_key"];

/// Whether a permission is one in words.
pub(super) fn is_one(node: &Node) -> bool {
    node.entries().unwrap_or_default().iter().any(|(key, _)| WORDS.contains(&key.name.as_str()))
}

/// The permission in words that `node` is.
pub(super) fn grant(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Grant> {
    let mut fields = reader.fields(node, "a permission")?;
    let given = WORDS.map(|word| reader.optional(&mut fields, word));
    let access = reader.optional(&mut fields, "access");
    let span = fields.span();
    reader.finish(fields);
    let mut word = |choices: &[(&'static str, KeyAccess)]| match access {
        Some(node) => reader.choice(node, "`access`", choices),
        None => choices.first().map(|(_, access)| *access),
    };
    // Where there is one way to use something, saying it is a courtesy.
    let one = |name: &'static str| [(name, KeyAccess::Full)];
    match given {
        [Some(agent), None, None, None, None] => {
            word(&one("invoke"))?;
            Some(Grant::Agent(reader.text(agent, "`agent`")?.value))
        }
        [None, Some(model), None, None, None] => {
            word(&one("invoke"))?;
            self::model(reader, model).map(Grant::Model)
        }
        [None, None, Some(machine), None, None] => {
            word(&one("start"))?;
            arn_of(reader, machine, "`state_machine`", "states", "stateMachine:").map(Grant::StateMachine)
        }
        [None, None, None, Some(bus), None] => {
            word(&one("send"))?;
            event_bus(reader, bus).map(Grant::EventBus)
        }
        [None, None, None, None, Some(key)] => {
            let words = [("full", KeyAccess::Full), ("decrypt", KeyAccess::Decrypt), ("encrypt", KeyAccess::Encrypt)];
            let access = word(&words)?;
            let arn = arn_of(reader, key, "`kms_key`", "kms", "key/")?;
            Some(Grant::Key { arn, access })
        }
        _ => {
            let finding = Finding::new(Code::WrongChoice, span, "a permission is for one thing");
            reader.add(
                finding.help(
                    "write a permission for each, e.g. `{ agent: billing }` and `{ model: amazon.nova-lite-v1:0 }`",
                ),
            );
            None
        }
    }
}

/// The id of a model, or of an inference profile: `anthropic.claude-…`, `eu.anthropic.claude-…`; a `*` at its end.
fn model(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<String> {
    let text = reader.text(node, "`model`")?;
    let plain = text.value.strip_suffix('*').unwrap_or(&text.value);
    let (provider, name) = plain.split_once('.').unwrap_or((plain, ""));
    let is_model = !provider.is_empty()
        && !name.is_empty()
        && plain.len() <= 200
        && plain.chars().all(|c| c.is_ascii_alphanumeric() || ".-:_".contains(c));
    if is_model {
        return Some(text.value);
    }
    let message = format!("`{}` does not name a model of Bedrock", text.value.escape_debug());
    let help = "a model is named by its id, e.g. `anthropic.claude-3-5-haiku-20241022-v1:0`, or by a beginning of it, with a \
                `*` at the end: `anthropic.claude-*`";
    reader.add(Finding::new(Code::WrongModel, text.span, message).help(help));
    None
}

fn event_bus(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<String> {
    let text = reader.text(node, "`event_bus`")?;
    if text.value.starts_with("arn:") {
        return arn_of(reader, node, "`event_bus`", "events", "event-bus/");
    }
    let is_name = (1..=256).contains(&text.value.len())
        && text.value.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
    if is_name {
        return Some(text.value);
    }
    let finding =
        Finding::new(Code::WrongName, text.span, format!("`{}` cannot name a bus", text.value.escape_debug()));
    reader.add(finding.help("letters, digits and `. _ - /`; the bus that every account has is `default`"));
    None
}

/// The ARN of one thing of a service, whose resource part begins so.
pub(super) fn arn_of(
    reader: &mut Reader<'_>,
    node: &Rc<Node>,
    what: &str,
    service: &str,
    begins: &str,
) -> Option<String> {
    let text = reader.text(node, what)?;
    let parts: Vec<&str> = text.value.splitn(6, ':').collect();
    let is_arn = match parts.as_slice() {
        ["arn", partition, given, region, account, resource] => {
            partition.starts_with("aws")
                && *given == service
                && !region.is_empty()
                && account.len() == 12
                && resource.strip_prefix(begins).is_some_and(|name| !name.is_empty())
                && !resource.contains(|c: char| c.is_whitespace() || c == '*' || c == '?')
        }
        _ => false,
    };
    if is_arn {
        return Some(text.value);
    }
    let message = format!("`{}` is not the ARN that {what} takes", text.value.escape_debug());
    let help = format!("it is written `arn:aws:{service}:region:account:{begins}…`");
    reader.add(Finding::new(Code::WrongArn, text.span, message).help(help));
    None
}
