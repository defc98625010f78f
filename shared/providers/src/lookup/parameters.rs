//! SSM parameters, ten a call.

use std::collections::BTreeSet;

use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::{Parameter, ParameterType};
use model::{CallError, ErrorClass, Lookup};
use serde_json::Value;

use super::{Looked, Unfit};
use crate::error::call_error;

/// The most names that `GetParameters` takes (AWS Systems Manager API reference).
const MOST: usize = 10;

/// Those of the lookups that are parameters.
pub(super) async fn look_up(ssm: &Client, lookups: &BTreeSet<Lookup>) -> Result<Looked, CallError> {
    let wanted: Vec<&Lookup> = lookups.iter().filter(|lookup| name(lookup).is_some()).collect();
    let mut looked = Looked::default();
    for batch in wanted.chunks(MOST) {
        match get(ssm, batch).await {
            Ok(found) => sort(batch, &found, &mut looked),
            // One that may not be read fails all of them. Which it is, each tells by itself.
            Err(error) if error.class == ErrorClass::Denied => {
                for one in batch {
                    match get(ssm, &[one]).await {
                        Ok(found) => sort(&[one], &found, &mut looked),
                        Err(error) if error.class == ErrorClass::Denied => {
                            looked.unfit.insert((*one).clone(), Unfit::Denied);
                        }
                        Err(error) => return Err(error),
                    }
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(looked)
}

/// Without decryption: what is a secret comes as it is stored.
async fn get(ssm: &Client, batch: &[&Lookup]) -> Result<Vec<Parameter>, CallError> {
    let names = batch.iter().filter_map(|lookup| name(lookup)).collect();
    let answer = ssm.get_parameters().set_names(Some(names)).with_decryption(false).send().await;
    let answer = answer.map_err(|error| call_error("ssm", "GetParameters", error))?;
    Ok(answer.parameters.unwrap_or_default())
}

/// How SSM is asked for it: `name` or `name:version`.
fn name(lookup: &Lookup) -> Option<String> {
    match lookup {
        Lookup::Parameter { name, version: None } => Some(name.clone()),
        Lookup::Parameter { name, version: Some(version) } => Some(format!("{name}:{version}")),
        Lookup::Zones { .. } => None,
    }
}

fn sort(asked: &[&Lookup], found: &[Parameter], looked: &mut Looked) {
    for lookup in asked {
        let unfit = match found.iter().find(|shown| is(lookup, shown)) {
            None => Unfit::Missing,
            Some(shown) if shown.r#type == Some(ParameterType::SecureString) => Unfit::Secret,
            // Put into a property, it would be resolved there with the rights of the target role.
            Some(shown) if shown.value.as_deref().is_some_and(|value| value.contains("{{resolve:")) => Unfit::Reference,
            Some(shown) => {
                let value = Value::String(shown.value.clone().unwrap_or_default());
                looked.found.0.insert((*lookup).clone(), value);
                continue;
            }
        };
        looked.unfit.insert((*lookup).clone(), unfit);
    }
}

/// Whether `shown` answers `lookup`. One that was asked for by version says so in its selector.
fn is(lookup: &Lookup, shown: &Parameter) -> bool {
    let Lookup::Parameter { name, version } = lookup else { return false };
    let is_of_name = shown.name.as_ref() == Some(name) || shown.arn.as_ref() == Some(name);
    let is_of_version = match version {
        Some(version) => i64::try_from(*version) == Ok(shown.version),
        None => shown.selector.as_ref().is_none_or(String::is_empty),
    };
    is_of_name && is_of_version
}

#[cfg(test)]
mod tests {
    use aws_sdk_ssm::types::builders::ParameterBuilder;
    use serde_json::json;

    use super::*;

    fn shown(name: &str, kind: ParameterType, version: i64, value: &str) -> ParameterBuilder {
        Parameter::builder().name(name).r#type(kind).version(version).value(value)
    }

    fn asked(name: &str, version: Option<u64>) -> Lookup {
        Lookup::Parameter { name: name.to_owned(), version }
    }

    fn sorted(asked: &[&Lookup], found: &[Parameter]) -> Looked {
        let mut looked = Looked::default();
        sort(asked, found, &mut looked);
        looked
    }

    #[test]
    fn what_is_asked_for_by_version_is_told_from_the_latest() {
        let (latest, second) = (asked("/a", None), asked("/a", Some(2)));
        assert_eq!(name(&second).as_deref(), Some("/a:2"));
        let old = shown("/a", ParameterType::String, 2, "two").selector(":2").build();
        let new = shown("/a", ParameterType::String, 3, "three").build();
        let looked = sorted(&[&latest, &second], &[old, new]);
        assert_eq!(looked.found.0, [(latest, json!("three")), (second, json!("two"))].into());
    }

    #[test]
    fn a_parameter_of_another_account_is_known_by_its_arn() {
        let arn = "arn:aws:ssm:eu-central-1:111122223333:parameter/shared";
        let shared = shown("/shared", ParameterType::StringList, 1, "a,b").arn(arn).build();
        let lookup = asked(arn, None);
        assert_eq!(sorted(&[&lookup], &[shared]).found.0.get(&lookup), Some(&json!("a,b")));
    }

    #[test]
    fn what_is_missing_or_secret_is_told_and_its_value_is_not_taken() {
        let (gone, secret, there) = (asked("/gone", None), asked("/secret", None), asked("/there", None));
        let found = [
            shown("/secret", ParameterType::SecureString, 1, "hidden").build(),
            shown("/there", ParameterType::String, 1, "v").build(),
        ];
        let looked = sorted(&[&gone, &secret, &there], &found);
        assert_eq!(looked.unfit, [(gone, Unfit::Missing), (secret, Unfit::Secret)].into());
        assert!(!format!("{looked:?}").contains("hidden"));
    }

    #[test]
    fn a_value_that_refers_to_another_is_not_taken() {
        let lookup = asked("/level", None);
        let shown = shown("/level", ParameterType::String, 1, "x {{resolve:secretsmanager:payments}}").build();
        let looked = sorted(&[&lookup], &[shown]);
        assert_eq!((looked.found.0.len(), looked.unfit.get(&lookup)), (0, Some(&Unfit::Reference)));
    }
}
