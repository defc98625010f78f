//! From SDK errors to [`StoreError`], by code.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use engine::ports::StoreError;

/// Codes that say: this function may not, or what its settings name does not exist.
const MISCONFIGURED: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "InvalidAccessKeyId",
    "NoSuchBucket",
    "ResourceNotFoundException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
    "ValidationException",
];

pub(crate) fn store_error<E: ProvideErrorMetadata>(
    operation: &'static str,
    error: &SdkError<E, HttpResponse>,
) -> StoreError {
    let code = error.code().unwrap_or_default();
    let message = match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => transport(error),
    };
    if MISCONFIGURED.contains(&code) {
        StoreError::Misconfigured { operation, message }
    } else {
        StoreError::Transient { operation, message }
    }
}

fn transport<E>(error: &SdkError<E, HttpResponse>) -> String {
    match error {
        SdkError::ConstructionFailure(_) => "the request could not be built".to_owned(),
        SdkError::TimeoutError(_) => "no answer in time".to_owned(),
        SdkError::DispatchFailure(_) => "the service could not be reached".to_owned(),
        SdkError::ResponseError(_) => "the answer could not be read".to_owned(),
        SdkError::ServiceError(_) => "the service gave no error code".to_owned(),
        _ => "the call failed".to_owned(),
    }
}

pub(crate) fn corrupt(what: impl Into<String>, why: impl ToString) -> StoreError {
    StoreError::Corrupt { what: what.into(), why: why.to_string() }
}
