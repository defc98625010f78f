//! Secrets: made up by AWS, or there already; never written down.

use std::rc::Rc;

use super::data::{self, ON_REMOVAL};
use super::grant;
use crate::config::{Generated, OnRemoval, Secret, SecretSource};
use source::Code;
use source::Finding;
use source::Reader;
use source::{Key, Node, Value};

/// Keys under which people write secrets down.
const VALUES: [&str; 5] = ["value", "secret", "password", "secret_string", "text"];

pub(super) fn secret(reader: &mut Reader<'_>, name: &Key, node: &Rc<Node>) -> Option<Secret> {
    source(reader, node).map(|source| Secret { span: name.span, source })
}

fn source(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<SecretSource> {
    let written = |span| {
        let help = "a config is kept and shown in the history: leave the value out, and AWS makes one up; or store it in \
                    Secrets Manager yourself and name it by `arn`";
        Finding::new(Code::Secret, span, "the value of a secret is never in a config").help(help)
    };
    let mut generated =
        Generated { length: 32, punctuation: true, within: None, kms_key: None, on_removal: OnRemoval::Retain };
    if node.is_null() {
        return Some(SecretSource::Generated(generated));
    }
    if let Value::Scalar { .. } = &node.value {
        reader.add(written(node.span));
        return None;
    }
    let mut is_whole = true;
    for (key, _) in node.entries().unwrap_or_default().iter().filter(|(key, _)| VALUES.contains(&key.name.as_str())) {
        reader.add(written(key.span));
        is_whole = false;
    }
    if !is_whole {
        return None;
    }
    let mut fields = reader.fields(node, "a secret")?;
    if let Some(arn) = reader.optional(&mut fields, "arn") {
        reader.finish(fields);
        return grant::arn_of(reader, arn, "`arn`", "secretsmanager", "secret:").map(SecretSource::Existing);
    }
    if let Some(node) = reader.optional(&mut fields, "length") {
        // https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html
        generated.length = reader.whole(node, "`length`", 8..=4_096, "characters").unwrap_or(32);
    }
    if let Some(node) = reader.optional(&mut fields, "punctuation") {
        generated.punctuation = reader.flag(node, "`punctuation`").unwrap_or(true);
    }
    let key = reader.optional(&mut fields, "key").and_then(|node| reader.text(node, "`key`"));
    let with = reader.optional(&mut fields, "with").map(|node| {
        reader.entries(node, "`with`", "names to values");
        (node.span, reader.json(node, "`with`"))
    });
    let kms_key = data::kms_key(reader, &mut fields);
    if let Some(node) = reader.optional(&mut fields, "on_removal") {
        generated.on_removal = reader.choice(node, "`on_removal`", &ON_REMOVAL).unwrap_or_default();
    }
    reader.finish(fields);
    generated.within = match (key, with) {
        (Some(key), with) => Some((key.value, with.map_or_else(|| serde_json::json!({}), |(_, with)| with))),
        (None, Some((span, _))) => {
            let finding = Finding::new(Code::MissingKey, span, "a secret `with` more around it needs the key `key`");
            reader.add(finding.help("add `key: password`: under which name the secret itself goes"));
            return None;
        }
        (None, None) => None,
    };
    generated.kms_key = kms_key?;
    Some(SecretSource::Generated(generated))
}
