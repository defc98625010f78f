//! Native providers: one file a resource type, and the clients of a target account that they share.
//!
//! Owns how a resource type is read, found, made, changed and deleted through its own service's API, and what class an error
//! of that API belongs to. Never decides whether something should be done, never retries, never keeps a record: the engine
//! does. Reaches AWS only through an environment's target role, and no mutating request passes the fence's refusal.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use elsa::sync::FrozenMap;
use engine::Revealing;
use engine::ports::{Answers, Owned, Provider, Providers, Secrets, Signals};
use model::{CallError, ResourceType, Stamp};

#[macro_use]
pub mod error;

pub mod apigatewayv2;
pub mod arn;
mod attached;
pub mod clients;
pub mod cloudformation;
pub mod cloudwatch;
pub mod dynamodb;
pub mod events;
pub mod health;
pub mod iam;
pub mod interceptor;
pub mod lambda;
pub mod logs;
pub mod lookup;
pub mod marks;
mod owned;
pub mod rights;
pub mod s3;
pub mod secrets;
pub mod secretsmanager;
pub mod shape;
pub mod sns;
pub mod sqs;
pub mod ssm;
pub mod tags;
pub mod tree;

pub use clients::{Clients, Target, connect};
pub use error::call_error;
pub use health::NativeHealth;
pub use rights::Rights;
pub use secrets::NativeSecrets;

/// What every custom resource is a kind of.
const CUSTOM: &str = "AWS::CloudFormation::CustomResource";
const CONDITION: &str = "AWS::CloudFormation::WaitCondition";
const HANDLE: &str = "AWS::CloudFormation::WaitConditionHandle";

/// The providers of one target account and region, by resource type.
pub struct NativeProviders {
    clients: Clients,
    by_type: BTreeMap<String, Box<dyn Provider>>,
    /// Those of custom resources, by the type that their requests name, as they are asked for.
    custom: FrozenMap<String, Box<Revealing<cloudformation::Custom>>>,
    answers: Option<Arc<dyn Answers>>,
    secrets: Arc<dyn Secrets>,
}

impl NativeProviders {
    /// Every native provider, over these clients, with nothing that takes the answers of custom resources, or signals.
    pub fn new(clients: Clients) -> Self {
        Self::over(clients, None, None)
    }

    /// The same, with what takes the answers of custom resources and the signals to wait condition handles.
    pub fn told(clients: Clients, answers: Arc<dyn Answers>, signals: Arc<dyn Signals>) -> Self {
        Self::over(clients, Some(answers), Some(signals))
    }

    fn over(clients: Clients, answers: Option<Arc<dyn Answers>>, signals: Option<Arc<dyn Signals>>) -> Self {
        let by_type = BTreeMap::new();
        let secrets = Arc::new(NativeSecrets::new(&clients, signals.clone()));
        let mut all = Self { clients: clients.clone(), by_type, custom: FrozenMap::new(), answers, secrets };
        // The two know no more of an address than the reference to it.
        all.by_type.insert(CONDITION.to_owned(), Box::new(cloudformation::WaitCondition::new(signals)));
        all.by_type.insert(HANDLE.to_owned(), Box::new(cloudformation::WaitConditionHandle));
        all.add("AWS::ApiGatewayV2::Api", apigatewayv2::Api::new(&clients));
        all.add("AWS::ApiGatewayV2::Integration", apigatewayv2::Integration::new(&clients));
        all.add("AWS::ApiGatewayV2::Route", apigatewayv2::Route::new(&clients));
        all.add("AWS::ApiGatewayV2::Stage", apigatewayv2::Stage::new(&clients));
        all.add("AWS::CloudWatch::Alarm", cloudwatch::Alarm::new(&clients));
        all.add("AWS::DynamoDB::Table", dynamodb::Table::new(&clients));
        all.add("AWS::Events::Rule", events::Rule::new(&clients));
        all.add("AWS::IAM::Policy", iam::policy(clients.iam.clone()));
        all.add("AWS::IAM::Role", iam::Role::new(clients.iam.clone()));
        all.add("AWS::Lambda::Alias", lambda::Alias::new(clients.lambda.clone()));
        all.add("AWS::Lambda::EventSourceMapping", lambda::EventSourceMapping::new(&clients));
        all.add("AWS::Lambda::Function", lambda::Function::new(&clients));
        all.add("AWS::Lambda::LayerVersion", lambda::LayerVersion::new(clients.lambda.clone()));
        all.add("AWS::Lambda::Permission", lambda::Permission::new(clients.lambda.clone()));
        all.add("AWS::Lambda::Url", lambda::Url::new(&clients));
        all.add("AWS::Lambda::Version", lambda::Version::new(clients.lambda.clone()));
        all.add("AWS::Logs::LogGroup", logs::LogGroup::new(&clients));
        all.add("AWS::S3::Bucket", s3::Bucket::new(&clients));
        all.add("AWS::S3::BucketPolicy", s3::BucketPolicy::new(&clients));
        all.add("AWS::SNS::Subscription", sns::Subscription::new(&clients));
        all.add("AWS::SNS::Topic", sns::Topic::new(&clients));
        all.add("AWS::SNS::TopicPolicy", sns::topic_policy(&clients));
        all.add("AWS::SQS::Queue", sqs::Queue::new(&clients));
        all.add("AWS::SQS::QueuePolicy", sqs::queue_policy(&clients));
        all.add("AWS::SSM::Parameter", ssm::Parameter::new(&clients));
        all.add("AWS::SecretsManager::Secret", secretsmanager::Secret::new(&clients));
        all
    }

    /// The types that have a provider.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        self.by_type.keys().map(String::as_str).chain([CUSTOM])
    }

    fn add(&mut self, kind: &str, provider: impl Provider + 'static) {
        let provider = Revealing::new(provider, Arc::clone(&self.secrets));
        self.by_type.insert(kind.to_owned(), Box::new(provider));
    }
}

#[async_trait]
impl Providers for NativeProviders {
    async fn owned(&self, stamp: &Stamp) -> Result<Vec<Owned>, CallError> {
        owned::owned(&self.clients, stamp).await
    }

    fn get(&self, kind: &ResourceType) -> Option<&dyn Provider> {
        let name = schema::get(kind)?.name;
        if name == CUSTOM {
            let custom = || {
                let custom = cloudformation::Custom::new(&self.clients, kind, self.answers.clone());
                Box::new(Revealing::handles(custom, Arc::clone(&self.secrets)))
            };
            let known = self.custom.get(kind.as_str());
            return Some(known.unwrap_or_else(|| self.custom.insert(kind.to_string(), custom())));
        }
        self.by_type.get(name).map(AsRef::as_ref)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;
    use std::time::Duration;

    use aws_config::SdkConfig;
    use engine::fence::Fence;

    use super::*;

    #[test]
    fn every_type_of_the_schema_has_a_provider_and_no_other_has() {
        let fence = Arc::new(Fence::new(Duration::from_secs(1)));
        let providers = NativeProviders::new(Clients::new(&SdkConfig::builder().build(), "111122223333", fence));
        let known: BTreeSet<&str> = schema::all().iter().filter(|kind| kind.provided).map(|kind| kind.name).collect();
        assert_eq!(providers.types().collect::<BTreeSet<_>>(), known);
    }
}
