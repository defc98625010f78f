//! `AWS::Events::Rule`.
//!
//! `PutRule` carries the rule and its tags, and succeeds on a rule that exists, whose tags it leaves alone: so the engine looks
//! first. Targets are put and removed by calls of their own, of which each entry can fail by itself.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::operation::describe_rule::DescribeRuleOutput;
use aws_sdk_eventbridge::operation::put_rule::builders::PutRuleFluentBuilder;
use aws_sdk_eventbridge::types::{RuleState, Tag, Target};
use engine::ports::{Creation, Deletion, Existing, Found, Made, OnExisting, Proof, Provider};
use model::{CallError, ErrorClass, Observed, PhysicalId, Properties};
use serde_json::{Value, json};

use super::failed;
use super::target::{asked, shown};
use crate::clients::Clients;
use crate::error::class_of;
use crate::shape::{any_differs, just_made, policy_text, required, unless_missing, vanished};
use crate::tags::{self, TagChange, Tags};
use crate::tree;

/// What a rule itself says; whichever changes, it is one call.
const SAYS: [&str; 5] = ["Description", "EventPattern", "RoleArn", "ScheduleExpression", "State"];
/// How many targets one call puts or removes (API reference: `PutTargets`, `RemoveTargets`).
const AT_ONCE: usize = 10;
/// The bus of whoever names none.
const DEFAULT: &str = "default";

/// The provider.
pub struct Rule {
    client: Client,
    clients: Clients,
}

/// A rule's name and the bus that it stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    bus: String,
    name: String,
}

impl Place {
    fn of(properties: &Properties) -> Result<Self, CallError> {
        let bus = bus_name(properties.text("EventBusName").unwrap_or(DEFAULT)).to_owned();
        Ok(Self { bus, name: required(properties, "Name")?.to_owned() })
    }

    /// From what AWS knows a rule by: its name, after that of its bus where that is not the default one.
    fn named(id: &PhysicalId) -> Self {
        let (bus, name) = id.as_str().split_once('|').unwrap_or((DEFAULT, id.as_str()));
        Self { bus: bus.to_owned(), name: name.to_owned() }
    }

    fn id(&self) -> PhysicalId {
        PhysicalId(if self.bus == DEFAULT { self.name.clone() } else { format!("{}|{}", self.bus, self.name) })
    }

    fn resource(&self) -> String {
        if self.bus == DEFAULT { format!("rule/{}", self.name) } else { format!("rule/{}/{}", self.bus, self.name) }
    }
}

/// The name of a bus, of its name or ARN.
fn bus_name(bus: &str) -> &str {
    bus.rsplit_once(":event-bus/").map_or(bus, |(_, name)| name)
}

impl Rule {
    /// One over these clients.
    pub fn new(clients: &Clients) -> Self {
        Self { client: clients.eventbridge.clone(), clients: clients.clone() }
    }

    fn arn(&self, place: &Place) -> String {
        self.clients.arn("events", &place.resource())
    }

    fn made(&self, place: &Place) -> Made {
        let attributes = BTreeMap::from([("Arn".to_owned(), json!(self.arn(place)))]);
        Made { physical_id: place.id(), attributes }
    }

    async fn shown(&self, place: &Place) -> Result<Option<DescribeRuleOutput>, CallError> {
        let ask = self.client.describe_rule().name(&place.name).event_bus_name(&place.bus);
        unless_missing(ask.send().await.map_err(failed("DescribeRule")))
    }

    async fn targets(&self, place: &Place) -> Result<Option<Vec<Target>>, CallError> {
        let (mut targets, mut next) = (Vec::new(), None);
        loop {
            let ask = self.client.list_targets_by_rule().rule(&place.name).event_bus_name(&place.bus);
            let answer = ask.set_next_token(next).send().await.map_err(failed("ListTargetsByRule"));
            let Some(page) = unless_missing(answer)? else { return Ok(None) };
            targets.extend(page.targets.unwrap_or_default());
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(Some(targets));
            }
        }
    }

    async fn tags(&self, place: &Place) -> Result<Option<Tags>, CallError> {
        let ask = self.client.list_tags_for_resource().resource_arn(self.arn(place));
        let answer = unless_missing(ask.send().await.map_err(failed("ListTagsForResource")))?;
        Ok(answer.map(|answer| answer.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect()))
    }

    /// What is left out of it is taken away.
    fn put(&self, place: &Place, properties: &Properties) -> Result<PutRuleFluentBuilder, CallError> {
        tree::only(properties, &[SAYS.as_slice(), ["EventBusName", "Name", "Tags", "Targets"].as_slice()].concat())?;
        let text = |name: &str| properties.text(name).map(str::to_owned);
        let state = properties.text("State").map_or(RuleState::Enabled, RuleState::from);
        let put = self.client.put_rule().name(&place.name).event_bus_name(&place.bus).state(state);
        Ok(put
            .set_event_pattern(properties.get("EventPattern").map(policy_text))
            .set_schedule_expression(text("ScheduleExpression"))
            .description(properties.text("Description").unwrap_or_default())
            .set_role_arn(text("RoleArn")))
    }

    /// Makes the targets that there are those that are asked for.
    async fn aim(&self, place: &Place, live: &[Target], to: &Properties) -> Result<(), CallError> {
        let asked = asked(to)?;
        let gone: Vec<String> = live
            .iter()
            .filter(|live| !asked.iter().any(|asked| asked.id == live.id))
            .map(|live| live.id.clone())
            .collect();
        // Before others are put: a rule has five at most.
        self.remove(place, gone).await?;
        let is_so = |asked: &Target| live.iter().any(|live| shown(live) == shown(asked));
        let missing: Vec<Target> = asked.into_iter().filter(|asked| !is_so(asked)).collect();
        for some in missing.chunks(AT_ONCE) {
            let put = self.client.put_targets().rule(&place.name).event_bus_name(&place.bus);
            let answer = put.set_targets(Some(some.to_vec())).send().await.map_err(failed("PutTargets"));
            let failures = just_made(answer)?.failed_entries.unwrap_or_default();
            entries("PutTargets", failures.into_iter().map(|one| (one.target_id, one.error_code, one.error_message)))?;
        }
        Ok(())
    }

    async fn remove(&self, place: &Place, ids: Vec<String>) -> Result<(), CallError> {
        for some in ids.chunks(AT_ONCE) {
            let remove = self.client.remove_targets().rule(&place.name).event_bus_name(&place.bus);
            let answer = remove.set_ids(Some(some.to_vec())).send().await.map_err(failed("RemoveTargets"));
            let failures = unless_missing(answer)?.and_then(|answer| answer.failed_entries).unwrap_or_default();
            let failures = failures.into_iter().map(|one| (one.target_id, one.error_code, one.error_message));
            entries("RemoveTargets", failures)?;
        }
        Ok(())
    }

    async fn tag(&self, place: &Place, change: TagChange) -> Result<(), CallError> {
        if !change.set.is_empty() {
            let tag = self.client.tag_resource().resource_arn(self.arn(place));
            let tag = tag.set_tags(Some(tags_of(&change.set)?));
            tag.send().await.map_err(failed("TagResource"))?;
        }
        if !change.remove.is_empty() {
            let untag = self.client.untag_resource().resource_arn(self.arn(place));
            untag.set_tag_keys(Some(change.remove)).send().await.map_err(failed("UntagResource"))?;
        }
        Ok(())
    }

    /// Whether a rule says what is asked for.
    fn says(shown: &DescribeRuleOutput, properties: &Properties) -> bool {
        let live = observed(shown);
        SAYS.iter().all(|name| match (*name, properties.get(name)) {
            ("State", asked) => live.text("State") == Some(asked.and_then(Value::as_str).unwrap_or("ENABLED")),
            ("EventPattern", Some(asked)) => live.get(name) == Some(&pattern(&policy_text(asked))),
            (_, asked) => live.get(name) == asked.filter(|asked| !asked.is_null()),
        })
    }
}

fn tags_of(tags: &Tags) -> Result<Vec<Tag>, CallError> {
    tags.iter().map(|(key, value)| tree::built(Tag::builder().key(key).value(value).build())).collect()
}

/// The failure of a call that failed for some of its entries: each with what EventBridge says of it. One that no repetition
/// mends decides.
///
/// # Errors
/// What failed, if anything did.
fn entries(
    operation: &str,
    failures: impl Iterator<Item = (Option<String>, Option<String>, Option<String>)>,
) -> Result<(), CallError> {
    let mut failure: Option<CallError> = None;
    for (id, code, message) in failures {
        let message = message.unwrap_or_default();
        let class = class_of("events", operation, code.as_deref(), None, &message);
        let told = format!(
            "the target `{}` failed: {message} ({})",
            id.unwrap_or_default(),
            code.as_deref().unwrap_or("without a code")
        );
        failure = Some(match failure {
            None => CallError { service: "events".to_owned(), code, ..CallError::local(class, operation, told) },
            Some(before) => {
                let (class, code) = if passes(before.class) { (class, code) } else { (before.class, before.code) };
                CallError { class, code, message: format!("{}; {told}", before.message), ..before }
            }
        });
    }
    failure.map_or(Ok(()), Err)
}

fn passes(class: ErrorClass) -> bool {
    matches!(class, ErrorClass::Busy | ErrorClass::Throttled | ErrorClass::Transient | ErrorClass::NotPropagated)
}

/// A pattern as a tree; as text where it is none.
fn pattern(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| json!(text))
}

/// What a rule says, as properties.
fn observed(rule: &DescribeRuleOutput) -> Properties {
    let texts = [
        ("Description", rule.description()),
        ("EventBusName", rule.event_bus_name()),
        ("Name", rule.name()),
        ("RoleArn", rule.role_arn()),
        ("ScheduleExpression", rule.schedule_expression()),
        ("State", rule.state().map(RuleState::as_str)),
    ];
    let said = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(Value::from);
    let texts = texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), said(text)?)));
    let pattern = rule.event_pattern().filter(|text| !text.is_empty()).map(pattern);
    texts.chain(pattern.map(|pattern| ("EventPattern".to_owned(), pattern))).collect()
}

#[async_trait]
impl Provider for Rule {
    fn proof(&self) -> Proof {
        Proof::Name { on_existing: OnExisting::Succeeds }
    }

    async fn read(&self, existing: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        let place = Place::named(existing.physical_id);
        let (rule, targets, tags) = tokio::try_join!(self.shown(&place), self.targets(&place), self.tags(&place))?;
        let (Some(rule), Some(targets), Some(tags)) = (rule, targets, tags) else { return Ok(None) };
        let mut properties = observed(&rule);
        if let Some(bus) = existing.properties.text("EventBusName").filter(|bus| bus_name(bus) == place.bus) {
            properties.set("EventBusName", bus);
        }
        if !targets.is_empty() || existing.properties.get("Targets").is_some() {
            properties.set("Targets", targets.iter().map(shown).collect::<Value>());
        }
        tags::observe_list(&mut properties, &tags);
        let Made { physical_id, attributes } = self.made(&place);
        Ok(Some(Observed { physical_id, attributes, properties, ownership: Some(tags::ownership(&tags)) }))
    }

    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError> {
        let place = Place::of(creation.properties)?;
        let (rule, tags) = tokio::try_join!(self.shown(&place), self.tags(&place))?;
        let (Some(_), Some(tags)) = (rule, tags) else { return Ok(Found::Absent) };
        Ok(match tags::ownership(&tags).is(creation.stamp, creation.key) {
            true => Found::Ours(self.made(&place)),
            false => Found::Foreign(place.id()),
        })
    }

    async fn create(&self, creation: &Creation<'_>) -> Result<Made, CallError> {
        // What is wrong with a target is told before there is a rule.
        asked(creation.properties)?;
        let place = Place::of(creation.properties)?;
        let put = self.put(&place, creation.properties)?.set_tags(Some(tags_of(&tags::for_creation(creation)?)?));
        put.send().await.map_err(failed("PutRule"))?;
        Ok(self.made(&place))
    }

    async fn converge(&self, existing: &Existing<'_>, creation: &Creation<'_>, fresh: bool) -> Result<(), CallError> {
        let place = Place::named(existing.physical_id);
        if fresh {
            return self.aim(&place, &[], creation.properties).await;
        }
        let (rule, targets, tags) = tokio::try_join!(self.shown(&place), self.targets(&place), self.tags(&place))?;
        let rule = rule.ok_or_else(|| vanished(existing))?;
        if !Self::says(&rule, creation.properties) {
            self.put(&place, creation.properties)?.send().await.map_err(failed("PutRule"))?;
        }
        self.aim(&place, &targets.unwrap_or_default(), creation.properties).await?;
        self.tag(&place, TagChange::between(&tags.unwrap_or_default(), &tags::asked(creation.properties)?)).await
    }

    async fn update(&self, existing: &Existing<'_>, to: &Properties) -> Result<(), CallError> {
        let (place, from) = (Place::named(existing.physical_id), existing.properties);
        asked(to)?;
        if any_differs(from, to, &SAYS) {
            self.put(&place, to)?.send().await.map_err(failed("PutRule"))?;
        }
        // Of changes that did not come to their end some targets may stand that neither says.
        if existing.sent().any(|sent| any_differs(sent, to, &["Targets"])) {
            let live = self.targets(&place).await?.unwrap_or_default();
            self.aim(&place, &live, to).await?;
        }
        self.tag(&place, TagChange::of(from, to)?).await
    }

    /// A rule with targets cannot be deleted.
    async fn delete(&self, existing: &Existing<'_>) -> Result<Deletion, CallError> {
        let place = Place::named(existing.physical_id);
        let Some(targets) = self.targets(&place).await? else { return Ok(Deletion::Gone) };
        self.remove(&place, targets.into_iter().map(|target| target.id).collect()).await?;
        let delete = self.client.delete_rule().name(&place.name).event_bus_name(&place.bus);
        unless_missing(delete.send().await.map_err(failed("DeleteRule")))?;
        Ok(Deletion::Gone)
    }
}

#[cfg(test)]
mod tests {
    use model::properties;

    use super::*;

    #[test]
    fn a_rule_is_known_by_its_bus_where_that_is_not_the_default_one() {
        let place = |asked: Value| Place::of(&properties(asked)).unwrap();
        let plain = place(json!({ "Name": "r" }));
        assert_eq!((plain.id().as_str(), plain.resource().as_str()), ("r", "rule/r"));
        assert_eq!(place(json!({ "Name": "r", "EventBusName": "default" })), plain);
        let bus = place(json!({ "Name": "r", "EventBusName": "arn:aws:events:eu-west-1:1:event-bus/orders" }));
        assert_eq!((bus.id().as_str(), bus.resource().as_str()), ("orders|r", "rule/orders/r"));
        assert_eq!(bus, place(json!({ "Name": "r", "EventBusName": "orders" })));
        for place in [plain, bus] {
            assert_eq!(Place::named(&place.id()), place);
        }
    }

    #[test]
    fn every_entry_that_failed_is_told_and_what_no_repetition_mends_decides() {
        let entry = |id: &str, code: &str| (Some(id.to_owned()), Some(code.to_owned()), Some(format!("{id}!")));
        let busy = || entry("a", "ConcurrentModificationException");
        assert!(entries("PutTargets", std::iter::empty()).is_ok());
        assert_eq!(entries("PutTargets", [busy()].into_iter()).unwrap_err().class, ErrorClass::Busy);
        let error = entries("PutTargets", [busy(), entry("b", "ValidationException")].into_iter()).unwrap_err();
        assert_eq!(error.class, ErrorClass::Invalid);
        assert!(error.message.contains("`a`") && error.message.contains("`b`"), "{error}");
        assert_eq!(error.code.as_deref(), Some("ValidationException"));
    }

    #[test]
    fn a_rule_is_compared_with_all_that_it_says() {
        let rule = DescribeRuleOutput::builder()
            .name("r")
            .state(RuleState::Enabled)
            .event_pattern(r#"{"source":["desk"]}"#)
            .description("")
            .build();
        let says = |asked: Value| Rule::says(&rule, &properties(asked));
        assert!(says(json!({ "EventPattern": { "source": ["desk"] } })));
        assert!(says(json!({ "EventPattern": "{ \"source\": [\"desk\"] }", "State": "ENABLED" })));
        assert!(!says(json!({ "EventPattern": { "source": ["desk"] }, "State": "DISABLED" })));
        assert!(!says(json!({ "EventPattern": { "source": ["shop"] } })));
        assert!(!says(json!({ "EventPattern": { "source": ["desk"] }, "Description": "d" })));
        assert!(!says(json!({ "ScheduleExpression": "rate(1 day)" })));
    }
}
