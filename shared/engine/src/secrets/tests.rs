#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends here")]

use std::sync::Mutex;

use model::{PhysicalId, ResourceKey, Stamp, properties};
use serde_json::json;

use super::*;

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

const REFERENCE: &str = "{{resolve:ssm-secure:/shop/dev/key:1}}";
const NEXT: &str = "{{resolve:ssm-secure:/shop/dev/key:2}}";
const PIN: &str = "{{resolve:secretsmanager:pin}}";
const VALUE: &str = "hunter2 \"quoted\"";

struct Store(BTreeMap<String, Result<String, ErrorClass>>);

#[async_trait]
impl Secrets for Store {
    async fn value(&self, reference: &SecretReference) -> Result<Secret, CallError> {
        match self.0.get(&reference.to_string()) {
            Some(Ok(value)) => Ok(Secret::new(value)),
            Some(Err(class)) => Err(CallError::local(*class, "value", format!("{reference} cannot be read"))),
            None => Err(CallError::local(ErrorClass::Invalid, "value", format!("{reference} does not exist"))),
        }
    }
}

/// AWS, of one resource, which repeats everything that it is told.
#[derive(Default)]
struct Parrot {
    live: Mutex<Properties>,
    calls: Mutex<Vec<String>>,
    fails: bool,
    /// How much of what it is told it repeats in an error, in bytes; all where that is nothing.
    cuts: usize,
    /// Whether it fails whatever it is asked, and says what there is.
    speaks: bool,
    /// The property by which it knows what it makes.
    named: Option<&'static str>,
}

impl Parrot {
    fn take(&self, call: &str, properties: &Properties) -> Result<(), CallError> {
        let text = properties.to_value().to_string();
        self.calls.lock().unwrap().push(format!("{call} {text}"));
        self.speak()?;
        if self.fails {
            let told = if self.cuts == 0 { &text } else { &text[..self.cuts] };
            return Err(CallError::local(ErrorClass::Invalid, call, format!("not valid: {told}")));
        }
        *self.live.lock().unwrap() = properties.clone();
        Ok(())
    }

    fn speak(&self) -> Result<(), CallError> {
        let text = self.live.lock().unwrap().to_value().to_string();
        if self.speaks { Err(CallError::local(ErrorClass::Busy, "speak", text)) } else { Ok(()) }
    }

    fn made(&self, creation: &Creation<'_>) -> Made {
        let name = self.named.and_then(|name| creation.properties.text(name)).unwrap_or("id");
        let attributes = if self.named.is_some() { BTreeMap::new() } else { self.attributes() };
        Made { physical_id: PhysicalId(name.into()), attributes }
    }

    fn attributes(&self) -> BTreeMap<String, Value> {
        BTreeMap::from([("All".to_owned(), self.live.lock().unwrap().to_value())])
    }

    fn observed(&self) -> Observed {
        let properties = self.live.lock().unwrap().clone();
        Observed { physical_id: PhysicalId("id".into()), attributes: self.attributes(), properties, ownership: None }
    }
}

#[async_trait]
impl Provider for &'static Parrot {
    fn proof(&self) -> Proof {
        Proof::Child
    }
    async fn read(&self, _: &Existing<'_>) -> Result<Option<Observed>, CallError> {
        Ok(Some(self.observed()))
    }
    async fn find(&self, creation: &Creation<'_>) -> Result<Found, CallError> {
        let name = self.named.map(|_| PhysicalId(VALUE.into()));
        let made = self.made(creation);
        Ok(Found::Ours(Made { physical_id: name.unwrap_or(made.physical_id), ..made }))
    }
    async fn create(&self, creation: &Creation<'_>) -> Result<Made, CallError> {
        self.take("create", creation.properties)?;
        Ok(self.made(creation))
    }
    async fn converge(&self, _: &Existing<'_>, creation: &Creation<'_>, _: bool) -> Result<(), CallError> {
        self.take("converge", creation.properties)
    }
    async fn update(&self, existing: &Existing<'_>, to: &Properties) -> Result<(), CallError> {
        if existing.properties == to { Ok(()) } else { self.take("update", to) }
    }
    async fn holds_data(&self, _: &Existing<'_>) -> Result<bool, CallError> {
        self.speak().map(|()| true)
    }
    async fn delete(&self, _: &Existing<'_>) -> Result<Deletion, CallError> {
        self.speak()?;
        Ok(Deletion::Gone)
    }
}

struct Trial {
    parrot: &'static Parrot,
    provider: Revealing<&'static Parrot>,
    key: ResourceKey,
    id: PhysicalId,
    stamp: Stamp,
}

fn trial(parrot: Parrot, secrets: &[(&str, Result<&str, ErrorClass>)]) -> Trial {
    let parrot: &'static Parrot = Box::leak(Box::new(parrot));
    let secrets = secrets.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned)));
    let stamp = Stamp {
        engine: "e1".into(),
        scope: "shop/dev".into(),
        version: "0".into(),
        deployed_at: String::new(),
        deployed_by: String::new(),
    };
    Trial {
        parrot,
        provider: Revealing::new(parrot, Arc::new(Store(secrets.collect()))),
        key: "shared/Thing@1".parse().unwrap(),
        id: PhysicalId("id".into()),
        stamp,
    }
}

impl Trial {
    fn creation<'a>(&'a self, properties: &'a Properties) -> Creation<'a> {
        Creation { key: &self.key, properties, token: "t", stamp: &self.stamp }
    }
    fn existing<'a>(&'a self, properties: &'a Properties) -> Existing<'a> {
        Existing::settled(&self.key, &self.id, properties)
    }
    fn calls(&self) -> Vec<String> {
        self.parrot.calls.lock().unwrap().clone()
    }
    fn read(&self, sent: &Properties) -> Observed {
        block_on(self.provider.read(&self.existing(sent))).unwrap().unwrap()
    }
}

const FIRST: &str = "version 1 of the SSM parameter `/shop/dev/key`";
const SECOND: &str = "version 2 of the SSM parameter `/shop/dev/key`";

fn sent(reference: &str) -> Properties {
    let url = format!("https://user:{reference}@example.com");
    properties(json!({ "Environment": { "Variables": { "KEY": reference, "URL": url, "MODE": "fast" } } }))
}

#[test]
fn aws_is_told_the_value_and_everybody_else_the_reference() {
    let trial = trial(Parrot::default(), &[(FIRST, Ok(VALUE))]);
    let sent = sent(REFERENCE);
    let made = block_on(trial.provider.create(&trial.creation(&sent))).unwrap();
    let told = trial.parrot.live.lock().unwrap().to_value();
    let variables = told.pointer("/Environment/Variables").unwrap();
    assert_eq!(variables, &json!({ "KEY": VALUE, "URL": format!("https://user:{VALUE}@example.com"), "MODE": "fast" }));
    assert_eq!(made.attributes.get("All"), Some(&sent.to_value()));
    let observed = trial.read(&sent);
    assert_eq!(observed.properties, sent, "what AWS shows is what was sent");
    assert_eq!(observed.attributes.get("All"), Some(&sent.to_value()));
    let Found::Ours(found) = block_on(trial.provider.find(&trial.creation(&sent))).unwrap() else { panic!("ours") };
    assert_eq!(found, made);
    let Readiness::Ready(ready) = block_on(trial.provider.settle(&trial.existing(&sent))).unwrap() else {
        panic!("ready")
    };
    assert_eq!(*ready, observed);
}

#[test]
fn no_error_repeats_a_value_even_escaped() {
    let trial = trial(Parrot { fails: true, ..Parrot::default() }, &[(FIRST, Ok(VALUE))]);
    let sent = sent(REFERENCE);
    let other = properties(json!({}));
    let errors = [
        block_on(trial.provider.create(&trial.creation(&sent))).unwrap_err(),
        block_on(trial.provider.converge(&trial.existing(&sent), &trial.creation(&sent), false)).unwrap_err(),
        block_on(trial.provider.update(&trial.existing(&other), &sent)).unwrap_err(),
    ];
    assert!(trial.calls().iter().all(|call| call.contains("hunter2")), "AWS was told");
    for error in errors {
        assert!(!format!("{error:?} {error}").contains("hunter2"), "{error}");
        assert!(error.message.contains(REFERENCE), "{error}");
    }
}

#[test]
fn an_error_that_may_hold_a_value_too_short_to_be_found_is_left_out() {
    let trial = trial(Parrot { fails: true, ..Parrot::default() }, &[("the secret `pin`", Ok("17"))]);
    let sent = properties(json!({ "Pin": PIN, "Size": "1170" }));
    let error = block_on(trial.provider.create(&trial.creation(&sent))).unwrap_err();
    assert!(!error.message.contains("17"), "{error}");
    assert!(error.message.contains(PIN), "{error}");
}

#[test]
fn a_short_value_is_covered_where_it_stands_and_nowhere_by_chance() {
    let trial = trial(Parrot::default(), &[("the secret `pin`", Ok("17"))]);
    let sent = properties(json!({ "Pin": PIN, "Size": "1170" }));
    block_on(trial.provider.create(&trial.creation(&sent))).unwrap();
    assert_eq!(trial.read(&sent).properties, sent);
}

#[test]
fn what_a_secret_was_before_and_what_somebody_made_of_it_is_covered_too() {
    let trial = trial(Parrot::default(), &[(FIRST, Ok("the-new-value"))]);
    let sent = sent(REFERENCE);
    *trial.parrot.live.lock().unwrap() = properties(json!({
        "Environment": { "Variables": { "KEY": "the-old-value", "URL": "https://user:the-old-value@example.com", "MODE": "slow" } }
    }));
    let observed = trial.read(&sent);
    let text = format!("{observed:?}");
    assert!(!text.contains("the-old-value") && !text.contains("the-new-value"), "{text}");
    let shown = observed.properties.to_value();
    assert_eq!(shown.pointer("/Environment/Variables/KEY"), Some(&json!("{{changed}}")));
    assert_eq!(shown.pointer("/Environment/Variables/MODE"), Some(&json!("slow")), "drift of the rest is seen");
}

#[test]
fn a_list_in_another_order_and_a_document_as_text_are_covered() {
    let trial = trial(Parrot::default(), &[(FIRST, Ok(VALUE))]);
    let tags = |value: &str| json!([{ "Key": "a", "Value": "plain" }, { "Key": "b", "Value": value }]);
    let sent = properties(json!({ "Tags": tags(REFERENCE), "Policy": { "Sid": REFERENCE } }));
    let Value::Array(mut shown) = tags("another-value") else { panic!("a list") };
    shown.reverse();
    let policy = json!({ "Sid": "another-value" }).to_string();
    *trial.parrot.live.lock().unwrap() = properties(json!({ "Tags": shown, "Policy": policy }));
    let observed = trial.read(&sent).properties.to_value();
    assert_eq!(observed.pointer("/Tags/0/Value"), Some(&json!("{{changed}}")));
    assert_eq!(observed.pointer("/Tags/1/Value"), Some(&json!("plain")));
    assert!(!observed.to_string().contains("another-value"), "{observed}");
}

#[test]
fn a_new_version_is_a_change_and_the_same_reference_is_none() {
    let trial = trial(Parrot::default(), &[(FIRST, Ok("value-one")), (SECOND, Ok("value-two"))]);
    let (first, second) = (sent(REFERENCE), sent(NEXT));
    block_on(trial.provider.update(&trial.existing(&first), &first)).unwrap();
    assert_eq!(trial.calls(), Vec::<String>::new());
    block_on(trial.provider.update(&trial.existing(&first), &second)).unwrap();
    assert!(trial.calls().concat().contains("value-two"));
}

#[test]
fn nothing_is_sent_where_a_secret_cannot_be_read() {
    let trial = trial(Parrot::default(), &[(FIRST, Err(ErrorClass::Denied))]);
    let sent = sent(REFERENCE);
    let error = block_on(trial.provider.create(&trial.creation(&sent))).unwrap_err();
    assert_eq!(error.class, ErrorClass::Denied);
    let missing = self::sent(NEXT);
    let error = block_on(trial.provider.update(&trial.existing(&sent), &missing)).unwrap_err();
    assert!(error.message.contains("version 2"), "{error}");
    assert_eq!(trial.calls(), Vec::<String>::new());
}

#[test]
fn what_a_lost_secret_fed_is_looked_at_all_the_same_and_stays_covered() {
    let lost = trial(Parrot::default(), &[]);
    let sent = sent(REFERENCE);
    *lost.parrot.live.lock().unwrap() = self::sent(VALUE);
    let text = format!("{:?}", lost.read(&sent));
    assert!(!text.contains("hunter2") && text.contains("fast"), "{text}");
    // What passes by itself is waited for: it would look like a change.
    let busy = trial(Parrot::default(), &[(FIRST, Err(ErrorClass::Throttled))]);
    let error = block_on(busy.provider.read(&busy.existing(&sent))).unwrap_err();
    assert_eq!(error.class, ErrorClass::Throttled);
}

#[test]
fn a_secret_is_shown_by_nothing() {
    assert_eq!(format!("{:?}", Secret::new(VALUE)), "Secret");
}

const HANDLE: &str = "0123456789abcdef0123456789abcdef";
const OF_HANDLE: &str = "the address of the wait condition handle `0123456789abcdef0123456789abcdef`";

fn address(signature: &str) -> String {
    format!("https://bucket.example.com/signals/{HANDLE}.json?X-Amz-Signature={signature}")
}

#[test]
fn an_address_of_a_handle_is_as_secret_as_a_secret_and_every_other_of_it_shows_as_the_same() {
    let (first, second) = (address("5e1f"), address("c0de"));
    let trial = trial(Parrot::default(), &[(OF_HANDLE, Ok(&first))]);
    let sent = sent(&reference_to_handle(HANDLE));
    let made = block_on(trial.provider.create(&trial.creation(&sent))).unwrap();
    assert!(trial.calls().concat().contains(&first), "AWS was told");
    assert_eq!(made.attributes.get("All"), Some(&sent.to_value()));
    let later = properties(json!({ "Environment": { "Variables": {
        "KEY": second, "URL": format!("https://user:{second}@example.com"), "MODE": "fast"
    } } }));
    let now = trial.parrot.live.lock().unwrap().clone();
    for shown in [now, later] {
        *trial.parrot.live.lock().unwrap() = shown;
        let observed = trial.read(&sent);
        let text = format!("{observed:?}");
        assert!(!text.contains("5e1f") && !text.contains("c0de"), "{text}");
        let key = observed.properties.to_value().pointer("/Environment/Variables/KEY").cloned();
        assert_eq!(key, Some(json!(reference_to_handle(HANDLE))), "an address that was given earlier is no drift");
    }
}

#[test]
fn who_is_told_addresses_alone_is_told_no_secret_and_is_not_known_by_an_address() {
    let first = address("5e1f");
    let plain = trial(Parrot::default(), &[(OF_HANDLE, Ok(&first)), (FIRST, Ok(VALUE))]);
    let secrets = BTreeMap::from([(OF_HANDLE.to_owned(), Ok(first.clone())), (FIRST.to_owned(), Ok(VALUE.to_owned()))]);
    let provider = Revealing::handles(plain.parrot, Arc::new(Store(secrets)));
    let sent = properties(json!({ "At": reference_to_handle(HANDLE), "Key": REFERENCE }));
    block_on(provider.create(&plain.creation(&sent))).unwrap();
    let told = plain.parrot.live.lock().unwrap().to_value();
    assert_eq!(told, json!({ "At": first, "Key": REFERENCE }));
    let named = PhysicalId(format!("at {first}"));
    let existing = Existing { physical_id: &named, ..plain.existing(&sent) };
    let Readiness::Ready(ready) = block_on(provider.settle(&existing)).unwrap() else { panic!("it is there") };
    assert_eq!(ready.properties, sent);
    let cover = Cover::new(&block_on(provider.readable(&sent)).unwrap());
    assert!(cover.holds(named.as_str()));
}

/// The same without the secret.
fn without() -> Properties {
    properties(json!({ "Environment": { "Variables": { "MODE": "fast" } } }))
}

fn settled(trial: &Trial, existing: &Existing<'_>) -> Observed {
    let Readiness::Ready(observed) = block_on(trial.provider.settle(existing)).unwrap() else { panic!("ready") };
    *observed
}

#[test]
fn what_is_still_seen_of_a_secret_that_is_not_referred_to_any_more_is_covered_now_and_later() {
    for known in [Ok(VALUE), Ok("the-newer-value"), Err(ErrorClass::Denied)] {
        let trial = trial(Parrot::default(), &[(FIRST, known)]);
        let (before, after) = (sent(REFERENCE), without());
        *trial.parrot.live.lock().unwrap() = sent(VALUE);
        let first = settled(&trial, &Existing { before: &[&before], ..trial.existing(&after) });
        assert!(!format!("{first:?}").contains("hunter2"), "{first:?}");
        assert_eq!(first.properties.to_value().pointer("/Environment/Variables/MODE"), Some(&json!("fast")));
        // By then only what was seen tells that a secret was there.
        let existing = Existing { before: &[&after, &first.properties], ..trial.existing(&after) };
        let second = settled(&trial, &existing);
        assert_eq!(second.properties, first.properties);
        let read = block_on(trial.provider.read(&existing)).unwrap().unwrap();
        assert_eq!(read, second, "and so it is no drift");
    }
}

#[test]
fn what_was_sent_by_a_change_that_did_not_come_to_its_end_is_covered() {
    let trial = trial(Parrot::default(), &[(FIRST, Ok(VALUE))]);
    let after = without();
    *trial.parrot.live.lock().unwrap() = sent(VALUE);
    let earlier = [Earlier { sent: sent(REFERENCE), token: Some("t".to_owned()) }];
    let read = block_on(trial.provider.read(&Existing { earlier: &earlier, ..trial.existing(&after) }));
    let read = read.unwrap().unwrap();
    assert!(!format!("{read:?}").contains("hunter2"), "{read:?}");
}

#[test]
fn what_is_written_in_the_config_in_the_place_of_a_secret_is_shown() {
    let trial = trial(Parrot::default(), &[(FIRST, Ok(VALUE))]);
    let (before, after) = (sent(REFERENCE), sent("plain"));
    *trial.parrot.live.lock().unwrap() = after.clone();
    let observed = settled(&trial, &Existing { before: &[&before], ..trial.existing(&after) });
    assert_eq!(observed.properties, after);
}

#[test]
fn an_error_about_what_a_secret_fed_before_repeats_no_value() {
    let trial = trial(Parrot { speaks: true, ..Parrot::default() }, &[(FIRST, Ok(VALUE))]);
    let (before, after) = (sent(REFERENCE), without());
    *trial.parrot.live.lock().unwrap() = sent(VALUE);
    let existing = trial.existing(&before);
    let errors = [
        block_on(trial.provider.update(&existing, &after)).unwrap_err(),
        block_on(trial.provider.delete(&existing)).unwrap_err(),
        block_on(trial.provider.holds_data(&existing)).unwrap_err(),
        block_on(trial.provider.converge(
            &Existing { before: &[&before], ..trial.existing(&after) },
            &trial.creation(&after),
            false,
        ))
        .unwrap_err(),
    ];
    for error in errors {
        assert!(!format!("{error:?}").contains("hunter2") && error.message.contains(REFERENCE), "{error}");
    }
}

#[test]
fn an_error_that_repeats_a_part_of_a_value_is_left_out() {
    let trial =
        trial(Parrot { fails: true, cuts: 20, ..Parrot::default() }, &[(FIRST, Ok("a-value-that-is-cut-short"))]);
    let error = block_on(trial.provider.create(&trial.creation(&properties(json!({ "A": REFERENCE }))))).unwrap_err();
    assert!(trial.calls()[0].contains("a-value-that"), "AWS was told");
    assert_eq!(error.message, format!("what AWS said may hold the value of `{REFERENCE}`, and is left out"));
}

#[test]
fn nothing_is_known_by_a_secret() {
    let trial = trial(Parrot { named: Some("Name"), ..Parrot::default() }, &[(FIRST, Ok(VALUE))]);
    let sent = properties(json!({ "Name": REFERENCE }));
    let created = block_on(trial.provider.create(&trial.creation(&sent))).unwrap_err();
    assert_eq!(created.class, ErrorClass::Invalid);
    let found = block_on(trial.provider.find(&trial.creation(&sent))).unwrap_err();
    for error in [created, found] {
        assert!(!format!("{error:?}").contains("hunter2") && error.message.contains("names are kept"), "{error}");
    }
}
