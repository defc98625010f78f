//! `AWS::CloudFormation::CustomResource` and `Custom::…`: a function of the user's own makes, changes and deletes something, and
//! answers to a presigned address.
//!
//! The protocol is CloudFormation's ("Custom resource request objects", "Custom resource response objects"). A request is sent
//! asynchronously, so that it may arrive twice: functions behind custom resources must bear that, here as there. What was
//! asked last is kept beside the answers, so that whatever process looks later knows what to look for. Until the first answer
//! comes, the resource is known by its request.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use engine::ports::{Answers, Creation, Deletion, Existing, Found, Made, Proof, Provider, Readiness, StoreError};
use model::{CallError, ErrorClass, Observed, PhysicalId, Properties, ResourceKey, ResourceType};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::clients::Clients;
use crate::shape::{invalid, required};

/// How long a request may be sent again under its id: as long as its address takes an answer.
const LIFE: Duration = Duration::from_secs(3_600);
/// What the name of something begins with that has not answered yet.
const UNANSWERED: &str = "unanswered-";
/// The longest name that is taken: what CloudFormation takes ("PhysicalResourceId … can be up to 1 KB in size").
const LONGEST: usize = 1_024;

failures!("lambda");

/// The provider of custom resources.
pub struct Custom {
    clients: Clients,
    kind: ResourceType,
    answers: Option<Arc<dyn Answers>>,
    /// The deletions that were asked for here and not refused yet: whoever asks again is not told what was refused before.
    deletions: Mutex<BTreeSet<String>>,
}

/// What a function answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Response {
    status: String,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    physical_resource_id: Option<String>,
    #[serde(default)]
    request_id: Option<String>,
    #[serde(default)]
    no_echo: Option<bool>,
    #[serde(default)]
    data: Option<Map<String, Value>>,
}

/// What a function is asked to do.
#[derive(Debug, Clone, Copy)]
enum Ask<'a> {
    Create,
    Update { id: &'a str, from: &'a Properties },
    Delete { id: &'a str },
}

fn wrong(message: impl Into<String>) -> CallError {
    CallError::local(ErrorClass::Invalid, "custom resource", message)
}

fn stored(error: StoreError) -> CallError {
    // What a function answered does not become another answer.
    let class = match error {
        StoreError::Corrupt { .. } => ErrorClass::Invalid,
        StoreError::Transient { .. } | StoreError::LeaseLost(_) | StoreError::Misconfigured { .. } => {
            ErrorClass::Transient
        }
    };
    CallError::local(class, "custom resource", error.to_string())
}

/// The properties as a function is handed them: every value is text, as CloudFormation hands them over.
fn texts(value: &Value) -> Value {
    match value {
        Value::Object(map) => map.iter().map(|(name, value)| (name.clone(), texts(value))).collect(),
        Value::Array(items) => items.iter().map(texts).collect(),
        Value::Bool(flag) => json!(flag.to_string()),
        Value::Number(number) => json!(number.to_string()),
        Value::Null | Value::String(_) => value.clone(),
    }
}

/// The properties without what is said to the engine alone.
fn handed(properties: &Properties) -> Value {
    let mut map = properties.0.clone();
    map.remove("ServiceTimeout");
    texts(&Value::Object(map))
}

impl Custom {
    /// That of one type, over these clients; where there is nothing that takes answers, no request can be made.
    pub fn new(clients: &Clients, kind: &ResourceType, answers: Option<Arc<dyn Answers>>) -> Self {
        Self { clients: clients.clone(), kind: kind.clone(), answers, deletions: Mutex::default() }
    }

    fn answers(&self) -> Result<&dyn Answers, CallError> {
        self.answers.as_deref().ok_or_else(|| wrong("there is nothing here that takes the answers of functions"))
    }

    async fn send(
        &self,
        key: &ResourceKey,
        request: &str,
        properties: &Properties,
        ask: Ask<'_>,
    ) -> Result<(), CallError> {
        let token = required(properties, "ServiceToken")?;
        if token.split(':').nth(2).is_none_or(|service| service != "lambda") {
            return Err(invalid(format!("`ServiceToken` must be the ARN of a function, not `{token}`")));
        }
        let address = self.answers()?.ask(key, request).await.map_err(stored)?;
        let stack = &key.address.stack;
        let (kind, id, old) = match ask {
            Ask::Create => ("Create", None, None),
            Ask::Update { id, from } => ("Update", Some(id), Some(handed(from))),
            Ask::Delete { id } => ("Delete", Some(id), None),
        };
        let mut event = json!({
            "RequestType": kind,
            "RequestId": request,
            "ResponseURL": address,
            "StackId": self.clients.arn("cloudformation", &format!("stack/{stack}/{key}")),
            "LogicalResourceId": key.address.logical_id,
            "ResourceType": self.kind.as_str(),
            "ServiceToken": token,
            "ResourceProperties": handed(properties),
        });
        if let Value::Object(map) = &mut event {
            map.extend(id.map(|id| ("PhysicalResourceId".to_owned(), json!(id))));
            map.extend(old.map(|old| ("OldResourceProperties".to_owned(), old)));
        }
        let invoke = self.clients.lambda.invoke().function_name(token).invocation_type(InvocationType::Event);
        invoke.payload(Blob::new(event.to_string())).send().await.map_err(failed("Invoke"))?;
        Ok(())
    }

    /// What was answered to a request; none while nothing was.
    async fn response(&self, key: &ResourceKey, request: &str) -> Result<Option<Response>, CallError> {
        let Some(bytes) = self.answers()?.answer(key, request).await.map_err(stored)? else { return Ok(None) };
        let response: Response = serde_json::from_slice(&bytes)
            .map_err(|error| wrong(format!("the function's answer cannot be read: {error}")))?;
        match response.request_id.as_deref() {
            Some(answered) if answered != request => {
                Err(wrong(format!("the function answered the request `{answered}`, and was asked `{request}`")))
            }
            _ => Ok(Some(response)),
        }
    }

    /// The request by which something was last asked to be made that is known by that alone; none where it has a name.
    async fn creation(&self, key: &ResourceKey, id: &PhysicalId) -> Result<Option<String>, CallError> {
        let Some(made) = id.as_str().strip_prefix(UNANSWERED) else { return Ok(None) };
        let again = self.answers()?.asked(key).await.map_err(stored)?.filter(|asked| asked.starts_with(CREATION));
        Ok(Some(again.unwrap_or_else(|| made.to_owned())))
    }

    /// The name by which the function knows it: what it answered to the creation, where nothing but the request is known.
    async fn known_as(&self, key: &ResourceKey, id: &PhysicalId) -> Result<String, CallError> {
        let Some(request) = self.creation(key, id).await? else { return Ok(id.to_string()) };
        let answered = match self.response(key, &request).await {
            // An answer that says nothing names nothing.
            Err(error) if error.class == ErrorClass::Invalid => None,
            answered => answered?,
        };
        let name = answered.and_then(|response| response.physical_resource_id).filter(|name| !name.is_empty());
        Ok(name.unwrap_or_else(|| id.to_string()))
    }

    /// By which name the function knows it, and with which properties it was asked last and answered. Where those are what it
    /// is to be asked with, others that it was or may have been asked with since: it may have to undo them.
    async fn told<'a>(&self, existing: &Existing<'a>, to: &Properties) -> Result<(String, &'a Properties), CallError> {
        let (mut name, mut told) = (None, None);
        for earlier in existing.earlier.iter().rev() {
            let Some(request) = &earlier.token else {
                told = told.or(Some(&earlier.sent));
                break;
            };
            let answered = match self.response(existing.key, request).await {
                Ok(None) => continue,
                Ok(Some(response)) => (response.status == "SUCCESS").then_some(response.physical_resource_id),
                // An answer that cannot be read is a refusal.
                Err(error) if error.class == ErrorClass::Invalid => None,
                Err(error) => return Err(error),
            };
            told = told.or(Some(&earlier.sent));
            if let Some(answered) = answered {
                name = answered.filter(|name| !name.is_empty());
                break;
            }
        }
        let name = match name {
            Some(name) => name,
            None => self.known_as(existing.key, existing.physical_id).await?,
        };
        let other = || existing.sent().find(|sent| *sent != to);
        Ok((name, told.filter(|told| *told != to).or_else(other).unwrap_or(existing.properties)))
    }

    fn made(token: &str) -> Made {
        Made { physical_id: PhysicalId(format!("{UNANSWERED}{token}")), attributes: BTreeMap::new() }
    }
}

/// What is seen of it: what the function says it is known by, and the attributes that it gives.
fn seen(response: Response, existing: &Existing<'_>) -> Result<Observed, CallError> {
    let id = response.physical_resource_id.filter(|id| !id.is_empty());
    let id = id.ok_or_else(|| wrong("the function answered without a `PhysicalResourceId`"))?;
    if id.len() > LONGEST {
        return Err(wrong(format!(
            "the function's `PhysicalResourceId` has {} bytes, and at most {LONGEST} are taken",
            id.len()
        )));
    }
    if response.no_echo == Some(true) {
        return Err(wrong(
            "the function says `NoEcho`: attributes that are secret are not kept; let it store them, and give the name",
        ));
    }
    // What refers to an attribute would read the secret, with the rights of the target role.
    if response.data.iter().flatten().any(|(_, value)| value.to_string().contains("{{resolve:")) {
        return Err(wrong("the function answers with a reference to a stored value, and such are not followed"));
    }
    Ok(Observed {
        physical_id: PhysicalId(id),
        attributes: response.data.unwrap_or_default().into_iter().collect(),
        properties: existing.properties.clone(),
        ownership: None,
    })
}

fn refused(response: Response) -> String {
    let reason = response.reason.filter(|reason| !reason.is_empty());
    format!("the function answered {}: {}", response.status, reason.unwrap_or_else(|| "it gave no reason".to_owned()))
}

#[async_trait]
impl Provider for Custom {
    fn proof(&self) -> Proof {
        Proof::Token { life: LIFE }
    }

    /// Nothing shows it but its function, which is not asked for that: it is what was last answered.
    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        let here = Observed {
            physical_id: existing.physical_id.clone(),
            attributes: BTreeMap::new(),
            properties: existing.properties.clone(),
            ownership: None,
        };
        let asked = self.answers()?.asked(existing.key).await.map_err(stored)?;
        // Another that once had this incarnation's number may have been deleted.
        let deletion = deletion(existing.physical_id);
        let Some(request) = asked.filter(|asked| asked.starts_with(&deletion)) else { return Ok(Some(here)) };
        let refusal = match self.response(existing.key, &request).await {
            Ok(None) => return Ok(Some(here)),
            Ok(Some(response)) if response.status == "SUCCESS" => return Ok(None),
            Ok(Some(response)) => wrong(refused(response)),
            Err(error) if error.class == ErrorClass::Invalid => error,
            Err(error) => return Err(error),
        };
        let was_asked_here = self.deletions.lock().unwrap_or_else(PoisonError::into_inner).remove(&request);
        if was_asked_here { Err(refusal) } else { Ok(Some(here)) }
    }

    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError> {
        let asked = self.answers()?.asked(creation.key).await.map_err(stored)?;
        Ok(match asked.as_deref() == Some(creation.token) {
            true => Found::Ours(Self::made(creation.token)),
            false => Found::Absent,
        })
    }

    async fn create(&self, creation: &Creation<'_>) -> Result<Made, CallError> {
        if self.response(creation.key, creation.token).await?.is_none() {
            self.send(creation.key, creation.token, creation.properties, Ask::Create).await?;
        }
        Ok(Self::made(creation.token))
    }

    async fn converge(&self, existing: &Existing<'_>, creation: &Creation<'_>, fresh: bool) -> Result<(), CallError> {
        if fresh {
            return Ok(());
        }
        let to = creation.properties;
        let Some(request) = self.creation(existing.key, existing.physical_id).await? else {
            return self.update(existing, to).await;
        };
        // What an earlier deployment asked for may have been asked with other properties.
        let is_ours = request == creation.token;
        match self.response(existing.key, &request).await {
            Ok(None) if is_ours => Ok(()),
            Ok(None) => self.send(existing.key, &request, to, Ask::Create).await,
            Ok(Some(response)) if response.status == "SUCCESS" => match is_ours {
                true => Ok(()),
                false => self.update(existing, to).await,
            },
            Err(error) if error.class != ErrorClass::Invalid => Err(error),
            // It was refused, and nothing was made: only another request has another answer.
            Ok(Some(_)) | Err(_) => {
                let again = format!("{CREATION}{}", Uuid::new_v4().simple());
                self.send(existing.key, &again, to, Ask::Create).await
            }
        }
    }

    /// Under the token of the change: whatever process goes on with it asks the same again, and the first answer counts.
    async fn update(&self, existing: &Existing<'_>, to: &Properties) -> Result<(), CallError> {
        let request = existing.token.map_or_else(|| Uuid::new_v4().simple().to_string(), str::to_owned);
        if self.response(existing.key, &request).await?.is_some() {
            return Ok(());
        }
        let (id, from) = self.told(existing, to).await?;
        self.send(existing.key, &request, to, Ask::Update { id: &id, from }).await
    }

    async fn settle(&self, existing: &Existing<'_>) -> Result<Readiness, CallError> {
        let Some(request) = self.answers()?.asked(existing.key).await.map_err(stored)? else {
            return Ok(Readiness::Failed("its function was never asked".to_owned()));
        };
        let response = match self.response(existing.key, &request).await {
            Ok(Some(response)) => response,
            Ok(None) => return Ok(Readiness::Pending("for its function to answer".to_owned())),
            Err(error) if error.class == ErrorClass::Invalid => return Ok(Readiness::Failed(error.message)),
            Err(error) => return Err(error),
        };
        if response.status != "SUCCESS" {
            return Ok(Readiness::Failed(refused(response)));
        }
        Ok(match seen(response, existing) {
            Ok(observed) => Readiness::Ready(Box::new(observed)),
            Err(error) => Readiness::Failed(error.message),
        })
    }

    async fn delete(&self, existing: &Existing<'_>) -> Result<Deletion, CallError> {
        if self.read(existing).await?.is_none() {
            return Ok(Deletion::Gone);
        }
        let id = self.known_as(existing.key, existing.physical_id).await?;
        let request = format!("{}{}", deletion(existing.physical_id), Uuid::new_v4().simple());
        self.send(existing.key, &request, existing.properties, Ask::Delete { id: &id }).await?;
        self.deletions.lock().unwrap_or_else(PoisonError::into_inner).insert(request);
        Ok(Deletion::Going)
    }
}

/// What the id of a request begins with that asks once more for something to be made.
const CREATION: &str = "create-";

/// What the id of a request to delete what has that name begins with.
fn deletion(id: &PhysicalId) -> String {
    format!("delete-{}-", model::Digest::of(id.as_str().as_bytes()).short(16))
}

#[cfg(test)]
mod tests {
    use model::properties;

    use super::*;

    #[test]
    fn a_function_is_handed_texts_and_not_what_the_engine_alone_is_told() {
        let given = properties(
            json!({ "ServiceToken": "arn", "ServiceTimeout": 60, "Count": 3, "On": true, "In": [1, { "A": 2 }] }),
        );
        assert_eq!(
            handed(&given),
            json!({ "ServiceToken": "arn", "Count": "3", "On": "true", "In": ["1", { "A": "2" }] })
        );
    }

    /// Was asked more than once.
    struct Several(BTreeMap<&'static str, &'static str>);

    #[async_trait]
    impl Answers for Several {
        async fn ask(&self, _: &ResourceKey, _: &str) -> Result<String, StoreError> {
            panic!("nothing is asked here")
        }

        async fn asked(&self, _: &ResourceKey) -> Result<Option<String>, StoreError> {
            Ok(None)
        }

        async fn answer(&self, _: &ResourceKey, request: &str) -> Result<Option<Vec<u8>>, StoreError> {
            Ok(self.0.get(request).map(|answer| answer.as_bytes().to_vec()))
        }
    }

    /// What is said of the past to a function that is asked for `to`, which was asked for these before, by request.
    async fn told(earlier: &[(&str, &str)], to: &str) -> String {
        let counted = |count: &str| Properties::new().with("Count", count);
        let earlier = earlier.iter().map(|(count, request)| model::Earlier {
            sent: counted(count),
            token: (!request.is_empty()).then(|| (*request).to_owned()),
        });
        let earlier: Vec<_> = earlier.collect();
        let answers = [
            ("done", r#"{"Status":"SUCCESS","PhysicalResourceId":"x"}"#),
            ("renamed", r#"{"Status":"SUCCESS","PhysicalResourceId":"y"}"#),
            ("refused", r#"{"Status":"FAILED","PhysicalResourceId":"z"}"#),
            ("garbled", "no answer at all"),
        ];
        let fence = Arc::new(engine::fence::Fence::new(Duration::from_secs(1)));
        let clients = Clients::new(&aws_config::SdkConfig::builder().build(), "111122223333", fence);
        let custom = Custom::new(&clients, &"Custom::Counter".into(), Some(Arc::new(Several(answers.into()))));
        let (key, id, to): (ResourceKey, _, _) = ("a/Custom@1".parse().unwrap(), PhysicalId::from("x"), counted(to));
        let existing = Existing { earlier: &earlier, ..Existing::settled(&key, &id, &to) };
        let (name, from) = custom.told(&existing, &to).await.unwrap();
        format!("{name} was {}", from.text("Count").unwrap())
    }

    #[tokio::test]
    async fn a_function_is_told_what_it_answered_last_and_not_what_it_is_asked_for() {
        assert_eq!(told(&[("0", "")], "1").await, "x was 0", "the same again");
        assert_eq!(told(&[("0", ""), ("1", "lost")], "2").await, "x was 0", "it may never have heard of it");
        assert_eq!(told(&[("0", ""), ("1", "lost")], "0").await, "x was 1", "but if it has, it has to go back");
        assert_eq!(told(&[("0", ""), ("1", "refused")], "2").await, "x was 1");
        assert_eq!(told(&[("0", ""), ("1", "garbled")], "0").await, "x was 1");
        assert_eq!(told(&[("0", ""), ("1", "refused")], "1").await, "x was 0");
        assert_eq!(told(&[("0", ""), ("1", "done"), ("2", "lost")], "3").await, "x was 1");
        assert_eq!(told(&[("0", ""), ("1", "renamed")], "2").await, "y was 1", "nobody recorded its answer");
        assert_eq!(told(&[("0", ""), ("1", "renamed"), ("2", "refused")], "3").await, "y was 2");
    }

    /// Was asked something, and has one answer for everything.
    struct Answered {
        asked: String,
        answer: &'static str,
    }

    #[async_trait]
    impl Answers for Answered {
        async fn ask(&self, _: &ResourceKey, _: &str) -> Result<String, StoreError> {
            panic!("nothing is asked here")
        }

        async fn asked(&self, _: &ResourceKey) -> Result<Option<String>, StoreError> {
            Ok(Some(self.asked.clone()))
        }

        async fn answer(&self, _: &ResourceKey, _: &str) -> Result<Option<Vec<u8>>, StoreError> {
            Ok(Some(self.answer.as_bytes().to_vec()))
        }
    }

    fn custom(asked: &str, answer: &'static str) -> Custom {
        let fence = Arc::new(engine::fence::Fence::new(Duration::from_secs(1)));
        let clients = Clients::new(&aws_config::SdkConfig::builder().build(), "111122223333", fence);
        Custom::new(&clients, &"Custom::Counter".into(), Some(Arc::new(Answered { asked: asked.to_owned(), answer })))
    }

    #[tokio::test]
    async fn what_was_refused_to_another_process_may_be_asked_for_again() {
        let key: ResourceKey = "a/Custom@1".parse().unwrap();
        let (id, properties) = (PhysicalId::from("x"), Properties::new());
        let existing = Existing::settled(&key, &id, &properties);
        let request = format!("{}1", deletion(&id));
        for answer in [r#"{"Status":"FAILED","Reason":"not now"}"#, "no answer at all"] {
            let custom = custom(&request, answer);
            assert!(custom.read(&existing).await.unwrap().is_some(), "{answer}");
            custom.deletions.lock().unwrap().insert(request.clone());
            assert_eq!(custom.read(&existing).await.unwrap_err().class, ErrorClass::Invalid, "{answer}");
        }
        let done = custom(&request, r#"{"Status":"SUCCESS"}"#);
        assert!(done.read(&existing).await.unwrap().is_none());
        let other = PhysicalId::from("y");
        let later = done.read(&Existing { physical_id: &other, ..existing }).await.unwrap();
        assert!(later.is_some(), "what was deleted under this key was another");
    }

    #[tokio::test]
    async fn what_answered_nothing_that_can_be_read_is_known_by_its_request() {
        let (key, id): (ResourceKey, _) = ("a/Custom@1".parse().unwrap(), PhysicalId::from("unanswered-0123"));
        assert_eq!(custom("0123", "no answer at all").known_as(&key, &id).await.unwrap(), id.as_str());
        let named = custom("0123", r#"{"Status":"FAILED","PhysicalResourceId":"half"}"#);
        assert_eq!(named.known_as(&key, &id).await.unwrap(), "half");
    }

    #[test]
    fn an_answer_without_a_name_or_with_secrets_is_none() {
        let key: ResourceKey = "a/Custom@1".parse().unwrap();
        let (id, asked) = (PhysicalId::from("x"), Properties::new());
        let existing = Existing::settled(&key, &id, &asked);
        let read = |answer: Value| seen(serde_json::from_value(answer).unwrap(), &existing);
        assert!(read(json!({ "Status": "SUCCESS" })).is_err());
        assert!(read(json!({ "Status": "SUCCESS", "PhysicalResourceId": "y", "NoEcho": true })).is_err());
        let data = json!({ "Url": "{{resolve:secretsmanager:payments}}" });
        assert!(read(json!({ "Status": "SUCCESS", "PhysicalResourceId": "y", "Data": data })).is_err());
        let seen = read(json!({ "Status": "SUCCESS", "PhysicalResourceId": "y", "Data": { "Url": "u" } })).unwrap();
        assert_eq!((seen.physical_id.as_str(), seen.attributes.get("Url")), ("y", Some(&json!("u"))));
    }
}
