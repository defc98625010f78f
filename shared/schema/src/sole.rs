//! What AWS tells things from others of their type by, where nobody chooses a name.

use model::ResourceType;
use serde_json::Value;

use crate::types::get;

/// The properties by which AWS tells what has no name from others of its type; none where it tells them apart in any case.
pub fn sole(kind: &ResourceType) -> &'static [&'static str] {
    get(kind).map(|schema| schema.sole).unwrap_or_default()
}

/// What AWS knows something by: two of one type that are known by the same are the same thing. `value` gives the value of a
/// property as it is sent, none where that is not known; nothing inside where the property is left out. None where AWS tells such things apart
/// in any case, or a value is not known.
pub fn known_by(kind: &ResourceType, value: impl Fn(&str) -> Option<Option<Value>>) -> Option<String> {
    let values: Vec<Value> = sole(kind).iter().map(|name| Some(plain(value(name)?))).collect::<Option<_>>()?;
    // Without the first, it is known by something else.
    let is_known = values.first().is_some_and(|first| !first.is_null());
    is_known.then(|| format!("{kind} {}", Value::Array(values)))
}

/// A function is the same by its ARN and by its name.
fn plain(value: Option<Value>) -> Value {
    match value {
        Some(Value::String(text)) => {
            let name = text.strip_prefix("arn:").and_then(|rest| Some(rest.split_once(":function:")?.1.to_owned()));
            Value::String(name.unwrap_or(text))
        }
        other => other.unwrap_or(Value::Null),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

    use serde_json::json;

    use super::*;

    #[test]
    fn what_aws_takes_for_the_same_is_known_by_the_same() {
        let known = |kind: &str, of: Value| known_by(&kind.into(), |name| Some(of.get(name).cloned()));
        let url =
            |function: &str| known("AWS::Lambda::Url", json!({ "TargetFunctionArn": function, "AuthType": "NONE" }));
        assert_eq!(url("f"), url("arn:aws:lambda:eu-central-1:111122223333:function:f"));
        assert!(url("f").is_some() && url("f") != url("f:live") && url("f") != url("g"));
        assert_eq!(known("AWS::Lambda::Url", json!({ "Qualifier": "live" })), None, "of nothing");
        assert_eq!(known("AWS::SQS::Queue", json!({ "QueueName": "q" })), None, "it has a name");
        let topic = |name: &str| if name == "TopicArn" { None } else { Some(Some(json!("x"))) };
        assert_eq!(known_by(&"AWS::SNS::Subscription".into(), topic), None, "which topic is not known yet");
    }
}
