//! What a user is told of what could not be looked up: all of it at once.

use std::collections::BTreeMap;

use model::{Environment, EnvironmentId, Lookup, Refusal};
use providers::lookup::Unfit;

/// The refusals of a deployment whose lookups are unfit.
pub(crate) fn refusals(unfit: &BTreeMap<Lookup, Unfit>, environment: &Environment) -> Vec<Refusal> {
    unfit.iter().map(|(lookup, why)| told(lookup, why, environment)).collect()
}

pub(crate) fn gone(environment: &EnvironmentId) -> Refusal {
    let help = "ask an administrator to register it again";
    refusal("observe::unknown-environment", format!("environment `{environment}` is gone"), help.to_owned())
}

fn told(lookup: &Lookup, why: &Unfit, environment: &Environment) -> Refusal {
    let Environment { account, region, id, .. } = environment;
    let what = match lookup {
        Lookup::Parameter { name, version: None } => format!("the SSM parameter `{name}`"),
        Lookup::Parameter { name, version: Some(version) } => {
            format!("version {version} of the SSM parameter `{name}`")
        }
        Lookup::Zones { region } => format!("the availability zones of `{region}`"),
    };
    match why {
        Unfit::Missing => {
            let message = format!("{what} does not exist in account {account}, region {region}");
            let help =
                "create it there, or correct its name: names are case-sensitive, and begin with `/` if they have one";
            refusal("observe::missing", message, help.to_owned())
        }
        Unfit::Secret => {
            let message =
                format!("{what} is a `SecureString`, which is not read here: its value would be kept in plans");
            refusal("observe::secret", message, secret_help(lookup))
        }
        Unfit::Reference => {
            let message = format!("the value of {what} is a reference to another value, and such are not followed");
            let help = "store the value itself there, or write the reference in the config";
            refusal("observe::reference", message, help.to_owned())
        }
        Unfit::Denied => {
            let role = &environment.target_role;
            let message = format!("{what} may not be read by the target role `{role}`");
            let help = match lookup {
                Lookup::Parameter { .. } => format!(
                    "put it under `/{}/{}/`, or name its ARN in the parameter `ReadableParameters` of the stack of bootstrap/target-role.yaml",
                    id.project, id.environment
                ),
                Lookup::Zones { region } => format!(
                    "enable the region `{region}` for the account, and update the stack of bootstrap/target-role.yaml to this version"
                ),
            };
            refusal("observe::denied", message, help)
        }
    }
}

fn secret_help(lookup: &Lookup) -> String {
    match lookup {
        Lookup::Parameter { name, version } => {
            let version = version.map(|version| format!(":{version}")).unwrap_or_default();
            format!("write `{{{{resolve:ssm-secure:{name}{version}}}}}` where the value is needed")
        }
        Lookup::Zones { .. } => String::new(),
    }
}

fn refusal(code: &str, message: String, help: String) -> Refusal {
    Refusal { code: code.to_owned(), message, help: Some(help), file: None, line: None, column: None }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

    use model::EnvironmentId;

    use super::*;

    fn all(unfit: &[(Lookup, Unfit)]) -> Vec<(String, String, String)> {
        let id = EnvironmentId::new("shop", "dev").unwrap();
        let environment = Environment::new(id, "111122223333", "eu-central-1");
        let told = refusals(&unfit.iter().cloned().collect(), &environment);
        told.into_iter().map(|one| (one.code, one.message, one.help.unwrap())).collect()
    }

    fn parameter(name: &str, version: Option<u64>) -> Lookup {
        Lookup::Parameter { name: name.to_owned(), version }
    }

    #[test]
    fn everything_that_is_missing_is_told_at_once_by_name() {
        let told = all(&[(parameter("/a", None), Unfit::Missing), (parameter("/b", Some(3)), Unfit::Missing)]);
        let messages: Vec<_> = told.iter().map(|(code, message, _)| (code.as_str(), message.as_str())).collect();
        assert_eq!(
            messages,
            [
                (
                    "observe::missing",
                    "the SSM parameter `/a` does not exist in account 111122223333, region eu-central-1"
                ),
                (
                    "observe::missing",
                    "version 3 of the SSM parameter `/b` does not exist in account 111122223333, region eu-central-1"
                ),
            ]
        );
    }

    #[test]
    fn a_secret_is_refused_with_what_to_write_instead() {
        let told = all(&[(parameter("/shop/key", Some(2)), Unfit::Secret)]);
        assert_eq!(told[0].0, "observe::secret");
        assert_eq!(told[0].2, "write `{{resolve:ssm-secure:/shop/key:2}}` where the value is needed");
    }

    #[test]
    fn a_value_that_refers_to_another_is_refused() {
        let told = all(&[(parameter("/level", None), Unfit::Reference)]);
        assert_eq!(told[0].0, "observe::reference");
        assert!(told[0].1.starts_with("the value of the SSM parameter `/level`"), "{}", told[0].1);
    }

    #[test]
    fn what_may_not_be_read_is_told_with_where_to_put_it() {
        let zones = Lookup::Zones { region: "eu-south-1".to_owned() };
        let told = all(&[(parameter("/other", None), Unfit::Denied), (zones, Unfit::Denied)]);
        assert!(told.iter().all(|(code, ..)| code == "observe::denied"));
        assert!(told[0].2.contains("`/shop/dev/`") && told[0].2.contains("ReadableParameters"), "{}", told[0].2);
        assert!(told[1].2.contains("eu-south-1"), "{}", told[1].2);
    }
}
