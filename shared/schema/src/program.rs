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

/// The values in `properties` that say which code runs, and the properties without them. No values of a type that runs none.
pub fn program(kind: &ResourceType, properties: &Properties) -> (Vec<Value>, Properties) {
    let mut rest = properties.clone();
    match PROGRAMS.iter().find(|(name, _)| *name == kind.as_str()) {
        None => (Vec::new(), rest),
        Some((_, "ContainerDefinitions")) => images(rest),
        Some((_, property)) => (rest.0.remove(*property).into_iter().collect(), rest),
    }
}

/// The images of containers.
fn images(mut rest: Properties) -> (Vec<Value>, Properties) {
    let containers = rest.0.get_mut("ContainerDefinitions").and_then(Value::as_array_mut);
    let image = |container: &mut Value| container.as_object_mut()?.remove("Image");
    let images = containers.into_iter().flatten().filter_map(image).collect();
    (images, rest)
}

#[cfg(test)]
mod tests {
    use model::properties;
    use serde_json::json;

    use super::*;

    #[test]
    fn code_is_told_apart_from_settings() {
        for (kind, of, code, rest) in [
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
            let (found, left) = program(&kind.into(), &properties(of));
            assert_eq!((json!(found), left), (code, properties(rest)), "{kind}");
        }
    }
}
