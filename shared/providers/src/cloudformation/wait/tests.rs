#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends here")]

use std::sync::atomic::{AtomicUsize, Ordering};

use engine::ports::Secret;
use model::{ResourceKey, properties};

use super::*;

const HANDLE: &str = "0123456789abcdef0123456789abcdef";

fn success(id: &str, data: &str) -> String {
    json!({ "Status": "SUCCESS", "UniqueId": id, "Data": data, "Reason": "done" }).to_string()
}

fn failed(id: &str) -> String {
    json!({ "Status": "FAILURE", "UniqueId": id, "Reason": "no disk" }).to_string()
}

/// The verdict over signals that came in this order.
fn over(signals: &[String], count: u64) -> Verdict {
    let said: Vec<Said> = signals.iter().map(|signal| Said::of(signal.as_bytes(), HANDLE)).collect();
    verdict(&said, count)
}

fn met(data: Value) -> Verdict {
    Verdict::Met { data: data.to_string() }
}

#[test]
fn as_many_signals_as_are_asked_for_count_and_of_each_the_first() {
    let one = [success("a", "one")];
    assert_eq!(over(&one, 1), met(json!({ "a": "one" })));
    assert_eq!(over(&one, 2), Verdict::Waits { came: 1, nothing: Vec::new() });
    let again = [success("a", "one"), success("a", "two"), failed("a"), success("b", "three"), success("c", "four")];
    assert_eq!(over(&again, 2), met(json!({ "a": "one", "b": "three" })), "nothing that came later counts");
    assert_eq!(over(&[], 1), Verdict::Waits { came: 0, nothing: Vec::new() });
}

#[test]
fn the_first_failure_fails_unless_enough_came_before_it() {
    let signals = [success("a", "one"), failed("b"), success("c", "two")];
    assert_eq!(over(&signals, 1), met(json!({ "a": "one" })));
    let Verdict::Failed(why) = over(&signals, 2) else { panic!("it failed") };
    assert!(why.starts_with("the signal `b` says FAILURE: no disk; "), "{why}");
    let Verdict::Failed(why) = over(&[r#"{"Status":"FAILURE"}"#.to_owned()], 1) else { panic!("it failed") };
    assert!(why.starts_with("the signal says FAILURE: it gave no reason; "), "{why}");
}

#[test]
fn what_is_no_signal_does_not_count_and_is_told() {
    let odd = ["", "[]", "{}", "null", r#"{"Status":"OK","UniqueId":"a"}"#, r#"{"Status":"SUCCESS"}"#, "\u{0}\u{1}"];
    for text in odd {
        let Verdict::Waits { came: 0, nothing } = over(&[text.to_owned()], 1) else { panic!("{text}") };
        assert_eq!(nothing.len(), 1, "{text}");
        assert_eq!(over(&[text.to_owned(), success("a", "b")], 1), met(json!({ "a": "b" })), "{text}");
    }
    let deep = "[".repeat(100_000);
    assert!(matches!(over(&[deep], 1), Verdict::Waits { .. }));
}

#[test]
fn data_with_a_reference_or_the_address_or_too_much_of_it_is_refused() {
    let address = format!("https://b.example.com/custom/shop/dev/signals/{HANDLE}.json?X-Amz-Signature=5e1f");
    for data in ["x {{resolve:secretsmanager:db}}", &address, &"x".repeat(MOST_DATA)] {
        let Verdict::Failed(why) = over(&[success("a", data)], 1) else { panic!("{data}") };
        assert!(!why.contains("5e1f"), "{why}");
    }
    let told = json!({ "Status": "FAILURE", "UniqueId": address, "Reason": format!("cannot PUT {address}") });
    let Verdict::Failed(why) = over(&[told.to_string()], 1) else { panic!("it failed") };
    assert!(why.contains("cannot PUT") && !why.contains("5e1f") && !why.contains("https"), "{why}");
}

/// Signals that came, each of which says what it says as often as it is asked.
struct Came {
    signals: Vec<String>,
    reads: AtomicUsize,
}

#[async_trait]
impl Signals for Came {
    async fn address(&self, _: &str) -> Result<Secret, StoreError> {
        panic!("no address is needed to wait")
    }

    async fn came(&self, handle: &str) -> Result<Vec<Signal>, StoreError> {
        assert_eq!(handle, HANDLE);
        let signal = |(at, text): (usize, &String)| Signal { version: at.to_string(), size: text.len() as u64 };
        Ok(self.signals.iter().enumerate().map(signal).collect())
    }

    async fn said(&self, _: &str, signal: &Signal) -> Result<Vec<u8>, StoreError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        Ok(self.signals[signal.version.parse::<usize>().unwrap()].clone().into_bytes())
    }
}

fn condition(signals: Vec<String>) -> (WaitCondition, Arc<Came>) {
    let came = Arc::new(Came { signals, reads: AtomicUsize::new(0) });
    (WaitCondition::new(Some(Arc::<Came>::clone(&came))), came)
}

async fn settled(condition: &WaitCondition, asked: &Properties) -> Result<Readiness, CallError> {
    let (key, id): (ResourceKey, _) = ("site/Wait@1".parse().unwrap(), made("t").physical_id);
    condition.settle(&Existing::settled(&key, &id, asked)).await
}

#[tokio::test]
async fn a_condition_is_met_with_its_data_and_reads_each_signal_once() {
    let asked = properties(json!({ "Handle": reference_to_handle(HANDLE), "Timeout": "60", "Count": "2" }));
    let (waiting, came) = condition(vec![success("a", "one"), "x".repeat(9_000), "no".to_owned()]);
    for _ in 0..2 {
        let Readiness::Pending(what) = settled(&waiting, &asked).await.unwrap() else { panic!("it waits") };
        assert_eq!(what, "for 1 of 2 signals (2 came that do not count; the last is not JSON)");
    }
    assert_eq!(came.reads.load(Ordering::Relaxed), 2, "once each, and nothing of what is too large");
    let (done, _) = condition(vec![success("a", "one"), success("b", "two")]);
    let Readiness::Ready(observed) = settled(&done, &asked).await.unwrap() else { panic!("it is met") };
    assert_eq!(observed.attributes["Data"], json!(r#"{"a":"one","b":"two"}"#));
    assert_eq!(observed.properties, asked);
}

#[tokio::test]
async fn what_a_condition_cannot_wait_for_is_refused() {
    let (condition, _) = condition(Vec::new());
    let refused = async |asked: Value| settled(&condition, &properties(asked)).await.unwrap_err().message;
    let why = refused(json!({ "Handle": "https://example.com", "Timeout": 1 })).await;
    assert!(why.contains("must be the `Ref`"), "{why}");
    for count in [json!(0), json!("many"), json!(1_001), json!(-1)] {
        let why = refused(json!({ "Handle": reference_to_handle(HANDLE), "Count": count })).await;
        assert!(why.contains("from 1 to 1000"), "{why}");
    }
    for timeout in [json!(0), json!("soon"), json!(3_601), json!("999999999")] {
        let why = refused(json!({ "Handle": reference_to_handle(HANDLE), "Timeout": timeout })).await;
        assert!(why.contains("`Timeout` goes from 1 to 3600"), "{why}");
    }
}

#[tokio::test]
async fn a_handle_made_anew_is_called_something_else() {
    let (asked, key): (_, ResourceKey) = (Properties::new(), "site/Handle@1".parse().unwrap());
    let stamp = model::Stamp {
        engine: String::new(),
        scope: String::new(),
        version: String::new(),
        deployed_at: String::new(),
        deployed_by: String::new(),
    };
    let made = async |token| {
        let creation = Creation { key: &key, properties: &asked, token, stamp: &stamp };
        WaitConditionHandle.create(&creation).await.unwrap().physical_id
    };
    let first = made(HANDLE).await;
    assert_eq!(handle_of(first.as_str()), Some(HANDLE));
    assert_eq!(first, made(HANDLE).await, "the same attempt makes the same");
    assert_ne!(first, made("fedcba9876543210fedcba9876543210").await);
}
