//! Secrets: those that AWS makes up, and what leads to those that are there already.

use model::expression::reference;
use model::{ResourceAddress, properties};
use serde_json::{Value, json};

use super::shared::retention;
use super::{Expansion, resource_address};
use crate::config::{Generated, Kind, SecretSource};

/// What a generated secret never holds: characters that shells, URLs and connection strings read as something else.
const AWKWARD: &str = "\"'`\\/@:;&?#%$ ";

pub(super) fn add(expansion: &mut Expansion<'_>) {
    for (name, secret) in &expansion.environment.shared.secrets {
        expansion.asked_at = Some(secret.span);
        let address = resource_address(Kind::Secret, name);
        if let SecretSource::Generated(generated) = &secret.source {
            self::generated(expansion, &address, name, generated);
        }
        let arn = arn(expansion, &address);
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

/// The ARN of a secret, by the address that it has or would have.
pub(super) fn arn(expansion: &Expansion<'_>, address: &ResourceAddress) -> Value {
    existing(expansion, address).map_or_else(|| reference(address), |arn| json!(arn))
}

/// What names a secret in a policy: an ARN without the six characters that Secrets Manager adds stands for all that it can add.
pub(super) fn allowed(expansion: &Expansion<'_>, address: &ResourceAddress) -> Value {
    let Some(arn) = existing(expansion, address) else { return reference(address) };
    let is_whole =
        arn.rsplit_once('-').is_some_and(|(_, end)| end.len() == 6 && end.chars().all(|c| c.is_ascii_alphanumeric()));
    if is_whole { json!(arn) } else { json!(format!("{arn}-??????")) }
}

fn existing<'e>(expansion: &'e Expansion<'_>, address: &ResourceAddress) -> Option<&'e str> {
    let secrets = &expansion.environment.shared.secrets;
    secrets.iter().find_map(|(name, secret)| match &secret.source {
        SecretSource::Existing(arn) if resource_address(Kind::Secret, name) == *address => Some(arn.as_str()),
        SecretSource::Existing(_) | SecretSource::Generated(_) => None,
    })
}
