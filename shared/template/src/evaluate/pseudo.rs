//! Pseudo parameters ("Get AWS values using pseudo parameters").

use model::{Digest, Environment};

use crate::scope::Scope;

/// Every pseudo parameter.
pub(super) const NAMES: &[&str] = &[
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

/// What a pseudo parameter is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pseudo {
    Text(String),
    /// An empty list: nobody is notified by CloudFormation.
    Nobody,
    NoValue,
}

/// The value of a pseudo parameter; none where there is none of that name.
pub(super) fn value(scope: &Scope<'_>, name: &str) -> Option<Pseudo> {
    let environment = scope.context.environment;
    let region = environment.region.as_str();
    let text = match name {
        "AWS::AccountId" => environment.account.clone(),
        "AWS::Region" => region.to_owned(),
        "AWS::Partition" => partition(region).0.to_owned(),
        "AWS::URLSuffix" => partition(region).1.to_owned(),
        "AWS::StackName" => stack_name(environment, scope.stack),
        "AWS::StackId" => stack_id(environment, scope.stack),
        "AWS::NotificationARNs" => return Some(Pseudo::Nobody),
        "AWS::NoValue" => return Some(Pseudo::NoValue),
        _ => return None,
    };
    Some(Pseudo::Text(text))
}

fn stack_name(environment: &Environment, stack: &str) -> String {
    format!("{}-{}-{stack}", environment.id.project, environment.id.environment)
}

/// What has the form of a stack's ARN, always the same for the same stack.
pub(super) fn stack_id(environment: &Environment, stack: &str) -> String {
    let (name, region, account) = (stack_name(environment, stack), &environment.region, &environment.account);
    let arn = format!("arn:{}:cloudformation:{region}:{account}:stack/{name}", partition(region).0);
    format!("{arn}/{}", like_uuid(&Digest::of(arn.as_bytes())))
}

/// The partition of a region, and the suffix of its domains.
pub(super) fn partition(region: &str) -> (&'static str, &'static str) {
    match region {
        _ if region.starts_with("cn-") => ("aws-cn", "amazonaws.com.cn"),
        _ if region.starts_with("us-gov-") => ("aws-us-gov", "amazonaws.com"),
        _ if region.starts_with("us-isob-") => ("aws-iso-b", "sc2s.sgov.gov"),
        _ if region.starts_with("us-iso-") => ("aws-iso", "c2s.ic.gov"),
        _ => ("aws", "amazonaws.com"),
    }
}

/// The digits of a digest with hyphens where a UUID has them: templates cut stack ids apart there.
fn like_uuid(digest: &Digest) -> String {
    let digits = digest.short(32);
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}
