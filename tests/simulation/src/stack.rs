//! Stacks in a few words.

use std::collections::{BTreeMap, BTreeSet};

use model::{Desired, DesiredResource, Environment, EnvironmentId, ResourceAddress, Retention, Stamp, properties};
use serde_json::{Value, json};

/// What should exist, under construction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack(pub Desired);

/// The environment that everything is deployed to.
pub fn environment() -> EnvironmentId {
    EnvironmentId { project: "shop".to_owned(), environment: "dev".to_owned() }
}

/// What its administrator registered.
pub fn registered() -> Environment {
    Environment::new(environment(), "123456789012", "eu-central-1")
}

/// What a deployment stamps on what it makes.
pub fn stamp(deployment: &str) -> Stamp {
    Stamp {
        engine: "e1".to_owned(),
        scope: environment().to_string(),
        version: "1".to_owned(),
        deployed_at: "then".to_owned(),
        deployed_by: deployment.to_owned(),
    }
}

/// The address `a/{name}`.
pub fn address(name: &str) -> ResourceAddress {
    ResourceAddress::new("a", name)
}

/// `{"Ref": …}` to `a/{name}`.
pub fn to(name: &str) -> Value {
    model::expression::reference(&address(name))
}

/// `{"Fn::GetAtt": […, "Arn"]}` of `a/{name}`.
pub fn arn(name: &str) -> Value {
    model::expression::attribute(&address(name), "Arn")
}

impl Default for Stack {
    fn default() -> Self {
        Self::new()
    }
}

impl Stack {
    /// Nothing.
    pub fn new() -> Self {
        let registered = registered();
        Self(Desired {
            environment: registered.id,
            account: registered.account,
            region: registered.region,
            resources: BTreeMap::new(),
            outputs: BTreeMap::new(),
            moved: BTreeMap::new(),
            gates: Vec::new(),
        })
    }

    /// With one more resource, `a/{name}`.
    #[must_use]
    pub fn with(mut self, name: &str, kind: &str, of: Value) -> Self {
        let resource = DesiredResource {
            kind: kind.into(),
            properties: properties(of),
            depends_on: BTreeSet::new(),
            agent: None,
            retention: Retention::Delete,
            ignore_changes: BTreeSet::new(),
            shift: None,
        };
        self.0.resources.insert(address(name), resource);
        self
    }

    /// Without one.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.resources.remove(&address(name));
        self
    }

    /// With another value of one property.
    #[must_use]
    pub fn setting(mut self, name: &str, property: &str, value: impl Into<Value>) -> Self {
        if let Some(resource) = self.0.resources.get_mut(&address(name)) {
            resource.properties.set(property, value);
        }
        self
    }

    /// With one property less.
    #[must_use]
    pub fn unsetting(mut self, name: &str, property: &str) -> Self {
        if let Some(resource) = self.0.resources.get_mut(&address(name)) {
            resource.properties.0.remove(property);
        }
        self
    }

    /// With one that stays in the account when nobody wants it any more.
    #[must_use]
    pub fn retaining(mut self, name: &str) -> Self {
        if let Some(resource) = self.0.resources.get_mut(&address(name)) {
            resource.retention = Retention::Retain;
        }
        self
    }

    /// With one under another name, and everything that refers to it, too.
    #[must_use]
    pub fn moving(mut self, from: &str, under: &str) -> Self {
        let (from, under) = (address(from), address(under));
        if let Some(resource) = self.0.resources.remove(&from) {
            self.0.resources.insert(under.clone(), resource);
        }
        for resource in self.0.resources.values_mut() {
            for value in resource.properties.0.values_mut() {
                rename(value, &from.to_string(), &under.to_string());
            }
            if resource.depends_on.remove(&from) {
                resource.depends_on.insert(under.clone());
            }
        }
        self.0.moved.insert(from, under);
        self
    }
}

/// Replaces a text wherever it stands alone.
pub(crate) fn rename(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(text) if text == from => *text = to.to_owned(),
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, from, to)),
        Value::Object(map) => map.values_mut().for_each(|item| rename(item, from, to)),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A function with its role and log group, in a security group of a VPC.
pub fn in_a_vpc() -> Stack {
    Stack::new()
        .with("Vpc", "AWS::EC2::VPC", json!({ "CidrBlock": "10.0.0.0/16" }))
        .with("Group", "AWS::EC2::SecurityGroup", json!({ "VpcId": to("Vpc"), "GroupDescription": "g" }))
        .with("Role", "AWS::IAM::Role", json!({ "Description": "r" }))
        .with(
            "Function",
            "AWS::Lambda::Function",
            json!({ "Role": arn("Role"), "VpcConfig": { "SecurityGroupIds": [to("Group")] } }),
        )
}
