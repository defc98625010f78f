//! Secrets: those that AWS makes up, and what leads to those that are there already.

use model::expression::reference;
use model::{ResourceAddress, properties};
use serde_json::{Value, json};

use super::shared::retention;
use super::used::Used;
use super::{Expansion, resource_address};
use crate::config::{Generated, Kind, SecretSource};

/// What a generated secret never holds: characters that shells, URLs and connection strings read as something else.
const AWKWARD: &str = "\"'`\\/@:;&?#%$ ";

pub(super) fn add(expansion: &mut Expansion<'_>) {
    for (name, secret) in &expansion.environment.shared.secrets {
        expansion.asked_at = Some(secret.span);
        let address = resource_address(Kind::Secret, name);
        let arn = match &secret.source {
            SecretSource::Generated(generated) => {
                self::generated(expansion, &address, name, generated);
                reference(&address)
            }
            SecretSource::Existing(arn) => json!(arn),
        };
        expansion.outputs.insert(address.logical_id.clone() + "Arn", arn);
    }
}

fn generated(expansion: &mut Expansion<'_>, address: &ResourceAddress, name: &str, generated: &Generated) {
    let Generated { length, punctuation, within, kms_key, on_removal } = generated;
    let mut how = properties(json!({
        "ExcludeCharacters": AWKWARD,
        "ExcludePunctuation": !punctuation,
        "PasswordLength": length,
        "RequireEachIncludedType": true,
    }));
    if let Some((key, rest)) = within {
        how.set("GenerateStringKey", key.as_str());
        how.set("SecretStringTemplate", rest.to_string());
    }
    let mut made = properties(json!({
        "Description": format!("`{name}` of {}", expansion.record().id),
        "GenerateSecretString": how.to_value(),
        "Tags": expansion.scope.list(),
    }));
    if let Some(key) = kms_key {
        made.set("KmsKeyId", key.as_str());
    }
    // Made up again it would be another: it stays unless the config says otherwise.
    expansion.put(address.clone(), "AWS::SecretsManager::Secret", made).retention = retention(*on_removal);
}

/// The ARN of a secret that an agent may use.
pub(super) fn arn(expansion: &Expansion<'_>, used: &Used) -> Value {
    existing(expansion, used).map_or_else(|| reference(&used.address), |arn| json!(arn))
}

/// What names a secret in a policy: an ARN without the six characters that Secrets Manager adds stands for all that it can add.
pub(super) fn allowed(expansion: &Expansion<'_>, used: &Used) -> Value {
    let Some(arn) = existing(expansion, used) else { return reference(&used.address) };
    let is_whole =
        arn.rsplit_once('-').is_some_and(|(_, end)| end.len() == 6 && end.chars().all(|c| c.is_ascii_alphanumeric()));
    if is_whole { json!(arn) } else { json!(format!("{arn}-??????")) }
}

fn existing<'e>(expansion: &'e Expansion<'_>, used: &Used) -> Option<&'e str> {
    match &expansion.environment.shared.secrets.get(used.name.as_ref()?)?.source {
        SecretSource::Existing(arn) => Some(arn),
        SecretSource::Generated(_) => None,
    }
}
