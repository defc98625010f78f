//! Which pages of which origins a bucket lets read it.

use aws_sdk_s3::types::{CorsConfiguration, CorsRule};
use model::CallError;
use serde_json::{Value, json};

use crate::shape::invalid;
use crate::tree::{built, items, list, said, text, whole};

/// What can be asked of a rule.
const KNOWN: [&str; 6] = ["AllowedHeaders", "AllowedMethods", "AllowedOrigins", "ExposedHeaders", "Id", "MaxAge"];

/// The rules that are asked for, as S3 takes them.
pub(super) fn asked(asked: &Value) -> Result<CorsConfiguration, CallError> {
    let rule = |rule: &Value| {
        if let Some(name) = rule.as_object().and_then(|map| map.keys().find(|name| !KNOWN.contains(&name.as_str()))) {
            return Err(invalid(format!("`CorsRules.{name}` is not known")));
        }
        let made = CorsRule::builder()
            .set_id(text(rule, "Id"))
            .set_allowed_headers(list(rule, "AllowedHeaders"))
            .set_allowed_methods(list(rule, "AllowedMethods"))
            .set_allowed_origins(list(rule, "AllowedOrigins"))
            .set_expose_headers(list(rule, "ExposedHeaders"))
            .set_max_age_seconds(whole(rule, "MaxAge"));
        built(made.build())
    };
    let rules = items(asked, "CorsRules").iter().map(rule).collect::<Result<_, _>>()?;
    built(CorsConfiguration::builder().set_cors_rules(Some(rules)).build())
}

/// What S3 shows of rules, as they are asked for.
pub(super) fn observed(rules: &[CorsRule]) -> Value {
    let rule = |rule: &CorsRule| {
        json!({
            "AllowedHeaders": rule.allowed_headers,
            "AllowedMethods": rule.allowed_methods,
            "AllowedOrigins": rule.allowed_origins,
            "ExposedHeaders": rule.expose_headers,
            "Id": rule.id,
            "MaxAge": rule.max_age_seconds,
        })
    };
    said(json!({ "CorsRules": rules.iter().map(rule).collect::<Vec<_>>() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_read_back_as_they_were_asked_for() {
        let given = json!({ "CorsRules": [{
            "AllowedHeaders": ["*"], "AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["https://example.com"],
            "ExposedHeaders": ["etag"], "Id": "site", "MaxAge": 60,
        }] });
        assert_eq!(observed(asked(&given).unwrap().cors_rules()), given);
        assert!(asked(&json!({ "CorsRules": [{ "AllowedMethods": ["GET"] }] })).is_err());
        let odd = json!({ "CorsRules": [{ "AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "Odd": 1 }] });
        assert!(asked(&odd).unwrap_err().message.contains("`CorsRules.Odd`"));
    }
}
