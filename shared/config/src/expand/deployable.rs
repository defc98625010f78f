//! What cannot be deployed though it is right: types that nothing here makes, names that the environment may not have, and
//! secrets where they would not stay secret.

use model::{DesiredResource, EnvironmentId, ResourceAddress};
use schema::{Alphabet, Naming, TypeSchema};
use serde_json::Value;
use source::{Code, Finding, Report, Span};

use super::Expanded;

impl Expanded {
    /// Whether everything can be deployed that is asked for. What a lookup is missing for is not judged.
    ///
    /// # Errors
    /// A report of every resource of a type that cannot be made yet, of every name outside of the environment's, and of every
    /// secret in a name, in a custom resource, or written down, each at its place.
    pub fn deployable(&self) -> Result<(), Report> {
        let findings: Vec<Finding> = self.desired.resources.iter().filter_map(|one| self.problem(one)).collect();
        if findings.is_empty() { Ok(()) } else { Err(Report::of(&self.files, findings)) }
    }

    fn problem(&self, (address, resource): (&ResourceAddress, &DesiredResource)) -> Option<Finding> {
        let span = self.places.get(address).copied().unwrap_or_default();
        let Some(schema) = schema::get(&resource.kind).filter(|schema| schema.provided) else {
            let message = format!("`{address}` is of type `{}`, which cannot be deployed yet", resource.kind);
            let help = "deploy it by other means and refer to it by its ARN or name, or do without it";
            return Some(Finding::new(Code::NotProvided, span, message).help(help));
        };
        secret(address, resource, schema, span)
            .or_else(|| written(address, resource, span))
            .or_else(|| name(&self.desired.environment, address, resource, schema.naming?, span))
    }
}

/// A secret where it would not stay one: a name is kept and shown, and so is what the function of a custom resource answers.
fn secret(address: &ResourceAddress, resource: &DesiredResource, schema: &TypeSchema, span: Span) -> Option<Finding> {
    let name = schema.naming.map(|naming| naming.property);
    let is_named_by_one = name.and_then(|name| resource.properties.get(name)).is_some_and(holds_secret);
    let (message, help) = if is_named_by_one {
        (
            format!("the name of `{address}` is a secret, and names are kept and shown"),
            "refer to it in another property",
        )
    } else if schema.answers && resource.properties.0.values().any(holds_secret) {
        let message =
            format!("a secret cannot stand in the custom resource `{address}`: what its function answers is kept");
        (message, "hand over the secret's name, and let the function read it")
    } else {
        return None;
    };
    Some(Finding::new(Code::MisplacedReference, span, message).help(help))
}

/// The value of a secret, written down: a config is kept and shown, and so is what was asked for.
fn written(address: &ResourceAddress, resource: &DesiredResource, span: Span) -> Option<Finding> {
    let value = resource.properties.get("SecretString")?;
    if resource.kind.as_str() != "AWS::SecretsManager::Secret" || !value.is_string() || holds_secret(value) {
        return None;
    }
    let message =
        format!("the value of the secret `{address}` is written down, and what is asked for is kept and shown");
    let help = "have it made up with `GenerateSecretString`, refer to one that is stored, as in \
                `{{resolve:ssm-secure:/name}}`, or ask for no value and put it in with the AWS CLI";
    Some(Finding::new(Code::Secret, span, message).help(help))
}

/// Whether a reference to a secret stands in a value, put together later or not.
fn holds_secret(value: &Value) -> bool {
    match value {
        Value::String(text) => {
            ["{{resolve:ssm-secure:", "{{resolve:secretsmanager:"].iter().any(|begin| text.contains(begin))
        }
        Value::Array(items) => items.iter().any(holds_secret),
        Value::Object(fields) => fields.values().any(holds_secret),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Services whose resources are known by something else than their names: roles by their path, APIs by their ids.
const BY_OTHER_MEANS: [&str; 2] = ["AWS::IAM::", "AWS::ApiGateway"];

/// A name that the environment's target role would not let anybody make.
fn name(
    environment: &EnvironmentId,
    address: &ResourceAddress,
    resource: &DesiredResource,
    naming: Naming,
    span: Span,
) -> Option<Finding> {
    if BY_OTHER_MEANS.iter().any(|service| resource.kind.as_str().starts_with(service)) {
        return None;
    }
    let name = match resource.properties.get(naming.property)? {
        Value::String(name) => name,
        _ => return None,
    };
    let EnvironmentId { project, environment } = environment;
    let heads = match naming.alphabet {
        Alphabet::Path => vec![format!("{}{project}/{environment}/", naming.prefix)],
        Alphabet::Mixed | Alphabet::Lower if resource.kind.as_str() == "AWS::Logs::LogGroup" => {
            let groups = ["/aws/lambda/", "/aws/apigateway/"];
            groups.map(|group| format!("{group}{project}-{environment}-")).to_vec()
        }
        Alphabet::Mixed | Alphabet::Lower => vec![format!("{}{project}-{environment}-", naming.prefix)],
    };
    if heads.iter().any(|head| name.starts_with(head.as_str())) {
        return None;
    }
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let message = format!("`{address}` is named `{}`, which is not a name of this environment", name.escape_debug());
    let help =
        format!("remove `{}`: a name is then made; or begin it with {}", naming.property, source::listed(&heads, "or"));
    Some(Finding::new(Code::NameOutside, span, message).help(help))
}
