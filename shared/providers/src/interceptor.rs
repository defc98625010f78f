//! What stands between every client and AWS: the fence before a mutating request, and one event in the log per call.
//!
//! Must never log a body, a header's value other than the request id and the error's code, or a credential.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::{Headers, Response};
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use engine::fence::Fence;
use jiff::Timestamp;

/// What the names of operations that change nothing begin with. Neither does asking a function: what it does is its own
/// business, and no resource is another afterwards.
const READS: [&str; 9] = ["Get", "List", "Describe", "Head", "Query", "Scan", "BatchGet", "AssumeRole", "Invoke"];

/// Whether a call of `operation` can change anything.
pub fn is_mutating(operation: &str) -> bool {
    !READS.iter().any(|prefix| operation.starts_with(prefix))
}

/// The refusal of a mutating request whose lease may not outlive it. Nothing was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the lease may not outlive this call; it was not sent")]
pub struct LeaseTooShort;

/// The interceptor on every client.
#[derive(Clone)]
pub struct Watch {
    fence: Arc<Fence>,
}

impl Watch {
    /// One that asks `fence`.
    pub fn new(fence: Arc<Fence>) -> Self {
        Self { fence }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

#[derive(Debug, Clone, Copy)]
struct StartedAt(Instant);

impl Storable for StartedAt {
    type Storer = StoreReplace<Self>;
}

impl Intercept for Watch {
    fn name(&self) -> &'static str {
        "strandline"
    }

    fn read_before_execution(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        cfg.interceptor_state().store_put(StartedAt(Instant::now()));
        Ok(())
    }

    // As late as can be, so that signing and what came before it does not eat into the lease unseen.
    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let mutating = cfg.load::<Metadata>().is_none_or(|metadata| is_mutating(metadata.name()));
        if mutating && !self.fence.permits(Timestamp::now()) {
            return Err(LeaseTooShort.into());
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (service, operation) =
            cfg.load::<Metadata>().map_or(("", ""), |metadata| (metadata.service(), metadata.name()));
        let duration = cfg.load::<StartedAt>().map_or(0, |started| started.0.elapsed().as_millis());
        let attempt = cfg.load::<RequestAttempts>().map_or(1, RequestAttempts::attempts);
        let response = context.response();
        tracing::info!(
            target: "aws",
            service,
            operation,
            mutating = is_mutating(operation),
            request_id = response.and_then(|response| request_id(response.headers())),
            status = response.map(|response| response.status().as_u16()),
            code = response.and_then(error_code),
            ok = matches!(context.output_or_error(), Some(Ok(_))),
            duration_ms = u64::try_from(duration).unwrap_or(u64::MAX),
            attempt,
            "aws call"
        );
        Ok(())
    }
}

/// The request id in an answer's headers, under whichever of its names.
pub fn request_id(headers: &Headers) -> Option<&str> {
    ["x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id"].into_iter().find_map(|name| headers.get(name))
}

/// The code of a failure, from where its protocol puts it; never more of the answer than that.
fn error_code(response: &Response) -> Option<&str> {
    if response.status().is_success() {
        return None;
    }
    if let Some(code) =
        response.headers().get("x-amzn-errortype").or_else(|| response.headers().get("x-amzn-query-error"))
    {
        return code.split([':', ';']).next();
    }
    let body = std::str::from_utf8(response.body().bytes()?).ok()?;
    let (_, rest) = body.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    Some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_pass_the_fence_and_everything_else_asks_it() {
        for read in ["GetRole", "ListTagsForResource", "HeadBucket", "DescribeTable", "AssumeRole", "Invoke"] {
            assert!(!is_mutating(read), "{read}");
        }
        for write in ["CreateRole", "TagRole", "PutParameter", "UpdateFunctionCode", "DeleteQueue", "Subscribe"] {
            assert!(is_mutating(write), "{write}");
        }
    }
}
