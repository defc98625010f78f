//! Which program a resource runs, told apart from its settings.

use model::{Properties, ResourceType};
use serde_json::Value;

/// Types that run code of their own, and the property that says which; of a task definition each of its containers does.
const PROGRAMS: [(&str, &str); 5] = [
    ("AWS::BedrockAgentCore::Runtime", "AgentRuntimeArtifact"),
    ("AWS::ECS::TaskDefinition", "ContainerDefinitions"),
    ("AWS::Lambda::Function", "Code"),
    ("AWS::Lambda::LayerVersion", "Content"),
    ("AWS::Lambda::Version", "CodeSha256"),
];

/// Whether resources of a type run code of their own.
pub fn runs_code(kind: &ResourceType) -> bool {
    PROGRAMS.iter().any(|(name, _)| *name == kind.as_str())
}

/// The values in `properties` that say which code runs. None of a type that runs none.
pub fn code<'p>(kind: &ResourceType, properties: &'p Properties) -> Vec<&'p Value> {
    match PROGRAMS.iter().find(|(name, _)| *name == kind.as_str()) {
        None => Vec::new(),
        Some((_, "ContainerDefinitions")) => {
            let containers = properties.get("ContainerDefinitions").and_then(Value::as_array);
            containers.into_iter().flatten().filter_map(|container| container.get("Image")).collect()
        }
        Some((_, property)) => properties.get(property).into_iter().collect(),
    }
}

/// The properties without what says which code runs.
pub fn settings(kind: &ResourceType, properties: &Properties) -> Properties {
    let mut rest = properties.clone();
    match PROGRAMS.iter().find(|(name, _)| *name == kind.as_str()) {
        None => {}
        Some((_, "ContainerDefinitions")) => {
            let containers = rest.0.get_mut("ContainerDefinitions").and_then(Value::as_array_mut);
            for container in containers.into_iter().flatten().filter_map(Value::as_object_mut) {
                container.remove("Image");
            }
        }
        Some((_, property)) => drop(rest.0.remove(*property)),
    }
    rest
}

#[cfg(test)]
mod tests {
    use model::properties;
    use serde_json::json;

    use super::*;

    #[test]
    fn code_is_told_apart_from_settings() {
        for (kind, of, says, rest) in [
            (
                "AWS::Lambda::Function",
                json!({ "Code": { "S3Key": "a" }, "Timeout": 3 }),
                json!([{ "S3Key": "a" }]),
                json!({ "Timeout": 3 }),
            ),
            ("AWS::BedrockAgentCore::Runtime", json!({ "AgentRuntimeArtifact": "a" }), json!(["a"]), json!({})),
            (
                "AWS::ECS::TaskDefinition",
                json!({ "Cpu": "1", "ContainerDefinitions": [{ "Image": "a", "Name": "x" }, { "Name": "y" }] }),
                json!(["a"]),
                json!({ "Cpu": "1", "ContainerDefinitions": [{ "Name": "x" }, { "Name": "y" }] }),
            ),
            (
                "AWS::ECS::TaskDefinition",
                json!({ "ContainerDefinitions": { "Ref": "a/B" } }),
                json!([]),
                json!({ "ContainerDefinitions": { "Ref": "a/B" } }),
            ),
            ("AWS::SQS::Queue", json!({ "Code": 1 }), json!([]), json!({ "Code": 1 })),
        ] {
            let (kind, of) = (kind.into(), properties(of));
            assert_eq!((json!(code(&kind, &of)), settings(&kind, &of)), (says, properties(rest)), "{kind}");
        }
    }
}
