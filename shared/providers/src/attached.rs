//! Policies that are resources of their own and stand in others: `AWS::IAM::Policy` in roles, `AWS::SQS::QueuePolicy` in queues,
//! `AWS::SNS::TopicPolicy` in topics.
//!
//! Putting one replaces whatever is there, and none has tags: so the engine looks first. A resource policy is known by the mark in
//! its document's `Id`, an inline policy of a role by its name and by saying what is asked for; both only where their holder
//! carries the engine's tags. Into a holder that is added later it is put only where nothing stands but what was sent, and
//! out of one that is dropped it is taken only where it is known.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use engine::ports::{Creation, Deletion, Existing, Found, Made, OnExisting, Proof, Provider};
use model::{CallError, ErrorClass, Observed, PhysicalId, Properties, ResourceKey};
use serde_json::{Value, json};

use crate::shape::{differs, invalid, policy_text, policy_tree, seen, texts, unless_missing};
use crate::tags::Tags;
use crate::{marks, tree};

/// What holds a policy of one kind.
#[async_trait]
pub(crate) trait Holder: Send + Sync {
    /// The type of the policy.
    const KIND: &'static str;
    /// The property that lists the holders.
    const HOLDERS: &'static str;
    /// Whether its documents have room for a mark.
    const MARKED: bool;

    /// The policy in one holder; none where it has none, or does not exist.
    async fn document(&self, holder: &str, properties: &Properties) -> Result<Option<Value>, CallError>;

    /// Puts the policy into one holder, over whatever is there.
    async fn put(&self, holder: &str, properties: &Properties, document: &Value) -> Result<(), CallError>;

    /// Takes the policy out of one holder.
    async fn clear(&self, holder: &str, properties: &Properties) -> Result<(), CallError>;

    /// The tags of a holder; none where it does not exist.
    async fn tags(&self, holder: &str) -> Result<Option<Tags>, CallError>;
}

/// The provider of the policies that one kind of holder has.
pub(crate) struct Attached<H>(pub(crate) H);

/// The name of the policy in its holders, where it has one.
pub(crate) fn name(properties: &Properties) -> &str {
    properties.text("PolicyName").unwrap_or_default()
}

impl<H: Holder> Attached<H> {
    fn known() -> [&'static str; 3] {
        ["PolicyDocument", "PolicyName", H::HOLDERS]
    }

    fn holders(properties: &Properties) -> Vec<String> {
        texts(properties.get(H::HOLDERS))
    }

    /// A name where it has one; otherwise the mark, which nothing else has.
    fn made(properties: &Properties, key: &ResourceKey) -> Made {
        let id = match name(properties) {
            "" => marks::mark(key),
            name => name.to_owned(),
        };
        Made { attributes: BTreeMap::from([("Id".to_owned(), json!(id))]), physical_id: PhysicalId(id) }
    }

    /// The document that is asked for, with the mark where it has room for one and no `Id` of its own.
    fn asked(properties: &Properties, key: &ResourceKey) -> Result<Value, CallError> {
        tree::only(properties, &Self::known())?;
        if Self::holders(properties).is_empty() {
            return Err(invalid(format!("`{}` names nothing", H::HOLDERS)));
        }
        let given = properties.get("PolicyDocument").ok_or_else(|| invalid("`PolicyDocument` is missing"))?;
        let mut document = policy_tree(&policy_text(given))?;
        if let (true, Value::Object(map)) = (H::MARKED, &mut document) {
            map.entry("Id").or_insert_with(|| Value::String(marks::mark(key)));
        }
        Ok(document)
    }

    /// Whether two documents say the same.
    fn same(one: &Value, other: &Value) -> bool {
        let whole = |document: &Value| Properties::new().with("PolicyDocument", document.clone());
        schema::canonical(&H::KIND.into(), &whole(one)) == schema::canonical(&H::KIND.into(), &whole(other))
    }

    /// Whether a policy says what was sent, now or by a change that did not come to its end.
    fn is_sent(existing: &Existing<'_>, live: &Value) -> bool {
        existing.sent().filter_map(|sent| Self::asked(sent, existing.key).ok()).any(|sent| Self::same(live, &sent))
    }

    /// Whether a policy in a holder that it was once put into is this one.
    fn is_known(existing: &Existing<'_>, live: &Value) -> bool {
        let bears_mark = tree::text(live, "Id").as_deref() == Some(&marks::mark(existing.key));
        H::MARKED && bears_mark || Self::is_sent(existing, live)
    }

    /// Every holder that it may stand in, with what was sent to it last.
    fn everywhere<'a>(existing: &Existing<'a>) -> Vec<(String, &'a Properties)> {
        let mut seen = BTreeSet::new();
        let all = existing.sent().flat_map(|sent| Self::holders(sent).into_iter().map(move |holder| (holder, sent)));
        all.filter(|(holder, _)| seen.insert(holder.clone())).collect()
    }

    /// The holders that had it when a change last came to its end.
    fn settled(existing: &Existing<'_>) -> BTreeSet<String> {
        if existing.earlier.is_empty() {
            return Self::holders(existing.properties).into_iter().collect();
        }
        let ended = existing.earlier.iter().filter(|earlier| earlier.token.is_none());
        ended.flat_map(|earlier| Self::holders(&earlier.sent)).collect()
    }

    /// The policy of a holder, unless it is somebody else's, over which nothing is put.
    async fn looked(
        &self,
        existing: &Existing<'_>,
        holder: &str,
        to: &Properties,
        wanted: &Value,
    ) -> Result<Option<Value>, CallError> {
        let live = self.0.document(holder, to).await?;
        match live {
            Some(live) if !Self::same(&live, wanted) && !Self::is_sent(existing, &live) => Err(taken::<H>(holder)),
            live => Ok(live),
        }
    }

    /// Takes the policy out of holders that are not to have it any more. What is not known as it stays.
    async fn take(&self, existing: &Existing<'_>, to: &Properties) -> Result<(), CallError> {
        let want = Self::holders(to);
        for (holder, sent) in Self::everywhere(existing).into_iter().filter(|(holder, _)| !want.contains(holder)) {
            match self.0.document(&holder, sent).await? {
                Some(live) if Self::is_known(existing, &live) => self.0.clear(&holder, sent).await?,
                Some(_) => tracing::warn!(resource = %existing.key, %holder, "somebody else's policy is left as it is"),
                None => {}
            }
        }
        Ok(())
    }
}

fn taken<H: Holder>(holder: &str) -> CallError {
    let message = format!(
        "`{holder}` has a policy that is not known here, and this one would replace it: take that one away, or leave the \
         holder out of `{}`",
        H::HOLDERS
    );
    CallError::local(ErrorClass::AlreadyExists, "update", message)
}

#[async_trait]
impl<H: Holder> Provider for Attached<H> {
    fn proof(&self) -> Proof {
        Proof::Name { on_existing: OnExisting::Succeeds }
    }

    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        let properties = existing.properties;
        let (mut holders, mut document) = (Vec::new(), None);
        let is_asked = Self::holders(properties);
        for (holder, sent) in Self::everywhere(existing) {
            let Some(mut live) = self.0.document(&holder, sent).await? else { continue };
            if !is_asked.contains(&holder) && !Self::is_known(existing, &live) {
                continue;
            }
            if let (true, Value::Object(map)) = (H::MARKED, &mut live)
                && map.get("Id").and_then(Value::as_str) == Some(&marks::mark(existing.key))
            {
                map.remove("Id");
            }
            holders.push(holder);
            // Where one holder's differs from the others', that is the one to show.
            let is_asked = properties.get("PolicyDocument").is_some_and(|asked| Self::same(&live, asked));
            if document.is_none() || !is_asked {
                document = Some(live);
            }
        }
        let Some(document) = document else { return Ok(None) };
        let mut shown = Properties::new().with(H::HOLDERS, holders).with("PolicyDocument", document);
        if !name(properties).is_empty() {
            shown.set("PolicyName", name(properties));
        }
        let Made { physical_id, attributes } = Self::made(properties, existing.key);
        Ok(Some(Observed { physical_id, attributes, properties: shown, ownership: None }))
    }

    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError> {
        let wanted = Self::asked(creation.properties, creation.key)?;
        let mut found = Found::Absent;
        for holder in Self::holders(creation.properties) {
            let Some(live) = self.0.document(&holder, creation.properties).await? else { continue };
            let bears_mark = tree::text(&live, "Id").as_deref() == Some(&marks::mark(creation.key));
            let is_known = H::MARKED && bears_mark || Self::same(&live, &wanted);
            let tags = self.0.tags(&holder).await?.unwrap_or_default();
            if !is_known || !marks::is_of_installation(&tags, creation.stamp) {
                return Ok(Found::Foreign(PhysicalId(holder)));
            }
            found = Found::Ours(Self::made(creation.properties, creation.key));
        }
        Ok(found)
    }

    /// Into the first holder; `converge` puts it into the others.
    async fn create(&self, creation: &Creation<'_>) -> Result<Made, CallError> {
        let document = Self::asked(creation.properties, creation.key)?;
        if let Some(first) = Self::holders(creation.properties).first() {
            self.0.put(first, creation.properties, &document).await?;
        }
        Ok(Self::made(creation.properties, creation.key))
    }

    async fn converge(&self, existing: &Existing<'_>, creation: &Creation<'_>, fresh: bool) -> Result<(), CallError> {
        let (to, wanted) = (creation.properties, Self::asked(creation.properties, creation.key)?);
        if !fresh {
            let settled = Self::settled(existing);
            let mut missing = Vec::new();
            for holder in Self::holders(to) {
                let live = match settled.contains(&holder) {
                    true => self.0.document(&holder, to).await?,
                    false => self.looked(existing, &holder, to, &wanted).await?,
                };
                if !live.is_some_and(|live| Self::same(&live, &wanted)) {
                    missing.push(holder);
                }
            }
            self.take(existing, to).await?;
            for holder in missing {
                self.0.put(&holder, to, &wanted).await?;
            }
            return Ok(());
        }
        for holder in Self::holders(existing.properties).iter().skip(1) {
            self.0.put(holder, creation.properties, &wanted).await?;
        }
        Ok(())
    }

    async fn update(&self, existing: &Existing<'_>, to: &Properties) -> Result<(), CallError> {
        let wanted = Self::asked(to, existing.key)?;
        let (had, want) = (Self::holders(existing.properties), Self::holders(to));
        for holder in want.iter().filter(|holder| !had.contains(holder)) {
            self.looked(existing, holder, to, &wanted).await?;
        }
        // Rights are taken before others are given, so that no moment has both.
        self.take(existing, to).await?;
        let is_changed = differs(existing.properties, to, "PolicyDocument");
        for holder in want.iter().filter(|holder| is_changed || !had.contains(holder)) {
            self.0.put(holder, to, &wanted).await?;
        }
        Ok(())
    }

    async fn settle(&self, existing: &Existing<'_>) -> Result<engine::ports::Readiness, CallError> {
        // What was taken out of others, or left in them, is not of it any more.
        let existing = Existing { earlier: &[], ..*existing };
        Ok(engine::ports::Readiness::Ready(Box::new(seen(self, &existing).await?)))
    }

    async fn delete(&self, existing: &Existing<'_>) -> Result<Deletion, CallError> {
        let settled = Self::settled(existing);
        for (holder, sent) in Self::everywhere(existing) {
            let Some(live) = self.0.document(&holder, sent).await? else { continue };
            // A successor's policy may stand where this one stood.
            let id = tree::text(&live, "Id").unwrap_or_default();
            let is_successors = H::MARKED && id.starts_with(marks::PREFIX) && id != marks::mark(existing.key);
            if Self::is_known(existing, &live) || settled.contains(&holder) && !is_successors {
                unless_missing(self.0.clear(&holder, sent).await)?;
            }
        }
        Ok(Deletion::Gone)
    }
}

#[cfg(test)]
mod tests;
