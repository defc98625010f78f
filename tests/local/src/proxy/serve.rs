//! Takes connections, passes requests on, and does to them what the rules say.

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Request, Response,
    body::Incoming,
    header::{EXPECT, HeaderName, HeaderValue, TRANSFER_ENCODING},
    http::{request, response},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use jiff::Timestamp;
use tokio::{net::TcpListener, task::JoinSet};

use super::{
    Call, Caller, Effect, Point, Shared,
    answer::{self, refusal},
    classify::{self, Request as Classified},
    locked,
    rules::{Action, Verdict},
};

/// More than any artifact that Lambda takes.
const BODY_LIMIT: usize = 300 << 20;
/// More than any request that is not an object or a code upload.
const KEPT_BODY: usize = 64 << 10;

const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Why a connection is closed without an answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Cut {
    #[error("cut by a rule")]
    Rule,
    #[error("the client's body: {0}")]
    Body(Box<dyn std::error::Error + Send + Sync>),
    #[error("the emulator: {0}")]
    Upstream(String),
}

#[derive(Clone)]
pub(super) struct Forward {
    shared: Arc<Shared>,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Forward {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, client: Client::builder(TokioExecutor::new()).build_http() }
    }

    /// Serves until it is dropped; the connections go with it.
    pub(super) async fn listen(self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                // Out of file descriptors, most likely: others will be given back.
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                continue;
            };
            let _ = stream.set_nodelay(true);
            let forward = self.clone();
            connections.spawn(async move {
                let service = service_fn(move |request| {
                    let forward = forward.clone();
                    async move { forward.serve(request).await }
                });
                let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "connection closed");
                }
            });
            while connections.try_join_next().is_some() {}
        }
    }

    async fn serve(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Cut> {
        let (parts, body) = request.into_parts();
        let body = Limited::new(body, BODY_LIMIT).collect().await.map_err(Cut::Body)?.to_bytes();
        let classified = classify::request(&parts.method, &parts.uri, &parts.headers, &body);
        let call = self.arrived(&parts, &classified, &body);
        let mut ended = Ended { shared: &self.shared, id: call.id, status: 0, error: Some("Aborted".into()) };
        let action = locked(&self.shared.rules).pick(&call);
        let (id, record) = (call.id, &self.shared.record);
        let fault = |name| locked(record).amend(id, |c| c.fault = Some(name));

        let mut after = None;
        match action {
            None => {}
            Some(Action::Effect(effect)) => {
                fault(effect.name());
                match effect {
                    Effect::Delay(time) => tokio::time::sleep(time).await,
                    Effect::Throttle => return Ok(ended.with(answer::throttling(&classified))),
                    Effect::Fail { status, code } => return Ok(ended.with(refusal(&classified, status, &code))),
                    Effect::ResetBefore => return Err(ended.cut()),
                    Effect::ResetAfter => after = Some(None),
                }
            }
            Some(Action::Hold(gate)) if gate.point == Point::BeforeEffect => {
                fault("held before");
                if gate.pass(call.clone()).await == Verdict::Cut {
                    return Err(ended.cut());
                }
            }
            Some(Action::Hold(gate)) => {
                fault("held after");
                after = Some(Some(gate));
            }
        }

        locked(record).amend(id, |c| c.forwarded = true);
        let response = match self.forward(parts, body).await {
            Ok(response) => response,
            Err(error) => {
                ended.error = Some("EmulatorUnreachable".into());
                return Err(error);
            }
        };
        self.learn(&classified, &response.1);
        ended.saw(&response.0, &response.1);
        match after {
            None => {}
            Some(None) => return Err(Cut::Rule),
            Some(Some(gate)) => {
                let so_far = locked(record).calls.get(id).cloned().unwrap_or(call);
                if gate.pass(so_far).await == Verdict::Cut {
                    return Err(Cut::Rule);
                }
            }
        }
        let (head, body) = response;
        Ok(Response::from_parts(head, Full::new(body)))
    }

    /// Enters the call in the record.
    fn arrived(&self, parts: &request::Parts, classified: &Classified, body: &Bytes) -> Call {
        let key = classified.access_key.as_deref();
        let (known, identify) = {
            let record = locked(&self.shared.record);
            (record.caller(key), record.identify.clone())
        };
        // Asked without the lock, because it reads the process table.
        let caller = known.unwrap_or_else(|| {
            let key = key.unwrap_or_default();
            let found = identify.and_then(|identify| identify(key));
            if let Some(caller) = &found {
                locked(&self.shared.record).know(key, caller.clone());
            }
            found.unwrap_or_else(|| Caller::Unknown(key.to_owned()))
        });
        let mut call = Call {
            id: 0,
            at: Timestamp::now(),
            service: classified.service.clone(),
            operation: classified.operation.clone(),
            resource: classified.resource.clone(),
            caller,
            mutating: classified.mutating,
            method: parts.method.to_string(),
            path: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            status: None,
            error: None,
            fault: None,
            forwarded: false,
            took: None,
            started: Instant::now(),
            ended: None,
            body: if body.len() <= KEPT_BODY { body.clone() } else { Bytes::new() },
        };
        call.id = locked(&self.shared.record).arrive(call.clone());
        self.shared.changed.notify_waiters();
        call
    }

    /// Passes a request on with everything that was signed as it was.
    async fn forward(&self, mut parts: request::Parts, body: Bytes) -> Result<(response::Parts, Bytes), Cut> {
        let failed = |e: &dyn std::fmt::Display| Cut::Upstream(e.to_string());
        let path = parts.uri.path_and_query().map_or("/", |p| p.as_str());
        parts.uri = format!("{}{path}", self.shared.upstream.url()).parse().map_err(|e| failed(&e))?;
        // The body is complete, so it goes in one piece and nobody has to ask first.
        for name in [EXPECT, TRANSFER_ENCODING, HeaderName::from_static("connection")] {
            parts.headers.remove(name);
        }
        // AWS is behind TLS and so, for its policies (`aws:SecureTransport`), is the emulator behind this proxy.
        parts.headers.insert(FORWARDED_PROTO, HeaderValue::from_static("https"));
        let request = Request::from_parts(parts, Full::new(body));
        let response = self.client.request(request).await.map_err(|e| failed(&e))?;
        let (mut head, body) = response.into_parts();
        let body = Limited::new(body, BODY_LIMIT).collect().await.map_err(|e| failed(&e))?.to_bytes();
        for name in [TRANSFER_ENCODING, HeaderName::from_static("connection")] {
            head.headers.remove(name);
        }
        Ok((head, body))
    }

    /// Remembers whose the credentials are that an answer hands out.
    fn learn(&self, classified: &Classified, body: &Bytes) {
        if classified.service == "sts"
            && let Some((key, caller)) = answer::session(body)
        {
            locked(&self.shared.record).know(&key, caller);
        }
    }
}

/// Ends the call's entry however its handling ends, also when the client goes away in the middle of it.
struct Ended<'a> {
    shared: &'a Shared,
    id: usize,
    status: u16,
    error: Option<String>,
}

impl Ended<'_> {
    fn saw(&mut self, head: &response::Parts, body: &Bytes) {
        self.status = head.status.as_u16();
        self.error = answer::error_code(head, body);
        let (status, error) = (self.status, self.error.clone());
        // Also before the end, so that whoever holds the call sees what came of it.
        locked(&self.shared.record).amend(self.id, |c| (c.status, c.error) = (Some(status), error));
    }

    fn with(&mut self, response: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
        self.status = response.status().as_u16();
        self.error = answer::header_code(response.headers());
        response
    }

    fn cut(&mut self) -> Cut {
        self.error = Some("Cut".into());
        Cut::Rule
    }
}

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        locked(&self.shared.record).end(self.id, self.status, self.error.take());
        self.shared.changed.notify_waiters();
    }
}
