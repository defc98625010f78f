//! `AWS::CloudFormation::WaitConditionHandle` and `AWS::CloudFormation::WaitCondition`: a place to which whoever has its address puts
//! signals, and the wait for them ("Create wait conditions in a CloudFormation template").
//!
//! Nothing of the two is in the account. What is known of a handle is a reference that stands for its address: what gets the
//! address gets it at the call, and nothing that is kept has it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use engine::ports::{
    Creation, Deletion, Existing, Found, Made, Proof, Provider, Readiness, Signal, Signals, StoreError,
};
use engine::{handle_of, reference_to_handle, without_addresses};
use futures::{StreamExt, TryStreamExt};
use model::{CallError, ErrorClass, Observed, PhysicalId, Properties};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::shape::{invalid, required};

/// The most signals that a condition waits for.
const MOST: u64 = 1_000;
/// For how many seconds a condition waits at most.
const LONGEST_WAIT: u64 = 3_600;
/// The largest signal, in bytes: twice what `cfn-signal` lets its data have.
const LONGEST: u64 = 8_192;
/// The most text that the data of all signals may have together, in bytes: it is an attribute, and kept.
const MOST_DATA: usize = 65_536;
/// How many signals are read at a time.
const AT_A_TIME: usize = 16;

fn stored(error: StoreError) -> CallError {
    let class = match error {
        StoreError::Corrupt { .. } => ErrorClass::Invalid,
        StoreError::Transient { .. } | StoreError::LeaseLost(_) | StoreError::Misconfigured { .. } => {
            ErrorClass::Transient
        }
    };
    CallError::local(class, "wait condition", error.to_string())
}

/// The provider of handles.
#[derive(Debug)]
pub struct WaitConditionHandle;

impl WaitConditionHandle {
    fn made(id: &str) -> Made {
        let attributes = BTreeMap::from([("Id".to_owned(), json!(id))]);
        Made { physical_id: PhysicalId(reference_to_handle(id)), attributes }
    }
}

#[async_trait]
impl Provider for WaitConditionHandle {
    /// What is made anew is called something else; what was announced is called by its announcement.
    fn proof(&self) -> Proof {
        Proof::Token { life: Duration::MAX }
    }

    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        let id = existing.physical_id.as_str();
        let made = Self::made(handle_of(id).unwrap_or(id));
        Ok(Some(Observed {
            physical_id: existing.physical_id.clone(),
            attributes: made.attributes,
            properties: existing.properties.clone(),
            ownership: None,
        }))
    }

    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError> {
        Ok(Found::Ours(Self::made(creation.token)))
    }

    async fn create(&self, creation: &Creation<'_>) -> Result<Made, CallError> {
        Ok(Self::made(creation.token))
    }

    async fn converge(&self, _: &Existing<'_>, _: &Creation<'_>, _: bool) -> Result<(), CallError> {
        Ok(())
    }

    async fn update(&self, _: &Existing<'_>, _: &Properties) -> Result<(), CallError> {
        Ok(())
    }

    async fn delete(&self, _: &Existing<'_>) -> Result<Deletion, CallError> {
        Ok(Deletion::Gone)
    }
}

/// The provider of conditions.
pub struct WaitCondition {
    signals: Option<Arc<dyn Signals>>,
    /// What was read already: no signal becomes another.
    read: Mutex<BTreeMap<Signal, Arc<Said>>>,
}

/// What a signal says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Said {
    Success {
        id: String,
        data: Value,
    },
    Failure {
        id: Option<String>,
        reason: Option<String>,
    },
    /// Nothing that counts, and why not.
    Nothing(String),
}

/// A signal ("Wait condition signal JSON format").
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Written {
    status: String,
    #[serde(default)]
    unique_id: Option<String>,
    #[serde(default)]
    data: Option<Value>,
    #[serde(default)]
    reason: Option<String>,
}

impl Said {
    /// What `bytes` say to a handle, without its address wherever they repeat that.
    fn of(bytes: &[u8], handle: &str) -> Self {
        let Ok(value) = serde_json::from_slice::<Value>(bytes) else {
            return Self::Nothing("is not JSON".to_owned());
        };
        let written: Written = match serde_json::from_str(&without_addresses(&value.to_string(), handle)) {
            Ok(written) => written,
            Err(error) => return Self::Nothing(format!("is not such JSON as signals are: {error}")),
        };
        let id = written.unique_id.filter(|id| !id.is_empty());
        match (written.status.as_str(), id) {
            ("SUCCESS", Some(id)) => Self::Success { id, data: written.data.unwrap_or_else(|| json!("")) },
            ("SUCCESS", None) => Self::Nothing("has no `UniqueId`".to_owned()),
            ("FAILURE", id) => Self::Failure { id, reason: written.reason },
            _ => Self::Nothing("has a `Status` that is neither `SUCCESS` nor `FAILURE`".to_owned()),
        }
    }
}

/// What a condition asks for.
struct Asked<'a> {
    handle: &'a str,
    count: u64,
}

impl<'a> Asked<'a> {
    fn of(properties: &'a Properties) -> Result<Self, CallError> {
        let handle = required(properties, "Handle")?;
        let handle = handle_of(handle)
            .ok_or_else(|| invalid("`Handle` must be the `Ref` of an `AWS::CloudFormation::WaitConditionHandle`"))?;
        let count = number(properties, "Count", MOST)?.unwrap_or(1);
        // What a function gave could not be looked at before: nobody waits for longer than an address takes signals.
        number(properties, "Timeout", LONGEST_WAIT)?;
        Ok(Self { handle, count })
    }
}

/// A number from 1 to `most`, written as one or as text; none where there is none.
fn number(properties: &Properties, name: &str, most: u64) -> Result<Option<u64>, CallError> {
    let number = match properties.get(name) {
        None => return Ok(None),
        Some(Value::String(text)) => text.parse().ok(),
        Some(other) => other.as_u64(),
    };
    match number.filter(|number| (1..=most).contains(number)) {
        Some(number) => Ok(Some(number)),
        None => Err(invalid(format!("`{name}` goes from 1 to {most}"))),
    }
}

/// What the signals to a handle come to.
#[derive(Debug, PartialEq)]
enum Verdict {
    Met { data: String },
    Failed(String),
    Waits { came: usize, nothing: Vec<String> },
}

/// Every signal counts in the order in which it came, and of each `UniqueId` the first.
fn verdict<'s>(said: impl IntoIterator<Item = &'s Said>, count: u64) -> Verdict {
    let (mut ids, mut data, mut nothing) = (BTreeSet::new(), Map::new(), Vec::new());
    for one in said {
        match one {
            Said::Success { id, data: value } => {
                if ids.insert(id) {
                    data.insert(id.clone(), value.clone());
                }
            }
            Said::Failure { id, .. } if id.as_ref().is_some_and(|id| ids.contains(id)) => {}
            Said::Failure { id, reason } => return Verdict::Failed(failure(id.as_deref(), reason.as_deref())),
            Said::Nothing(why) => nothing.push(why.clone()),
        }
        if u64::try_from(ids.len()).is_ok_and(|came| came >= count) {
            return met(data);
        }
    }
    Verdict::Waits { came: ids.len(), nothing }
}

fn failure(id: Option<&str>, reason: Option<&str>) -> String {
    let by = id.map(|id| format!(" `{}`", id.escape_debug())).unwrap_or_default();
    let reason = reason.filter(|reason| !reason.is_empty()).unwrap_or("it gave no reason");
    format!(
        "the signal{by} says FAILURE: {reason}; what was signalled to a handle stays: to wait anew, give the handle \
         another logical id"
    )
}

fn met(data: Map<String, Value>) -> Verdict {
    let data = Value::Object(data).to_string();
    if data.len() > MOST_DATA {
        let message = format!("the data of the signals has {} bytes, and at most {MOST_DATA} are kept", data.len());
        return Verdict::Failed(message);
    }
    // What refers to an attribute would read the secret, with the rights of the target role.
    if data.contains("{{resolve:") {
        let message = "the data of the signals has an address of the handle in it, or a reference to a stored value: the \
                       one is kept nowhere, and the other is not followed";
        return Verdict::Failed(message.to_owned());
    }
    Verdict::Met { data }
}

impl WaitCondition {
    /// Over what takes signals; where there is nothing that does, no condition can be met.
    pub fn new(signals: Option<Arc<dyn Signals>>) -> Self {
        Self { signals, read: Mutex::default() }
    }

    async fn said(&self, handle: &str) -> Result<Vec<Arc<Said>>, CallError> {
        let signals = self.signals.as_deref().ok_or_else(|| invalid("there is nothing here that takes signals"))?;
        let came = signals.came(handle).await.map_err(stored)?;
        let known = || self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let look = |signal: Signal| async move {
            let earlier = known().get(&signal).cloned();
            if let Some(said) = earlier {
                return Ok(said);
            }
            let said = match signal.size {
                size if size > LONGEST => Said::Nothing(format!("has {size} bytes, and at most {LONGEST} are read")),
                _ => Said::of(&signals.said(handle, &signal).await?, handle),
            };
            let said = Arc::new(said);
            known().insert(signal, Arc::clone(&said));
            Ok::<_, StoreError>(said)
        };
        futures::stream::iter(came).map(look).buffered(AT_A_TIME).try_collect().await.map_err(stored)
    }
}

fn made(token: &str) -> Made {
    Made { physical_id: PhysicalId(format!("wait-{token}")), attributes: BTreeMap::new() }
}

#[async_trait]
impl Provider for WaitCondition {
    fn proof(&self) -> Proof {
        Proof::Token { life: Duration::MAX }
    }

    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        Ok(Some(Observed {
            physical_id: existing.physical_id.clone(),
            attributes: BTreeMap::new(),
            properties: existing.properties.clone(),
            ownership: None,
        }))
    }

    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError> {
        Ok(Found::Ours(made(creation.token)))
    }

    async fn create(&self, creation: &Creation<'_>) -> Result<Made, CallError> {
        Asked::of(creation.properties)?;
        Ok(made(creation.token))
    }

    async fn converge(&self, _: &Existing<'_>, _: &Creation<'_>, _: bool) -> Result<(), CallError> {
        Ok(())
    }

    async fn update(&self, _: &Existing<'_>, _: &Properties) -> Result<(), CallError> {
        Ok(())
    }

    async fn settle(&self, existing: &Existing<'_>) -> Result<Readiness, CallError> {
        let asked = Asked::of(existing.properties)?;
        let said = self.said(asked.handle).await?;
        Ok(match verdict(said.iter().map(AsRef::as_ref), asked.count) {
            Verdict::Met { data } => Readiness::Ready(Box::new(Observed {
                physical_id: existing.physical_id.clone(),
                attributes: BTreeMap::from([
                    ("Data".to_owned(), json!(data)),
                    ("Id".to_owned(), json!(existing.physical_id.as_str())),
                ]),
                properties: existing.properties.clone(),
                ownership: None,
            })),
            Verdict::Failed(why) => Readiness::Failed(why),
            Verdict::Waits { came, nothing } => {
                let left = asked.count.saturating_sub(u64::try_from(came).unwrap_or_default());
                let signals = if asked.count == 1 { "signal" } else { "signals" };
                let other = match (nothing.len(), nothing.last()) {
                    (_, None) => String::new(),
                    (1, Some(why)) => format!(" (one came that does not count: it {why})"),
                    (many, Some(why)) => format!(" ({many} came that do not count; the last {why})"),
                };
                Readiness::Pending(format!("for {left} of {} {signals}{other}", asked.count))
            }
        })
    }

    async fn delete(&self, _: &Existing<'_>) -> Result<Deletion, CallError> {
        Ok(Deletion::Gone)
    }
}

#[cfg(test)]
mod tests;
