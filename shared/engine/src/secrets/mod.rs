//! Secrets in properties: read right before a call, sent, and seen by nothing else.
//!
//! Everything that is kept (what is asked for, sent and observed, plans, journals, errors) holds the reference as it was
//! written. No value is ever kept, and no hash of one: see `docs/decisions/secrets-are-in-no-record.md`.

mod cover;
mod reference;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use model::{CallError, Earlier, ErrorClass, Observed, Properties};
use serde_json::{Map, Value};

use crate::ports::{
    Creation, Deletion, Existing, Found, Made, Proof, Provider, Readiness, Secret, SecretReference, Secrets,
};
use cover::Cover;
use reference::{Part, parts};

pub use cover::without_addresses;
pub(crate) use reference::is_fed;
pub use reference::{handle_of, reference_to_handle};

/// A provider that is handed values where it is asked with references, and whose answers hold references where it gives
/// values.
///
/// # Guarantees
/// - No value of a secret leaves it: neither in what was made, found or observed, nor in an error.
/// - Where no property refers to a secret it does nothing of its own.
/// - What AWS shows of a property that a secret fed is the reference, where that is what the secret is now. Where it is
///   another value it is `{{changed}}`, whichever side changed.
///
/// # Caveats
/// An update whose properties refer to the same secrets as before tells AWS of them only together with something else that
/// changes: a new value behind an old reference is no change.
pub struct Revealing<P> {
    inner: P,
    secrets: Arc<dyn Secrets>,
    reveals: Reveals,
}

/// What a provider is handed the values of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reveals {
    /// Whatever is referred to.
    Everything,
    /// The addresses of wait condition handles, and no secret of the user's own.
    Handles,
}

impl<P: fmt::Debug> fmt::Debug for Revealing<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revealing").field("inner", &self.inner).finish_non_exhaustive()
    }
}

/// The values of secrets, by reference as it is written.
type Known = BTreeMap<String, Secret>;

impl<P: Provider> Revealing<P> {
    /// `inner`, with these secrets.
    pub fn new(inner: P, secrets: Arc<dyn Secrets>) -> Self {
        Self { inner, secrets, reveals: Reveals::Everything }
    }

    /// `inner`, with the addresses of handles alone: what else is referred to stays as it is written. For providers that hand
    /// properties to code of the user's own, also when they delete.
    pub fn handles(inner: P, secrets: Arc<dyn Secrets>) -> Self {
        Self { inner, secrets, reveals: Reveals::Handles }
    }

    fn references(&self, properties: &Properties) -> BTreeMap<String, SecretReference> {
        let mut found = references(properties);
        if self.reveals == Reveals::Handles {
            found.retain(|_, reference| matches!(reference, SecretReference::Handle { .. }));
        }
        found
    }

    /// What covers whatever AWS shows or says of it; none where no secret was ever sent to it, as far as is known.
    async fn cover(&self, existing: &Existing<'_>) -> Result<Option<Cover>, CallError> {
        let stood: Vec<&Properties> = stood(existing).collect();
        if !stood.iter().any(|properties| properties.0.values().any(cover::is_covered)) {
            return Ok(None);
        }
        let mut known = Known::new();
        for properties in stood {
            known.extend(self.readable(properties).await?);
        }
        Ok(Some(Cover::new(&known)))
    }

    /// What AWS said to a call that sent no secret: it may speak of what stands there.
    async fn told<T>(&self, existing: &Existing<'_>, answer: Result<T, CallError>) -> Result<T, CallError> {
        let Err(error) = answer else { return answer };
        Err(match self.cover(existing).await {
            Ok(None) => error,
            Ok(Some(cover)) => cover.error(error),
            Err(_) => CallError { message: "what AWS said may hold a secret, and is left out".to_owned(), ..error },
        })
    }

    /// The secrets that properties refer to.
    async fn known(&self, properties: &Properties) -> Result<Known, CallError> {
        let mut known = Known::new();
        for (written, reference) in self.references(properties) {
            known.insert(written, self.secrets.value(&reference).await?);
        }
        Ok(known)
    }

    /// Those of them that can be read: one that cannot be any more keeps nobody from looking at what it once fed.
    async fn readable(&self, properties: &Properties) -> Result<Known, CallError> {
        let mut known = Known::new();
        for (written, reference) in self.references(properties) {
            if matches!(reference, SecretReference::Handle { .. }) {
                // Every address that a handle ever had is told by what the handle is called.
                known.insert(written, Secret::new(""));
                continue;
            }
            match self.secrets.value(&reference).await {
                Ok(secret) => drop(known.insert(written, secret)),
                Err(error) if passes(error.class) => return Err(error),
                Err(error) => tracing::warn!(secret = %reference, class = %error.class, "a secret cannot be read"),
            }
        }
        Ok(known)
    }
}

/// Whether a failure passes by itself.
fn passes(class: ErrorClass) -> bool {
    matches!(class, ErrorClass::Throttled | ErrorClass::Transient | ErrorClass::NotPropagated | ErrorClass::Busy)
}

/// Whether a reference to a secret stands anywhere in properties.
pub fn refers_to_secret(properties: &Properties) -> bool {
    properties.0.values().any(is_fed)
}

/// Every reference to a secret in properties, as it is written.
fn references(properties: &Properties) -> BTreeMap<String, SecretReference> {
    fn collect(value: &Value, found: &mut BTreeMap<String, SecretReference>) {
        match value {
            Value::String(text) => {
                for part in parts(text) {
                    if let Part::Secret(written, reference) = part {
                        found.insert(written.to_owned(), reference);
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
            Value::Object(fields) => fields.values().for_each(|field| collect(field, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let mut found = BTreeMap::new();
    properties.0.values().for_each(|value| collect(value, &mut found));
    found
}

/// Properties with values in place of those references that are known.
fn revealed(properties: &Properties, known: &Known) -> Properties {
    fn value_of(value: &Value, known: &Known) -> Value {
        match value {
            Value::String(text) => Value::String(text_of(text, known)),
            Value::Array(items) => items.iter().map(|item| value_of(item, known)).collect(),
            Value::Object(fields) => {
                fields.iter().map(|(name, field)| (name.clone(), value_of(field, known))).collect::<Map<_, _>>().into()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }
    fn text_of(text: &str, known: &Known) -> String {
        let part = |part| match part {
            Part::Plain(text) => text.to_owned(),
            Part::Secret(written, _) => {
                known.get(written).map_or_else(|| written.to_owned(), |secret| secret.reveal().to_owned())
            }
        };
        parts(text).into_iter().map(part).collect()
    }
    properties.0.iter().map(|(name, value)| (name.clone(), value_of(value, known))).collect()
}

fn earlier(existing: &Existing<'_>, known: &Known) -> Vec<Earlier> {
    let reveal = |one: &Earlier| Earlier { sent: revealed(&one.sent, known), token: one.token.clone() };
    existing.earlier.iter().map(reveal).collect()
}

/// Everything of it that may stand, or be seen.
fn stood<'a>(existing: &Existing<'a>) -> impl Iterator<Item = &'a Properties> {
    existing.sent().chain(existing.before.iter().copied())
}

/// A secret in a name cannot be covered: everything is known by its name.
fn covered(cover: &Cover, made: Made) -> Result<Made, CallError> {
    if cover.holds(made.physical_id.as_str()) {
        return Err(CallError::local(ErrorClass::Invalid, "create", NAMED));
    }
    Ok(Made { attributes: cover.attributes(made.attributes), ..made })
}

/// What is wrong with what is known by a secret.
const NAMED: &str = "AWS knows it by a name with a secret in it, and names are kept and shown: refer to the secret in another \
                     property, and delete what was made by hand";

#[async_trait]
impl<P: Provider> Provider for Revealing<P> {
    fn proof(&self) -> Proof {
        self.inner.proof()
    }

    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        let Some(cover) = self.cover(existing).await? else { return self.inner.read(existing).await };
        let observed = self.inner.read(existing).await.map_err(|error| cover.error(error))?;
        Ok(observed.map(|observed| cover.observed(observed, stood(existing))))
    }

    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError> {
        if !refers_to_secret(creation.properties) {
            return self.inner.find(creation).await;
        }
        let cover = Cover::new(&self.readable(creation.properties).await?);
        Ok(match self.inner.find(creation).await.map_err(|error| cover.error(error))? {
            Found::Ours(made) => Found::Ours(covered(&cover, made)?),
            Found::Foreign(id) => Found::Foreign(cover.id(id)),
            Found::Absent => Found::Absent,
        })
    }

    async fn create(&self, creation: &Creation<'_>) -> Result<Made, CallError> {
        if !refers_to_secret(creation.properties) {
            return self.inner.create(creation).await;
        }
        let known = self.known(creation.properties).await?;
        let (cover, properties) = (Cover::new(&known), revealed(creation.properties, &known));
        let made = self.inner.create(&Creation { properties: &properties, ..*creation }).await;
        made.map_err(|error| cover.error(error)).and_then(|made| covered(&cover, made))
    }

    async fn converge(&self, existing: &Existing<'_>, creation: &Creation<'_>, fresh: bool) -> Result<(), CallError> {
        if !refers_to_secret(creation.properties) {
            return self.told(existing, self.inner.converge(existing, creation, fresh).await).await;
        }
        let known = self.known(creation.properties).await?;
        let (from, to) = (revealed(existing.properties, &known), revealed(creation.properties, &known));
        let (cover, earlier) = (Cover::new(&known), earlier(existing, &known));
        let there = Existing { properties: &from, earlier: &earlier, ..*existing };
        let converged = self.inner.converge(&there, &Creation { properties: &to, ..*creation }, fresh).await;
        self.told(existing, converged.map_err(|error| cover.error(error))).await
    }

    async fn update(&self, existing: &Existing<'_>, to: &Properties) -> Result<(), CallError> {
        if !refers_to_secret(to) {
            return self.told(existing, self.inner.update(existing, to).await).await;
        }
        let known = self.known(to).await?;
        // What referred to another secret, or to another version, stays a reference, and so differs.
        let (from, to) = (revealed(existing.properties, &known), revealed(to, &known));
        let (cover, earlier) = (Cover::new(&known), earlier(existing, &known));
        let there = Existing { properties: &from, earlier: &earlier, ..*existing };
        let updated = self.inner.update(&there, &to).await;
        self.told(existing, updated.map_err(|error| cover.error(error))).await
    }

    async fn settle(&self, existing: &Existing<'_>) -> Result<Readiness, CallError> {
        let Some(cover) = self.cover(existing).await? else { return self.inner.settle(existing).await };
        Ok(match self.inner.settle(existing).await.map_err(|error| cover.error(error))? {
            Readiness::Ready(observed) if cover.holds(observed.physical_id.as_str()) => {
                Readiness::Failed(NAMED.to_owned())
            }
            Readiness::Ready(observed) => Readiness::Ready(Box::new(cover.observed(*observed, stood(existing)))),
            Readiness::Pending(what) => Readiness::Pending(cover.message(&what)),
            Readiness::Failed(why) => Readiness::Failed(cover.message(&why)),
        })
    }

    async fn holds_data(&self, existing: &Existing<'_>) -> Result<bool, CallError> {
        self.told(existing, self.inner.holds_data(existing).await).await
    }

    async fn delete(&self, existing: &Existing<'_>) -> Result<Deletion, CallError> {
        if self.reveals == Reveals::Everything || !refers_to_secret(existing.properties) {
            return self.told(existing, self.inner.delete(existing).await).await;
        }
        let known = self.known(existing.properties).await?;
        let properties = revealed(existing.properties, &known);
        let deleted = self.inner.delete(&Existing { properties: &properties, ..*existing }).await;
        deleted.map_err(|error| Cover::new(&known).error(error))
    }
}

#[cfg(test)]
mod tests;
