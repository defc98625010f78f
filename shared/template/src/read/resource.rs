//! `Resources`: what should exist.

use std::collections::BTreeMap;
use std::rc::Rc;

use model::ResourceType;
use source::{Code, Finding, Key, Node, Reader, Spanned, Value};

use super::names::is_name;
use super::section::{PROCESSED, plain};
use super::template::Resource;

/// What has an address to which whoever has it signals.
pub(crate) const HANDLE: &str = "AWS::CloudFormation::WaitConditionHandle";
/// What waits for signals.
pub(crate) const CONDITION: &str = "AWS::CloudFormation::WaitCondition";
/// What stands for a stack within a stack.
pub(crate) const STACK: &str = "AWS::CloudFormation::Stack";
/// How the types of AWS SAM begin.
const SERVERLESS: &str = "AWS::Serverless::";

/// The resources of a template, without what only CDK's own statistics need. If `is_sam`, that types of AWS SAM are not supported is
/// told already.
pub(super) fn resources(node: &Rc<Node>, is_sam: bool, reader: &mut Reader<'_>) -> BTreeMap<String, Resource> {
    let node = plain(node, reader);
    let mut resources = BTreeMap::new();
    for (key, node) in reader.entries(&node, "`Resources`", "resources") {
        let is_statistics = node.get("Type").and_then(|kind| kind.scalar()) == Some("AWS::CDK::Metadata");
        if !is_statistics && is_name(key, "a logical id", reader) && !reader.is_full() {
            resources.extend(resource(key, node, is_sam, reader).map(|resource| (key.name.clone(), resource)));
        }
    }
    resources
}

fn resource(key: &Key, node: &Rc<Node>, is_sam: bool, reader: &mut Reader<'_>) -> Option<Resource> {
    let node = plain(node, reader);
    let mut fields = reader.fields(&node, "a resource")?;
    let kind = reader.required(&mut fields, "Type").and_then(|node| reader.text(node, "the type of a resource"));
    let kind = kind.filter(|kind| is_supported(kind, is_sam, reader));
    let properties = reader.optional(&mut fields, "Properties").filter(|node| is_mapping(node, reader)).cloned();
    let condition = reader.optional(&mut fields, "Condition");
    let condition = condition.and_then(|node| reader.written(node, "`Condition`"));
    let depends_on = reader.optional(&mut fields, "DependsOn");
    let depends_on = depends_on.map(|node| reader.texts(node, "`DependsOn`")).unwrap_or_default();
    let deletion_policy = reader.optional(&mut fields, "DeletionPolicy").cloned();
    let update_replace_policy = reader.optional(&mut fields, "UpdateReplacePolicy").cloned();
    let creation = reader.optional(&mut fields, "CreationPolicy").is_some();
    let update = reader.optional(&mut fields, "UpdatePolicy").is_some();
    if let Some(metadata) = reader.optional(&mut fields, "Metadata") {
        instructions(metadata, reader);
    }
    let is_custom = kind.as_ref().is_some_and(|kind| is_custom(&kind.value));
    if node.get("Version").is_some() && is_custom {
        reader.optional(&mut fields, "Version");
    }
    let policies = [("CreationPolicy", creation), ("UpdatePolicy", update)];
    let policies = policies.into_iter().filter(|(_, given)| *given).filter_map(|(name, _)| {
        let node = node.get(name)?;
        Some((Key { span: fields.key(name), name: name.to_owned() }, Rc::clone(node)))
    });
    let policies: Vec<_> = policies.collect();
    reader.finish(fields);
    let kind = kind.unwrap_or_else(|| Spanned::new(String::new(), key.span));
    promises(&kind.value, &policies, reader);
    let name = |name: Spanned<String>| Key { span: name.span, name: name.value };
    Some(Resource {
        key: key.clone(),
        kind: Spanned::new(ResourceType(kind.value), kind.span),
        properties,
        condition: condition.map(name),
        depends_on: depends_on.into_iter().map(name).collect(),
        deletion_policy,
        update_replace_policy,
    })
}

/// Whether a resource of this type is made by code of the user's own.
pub(crate) fn is_custom(kind: &str) -> bool {
    kind.starts_with("Custom::") || kind == "AWS::CloudFormation::CustomResource"
}

/// Properties that are decided as a whole (`!If`) are mappings, too.
fn is_mapping(node: &Node, reader: &mut Reader<'_>) -> bool {
    reader.fields(node, "`Properties`").is_some()
}

/// Whether a type is one that templates are understood with.
fn is_supported(kind: &Spanned<String>, is_sam: bool, reader: &mut Reader<'_>) -> bool {
    let name = kind.value.as_str();
    let (what, help) = if name == "AWS::CloudFormation::Macro" {
        ("makes a macro, which is not supported", "remove it: no template here could use it".to_owned())
    } else if name.ends_with("::MODULE") {
        ("is a module, which is not supported", format!("write out its resources, or {PROCESSED}"))
    } else if name.starts_with(SERVERLESS) {
        let help = format!("write it as the CloudFormation types that it stands for, or {PROCESSED}");
        ("is of AWS SAM, whose macro is not supported", help)
    } else {
        return true;
    };
    let finding = Finding::new(Code::Unsupported, kind.span, format!("`{name}` {what}")).help(help);
    if !(is_sam && name.starts_with(SERVERLESS)) {
        reader.add(finding);
    }
    false
}

/// What `cfn-init` and its kin read from CloudFormation itself, where nothing of the template would be.
fn instructions(metadata: &Node, reader: &mut Reader<'_>) {
    let read = ["AWS::CloudFormation::Init", "AWS::CloudFormation::Authentication"];
    for (key, _) in metadata.entries().unwrap_or_default() {
        if read.contains(&key.name.as_str()) {
            let message =
                format!("`{}` is read by `cfn-init` from CloudFormation, which does not have this template", key.name);
            let help = "put what the instance must do at its start into its `UserData`";
            reader.add(Finding::new(Code::Unsupported, key.span, message).help(help));
        }
    }
}

/// Refuses what a policy promises and nothing here would keep.
fn promises(kind: &str, policies: &[(Key, Rc<Node>)], reader: &mut Reader<'_>) {
    for (key, node) in policies {
        if key.name == "CreationPolicy" {
            let message = "`CreationPolicy` waits for signals, which are not supported";
            let help = match kind {
                CONDITION => "use `Handle`, `Count` and `Timeout` of the wait condition",
                _ => "remove it: a resource counts as made when AWS says that it is ready",
            };
            reader.add(Finding::new(Code::Unsupported, key.span, message).help(help));
            continue;
        }
        if !matches!(node.value, Value::Map(_)) {
            reader.fields(node, "`UpdatePolicy`");
        }
        for (key, _) in node.entries().unwrap_or_default() {
            // Sizes of a group that the template does not change are left alone anyway.
            if key.name == "AutoScalingScheduledAction" {
                continue;
            }
            let message = format!("`{}` of `UpdatePolicy` is not supported", key.name);
            let help = match key.name.as_str() {
                "CodeDeployLambdaAliasUpdate" => "let an agent shift its calls: `shift` in the config",
                _ => "remove it: the resource is changed at once, and replaced where it cannot be",
            };
            reader.add(Finding::new(Code::Unsupported, key.span, message).help(help));
        }
    }
}
