//! What stands next to the agents: stacks, resources, outputs.

use serde_json::{Value, json};

use super::make::{Mapping, either, function, list, mapping, named, one_or_more, scalar, text};
use super::{ignored, stack_name, tags};

/// One entry of `stacks`.
pub(super) fn stack() -> Mapping {
    let nothing = json!({ "type": "null" });
    let of_stack = named(text(), either([scalar(), list(scalar()), nothing.clone()]));
    let parameters = named(text(), either([scalar(), list(scalar()), of_stack, nothing]));
    mapping("a stack")
        .needs("name", stack_name(), "Its name; by it overrides find the entry.")
        .may("template", text(), "The path of a CloudFormation template, YAML or JSON.")
        .may("assembly", text(), "The folder that `cdk synth` wrote (`cdk.out`).")
        .may("stacks", one_or_more(text()), "Of an assembly, which of its stacks; all by default.")
        .may("parameters", parameters, "Values of parameters, by name; of an assembly also by stack and name.")
        .may("tags", tags(), "Tags over the environment's.")
        .may("ignore_changes", ignored(), "By logical id, properties whose later changes here change nothing.")
        .needs_one(&["template", "assembly"])
}

/// Resources as a template has them; what they may say is CloudFormation's.
pub(super) fn resources() -> Value {
    let resource = json!({
        "type": "object",
        "required": ["Type"],
        "properties": {
            "Type": { "type": "string", "description": "The resource type, e.g. `AWS::S3::Bucket`." },
            "Properties": { "description": "What is asked for, as in AWS's reference of the type." },
            "DependsOn": { "description": "Logical ids of what must exist before." },
            "DeletionPolicy": { "description": "What becomes of it when it leaves the config." },
            "UpdateReplacePolicy": { "description": "What becomes of it when another takes its place." },
        },
    });
    named(text(), resource)
}

/// Outputs: a value, or a mapping with it.
pub(super) fn outputs() -> Value {
    let output = json!({
        "type": "object",
        "required": ["Value"],
        "properties": {
            "Value": { "description": "What is given." },
            "Description": { "type": "string", "description": "What it is." },
            "Export": { "type": "object", "description": "Under which `Name` other stacks of the environment import it." },
        },
    });
    named(text(), either([scalar(), output, function()]))
}
