//! Each fault does what it says, against an upstream of the test's own.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "the helpers of tests may panic, as tests may")]

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use local::{
    Effect, Loopback, Proxy, Rule,
    clients::{self, Clients},
    proxy::Point,
};
use tokio::net::TcpListener;

const SOON: Duration = Duration::from_secs(10);

/// Answers every request with the same JSON and counts them.
struct Upstream {
    address: SocketAddr,
    seen: Arc<AtomicUsize>,
    hosts: Arc<std::sync::Mutex<Vec<String>>>,
}

impl Upstream {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, hosts) = (Arc::new(AtomicUsize::new(0)), Arc::new(std::sync::Mutex::new(Vec::new())));
        let (counter, names) = (Arc::clone(&seen), Arc::clone(&hosts));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (counter, names) = (Arc::clone(&counter), Arc::clone(&names));
                let service = service_fn(move |request: Request<Incoming>| {
                    let (counter, names) = (Arc::clone(&counter), Arc::clone(&names));
                    async move {
                        names.lock().unwrap().push(request.headers()["host"].to_str().unwrap().to_owned());
                        let length = request.into_body().collect().await?.to_bytes().len();
                        counter.fetch_add(1, Ordering::SeqCst);
                        let body = Full::new(Bytes::from(format!("{{\"TableNames\":[\"{length}\"]}}")));
                        Ok::<_, hyper::Error>(Response::new(body))
                    }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { address, seen, hosts }
    }

    fn seen(&self) -> usize {
        self.seen.load(Ordering::SeqCst)
    }
}

/// An upstream, a proxy before it, and a client that does not retry.
async fn setup() -> (Upstream, Proxy, aws_sdk_dynamodb::Client) {
    let upstream = Upstream::start().await;
    let proxy = Proxy::start(Loopback::new(upstream.address).unwrap()).await.unwrap();
    let client = client_of(&proxy);
    (upstream, proxy, client)
}

fn client_of(proxy: &Proxy) -> aws_sdk_dynamodb::Client {
    let config = Clients::new(proxy.address()).config;
    let retry = aws_config::retry::RetryConfig::disabled();
    aws_sdk_dynamodb::Client::from_conf(aws_sdk_dynamodb::config::Builder::from(&config).retry_config(retry).build())
}

#[tokio::test]
async fn a_call_that_no_rule_names_passes_and_is_recorded() {
    let (upstream, proxy, client) = setup().await;
    client.list_tables().send().await.unwrap();
    let calls = proxy.calls();
    assert_eq!(calls.len(), 1);
    assert!(calls[0].is("dynamodb", "ListTables") && calls[0].succeeded() && !calls[0].mutating && calls[0].forwarded);
    assert_eq!(calls[0].caller, local::Caller::Administrator);
    // The signature covers the host that the client knows, so that is what the emulator has to see.
    assert_eq!(*upstream.hosts.lock().unwrap(), [proxy.address().to_string()]);
}

#[tokio::test]
async fn a_throttled_call_is_refused_as_the_service_would_and_only_once() {
    let (upstream, proxy, client) = setup().await;
    proxy.inject(Rule::on("dynamodb", "ListTables"), Effect::Throttle);
    let refusal = client.list_tables().send().await.unwrap_err();
    assert_eq!(refusal.code(), Some("ThrottlingException"));
    assert_eq!(upstream.seen(), 0);
    client.list_tables().send().await.unwrap();
    let calls = proxy.calls();
    assert_eq!((calls[0].status, calls[0].error.as_deref()), (Some(400), Some("ThrottlingException")));
    assert_eq!((calls[0].fault, calls[0].forwarded, calls[1].fault), (Some("throttled"), false, None));
}

#[tokio::test]
async fn a_failed_call_has_the_status_and_code_of_the_rule() {
    let (upstream, proxy, client) = setup().await;
    proxy.inject(Rule::on("dynamodb", "*").always(), Effect::fail(500, "InternalServerError"));
    for _ in 0..3 {
        assert_eq!(client.list_tables().send().await.unwrap_err().code(), Some("InternalServerError"));
    }
    assert_eq!((upstream.seen(), proxy.calls()[2].status), (0, Some(500)));
}

#[tokio::test]
async fn a_delayed_call_arrives_later() {
    let (upstream, proxy, client) = setup().await;
    let delay = Duration::from_millis(120);
    proxy.inject(Rule::on("dynamodb", "ListTables"), Effect::Delay(delay));
    let started = Instant::now();
    client.list_tables().send().await.unwrap();
    assert!(started.elapsed() >= delay && proxy.calls()[0].took.unwrap() >= delay);
    assert_eq!(upstream.seen(), 1);
}

#[tokio::test]
async fn a_reset_before_the_effect_leaves_none() {
    let (upstream, proxy, client) = setup().await;
    proxy.inject(Rule::on("dynamodb", "ListTables"), Effect::ResetBefore);
    assert!(client.list_tables().send().await.unwrap_err().as_service_error().is_none());
    assert_eq!((upstream.seen(), proxy.calls()[0].forwarded), (0, false));
}

#[tokio::test]
async fn a_reset_after_the_effect_leaves_it() {
    let (upstream, proxy, client) = setup().await;
    proxy.inject(Rule::on("dynamodb", "ListTables"), Effect::ResetAfter);
    assert!(client.list_tables().send().await.unwrap_err().as_service_error().is_none());
    assert_eq!((upstream.seen(), proxy.calls()[0].forwarded, proxy.calls()[0].status), (1, true, Some(200)));
}

#[tokio::test]
async fn a_rule_can_mean_the_second_of_the_calls_about_one_resource() {
    let (upstream, proxy, client) = setup().await;
    proxy.inject(Rule::on("dynamodb", "DescribeTable").resource("b").nth(2), Effect::Throttle);
    for (table, refused) in [("b", false), ("a", false), ("b", true), ("b", false)] {
        let answer = client.describe_table().table_name(table).send().await;
        assert_eq!(answer.is_err_and(|e| e.code() == Some("ThrottlingException")), refused, "{table}");
    }
    assert_eq!(upstream.seen(), 3);
}

#[tokio::test]
async fn a_call_held_before_its_effect_has_none_until_it_is_released() {
    let (upstream, proxy, client) = setup().await;
    let mut held = proxy.hold(Rule::on("dynamodb", "ListTables"), Point::BeforeEffect);
    let pending = tokio::spawn(async move { client.list_tables().send().await });
    let call = held.reached(SOON).await.unwrap();
    assert_eq!((call.status, upstream.seen()), (None, 0));
    held.release();
    pending.await.unwrap().unwrap();
    assert_eq!(upstream.seen(), 1);
}

#[tokio::test]
async fn a_call_held_before_its_effect_can_be_cut_and_never_happens() {
    let (upstream, proxy, client) = setup().await;
    let mut held = proxy.hold(Rule::on("dynamodb", "ListTables"), Point::BeforeEffect);
    let pending = tokio::spawn(async move { client.list_tables().send().await });
    held.reached(SOON).await.unwrap();
    held.cut();
    assert!(pending.await.unwrap().is_err());
    assert_eq!((upstream.seen(), proxy.calls()[0].error.as_deref()), (0, Some("Cut")));
}

#[tokio::test]
async fn a_call_held_after_its_effect_has_happened_when_its_client_dies() {
    let (upstream, proxy, client) = setup().await;
    let mut held = proxy.hold(Rule::on("dynamodb", "ListTables"), Point::AfterEffect);
    let pending = tokio::spawn(async move { client.list_tables().send().await });
    let call = held.reached(SOON).await.unwrap();
    assert_eq!((call.status, upstream.seen()), (Some(200), 1));
    pending.abort();
    held.cut();
    let ended = |c: &local::Call| c.ended.is_some();
    assert!(proxy.wait_for(Default::default(), SOON, ended).await.unwrap().forwarded);
}

#[tokio::test]
async fn a_holder_that_is_dropped_lets_go() {
    let (_upstream, proxy, client) = setup().await;
    drop(proxy.hold(Rule::on("dynamodb", "ListTables"), Point::BeforeEffect));
    client.list_tables().send().await.unwrap();
}

#[tokio::test]
async fn large_and_chunked_uploads_arrive_whole() {
    let (upstream, proxy, _) = setup().await;
    let s3 = Clients::new(proxy.address()).s3;
    let body = vec![7_u8; 3 << 20];
    s3.put_object().bucket("b").key("a/k").body(body.into()).send().await.unwrap();
    let call = &proxy.calls()[0];
    assert!(call.is("s3", "PutObject") && call.body.is_empty(), "{call}");
    assert_eq!((call.resource.as_deref(), upstream.seen()), (Some("b/a/k"), 1));
}

#[tokio::test]
async fn the_record_can_be_asked_from_a_mark_on() {
    let (_upstream, proxy, client) = setup().await;
    client.list_tables().send().await.unwrap();
    let mark = proxy.mark();
    assert!(proxy.since(mark).is_empty());
    clients::get(proxy.address(), "/_aws/execute-api/a/b").await.unwrap();
    let since = proxy.since(mark);
    assert_eq!((since.len(), since[0].service.as_str(), &since[0].caller), (1, "execute-api", &local::Caller::Nobody));
}

#[tokio::test]
async fn each_ended_call_is_a_line_of_json_in_the_log() {
    let (_upstream, proxy, client) = setup().await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("calls.jsonl");
    proxy.log_to(&file).unwrap();
    client.list_tables().send().await.unwrap();
    let line: serde_json::Value = serde_json::from_str(std::fs::read_to_string(file).unwrap().trim()).unwrap();
    assert_eq!((&line["operation"], &line["status"]), (&"ListTables".into(), &200.into()));
}

#[tokio::test]
async fn an_upstream_that_is_gone_is_told_from_a_refusal() {
    let upstream = Loopback::free().unwrap();
    let proxy = Proxy::start(upstream).await.unwrap();
    assert!(client_of(&proxy).list_tables().send().await.is_err());
    assert_eq!(proxy.calls()[0].error.as_deref(), Some("EmulatorUnreachable"));
}
