//! `DeletionPolicy` and `UpdateReplacePolicy`: what becomes of a resource that is no longer asked for, or replaced.

use std::rc::Rc;

use model::Retention;
use source::{Code, Finding, Node, closest, listed};

use crate::evaluate::Evaluator;
use crate::read::Resource;

/// The types of which CloudFormation makes a snapshot before it deletes one ("DeletionPolicy attribute").
const SNAPSHOTS: &[&str] = &[
    "AWS::DocDB::DBCluster",
    "AWS::EC2::Volume",
    "AWS::ElastiCache::CacheCluster",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::Neptune::DBCluster",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::Redshift::Cluster",
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Policy {
    Delete,
    Retain,
}

/// What becomes of `resource`, whose properties came to `properties`.
pub(crate) fn retention(
    resource: &Resource,
    properties: &Node,
    evaluator: &mut Evaluator<'_>,
    findings: &mut Vec<Finding>,
) -> Retention {
    let kind = resource.kind.value.as_str();
    let mut policy = |node: &Option<Rc<Node>>, name: &str, choices: &[&str]| {
        node.as_ref().and_then(|node| policy(node, name, choices, kind, evaluator, findings))
    };
    let deletion =
        policy(&resource.deletion_policy, "DeletionPolicy", &["Delete", "Retain", "RetainExceptOnCreate", "Snapshot"]);
    let replacement = policy(&resource.update_replace_policy, "UpdateReplacePolicy", &["Delete", "Retain", "Snapshot"]);
    let deletion = deletion.unwrap_or_else(|| unsaid(kind, properties));
    match (deletion, replacement) {
        (Policy::Retain, _) | (_, Some(Policy::Retain)) => Retention::Retain,
        (Policy::Delete, None | Some(Policy::Delete)) => Retention::Delete,
    }
}

/// What a type's policy is where nothing is said. Where that is a snapshot, which nothing here makes, it stays.
fn unsaid(kind: &str, properties: &Node) -> Policy {
    match kind {
        "AWS::RDS::DBCluster" => Policy::Retain,
        "AWS::RDS::DBInstance" if properties.get("DBClusterIdentifier").is_none() => Policy::Retain,
        _ => Policy::Delete,
    }
}

fn policy(
    node: &Rc<Node>,
    name: &str,
    choices: &[&str],
    kind: &str,
    evaluator: &mut Evaluator<'_>,
    findings: &mut Vec<Finding>,
) -> Option<Policy> {
    let text = evaluator.text(node, &format!("`{name}`"))?;
    let finding = match text.as_str() {
        "Delete" => return Some(Policy::Delete),
        "Retain" => return Some(Policy::Retain),
        "RetainExceptOnCreate" if choices.contains(&"RetainExceptOnCreate") => return Some(Policy::Retain),
        "Snapshot" if SNAPSHOTS.contains(&kind) => {
            let message = format!("`{name}: Snapshot` is not supported: no snapshot would be made of `{kind}`");
            Finding::new(Code::Unsupported, node.span, message)
                .help("write `Retain` to keep it, or `Delete` to lose what it holds")
        }
        "Snapshot" => {
            let message = format!("`{name}` cannot be `Snapshot`: `{kind}` has none");
            Finding::new(Code::WrongChoice, node.span, message).help("write `Retain` or `Delete`")
        }
        other => {
            let help = match closest(other, choices.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it may be {}", listed(choices, "or")),
            };
            Finding::new(Code::WrongChoice, node.span, format!("`{name}` cannot be `{other}`")).help(help)
        }
    };
    findings.push(finding);
    None
}
