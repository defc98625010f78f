//! The classes of AWS's errors: one table, and the way from an SDK's error to a [`CallError`].
//!
//! Must never decide by a message where a code says as much, and never keep more of an answer than its error.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use model::{CallError, ErrorClass};

use crate::interceptor::{LeaseTooShort, request_id};

/// Declares `failed(operation)`, which turns an SDK's error into a [`CallError`] of one service.
macro_rules! failures {
    ($service:literal) => {
        fn failed<E>(
            operation: &'static str,
        ) -> impl FnOnce(
            aws_smithy_runtime_api::client::result::SdkError<
                E,
                aws_smithy_runtime_api::client::orchestrator::HttpResponse,
            >,
        ) -> model::CallError
        where
            E: aws_smithy_types::error::metadata::ProvideErrorMetadata + std::error::Error + 'static,
        {
            move |error| $crate::error::call_error($service, operation, error)
        }
    };
}

mod table;

pub use engine::fence::LEASE_TOO_SHORT;
pub use table::{ROWS, Row, class_of};

/// The failure of `operation` of `service` (lower case, as in the table) as a value.
///
/// # Guarantees
/// A call that was refused by the fence, or for which no credentials could be had, keeps that reason; a call whose answer
/// did not arrive is `Transient`, so that its effect counts as unknown.
pub fn call_error<E>(service: &str, operation: &str, error: SdkError<E, HttpResponse>) -> CallError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let mut failure = CallError {
        class: ErrorClass::Unknown,
        service: service.to_owned(),
        operation: operation.to_owned(),
        code: None,
        status: None,
        request_id: None,
        message: String::new(),
    };
    if let Some(cause) = cause::<CallError>(&error) {
        return cause.clone();
    }
    if let Some(refusal) = cause::<LeaseTooShort>(&error) {
        failure.class = ErrorClass::Throttled;
        failure.code = Some(LEASE_TOO_SHORT.to_owned());
        failure.message = refusal.to_string();
        return failure;
    }
    if let Some(response) = error.raw_response() {
        failure.status = Some(response.status().as_u16());
        failure.request_id = request_id(response.headers()).map(str::to_owned);
    }
    match &error {
        SdkError::ServiceError(answer) => {
            failure.code = answer.err().code().map(str::to_owned);
            failure.message = answer.err().message().map_or_else(|| chain(&error), str::to_owned);
            failure.class = class_of(service, operation, failure.code.as_deref(), failure.status, &failure.message);
        }
        SdkError::ResponseError(_) => {
            failure.message = chain(&error);
            failure.class = match failure.status {
                Some(400..=499) => class_of(service, operation, None, failure.status, &failure.message),
                _ => ErrorClass::Transient,
            };
        }
        SdkError::ConstructionFailure(_) => {
            failure.class = ErrorClass::Invalid;
            failure.message = chain(&error);
        }
        _ => {
            failure.class = ErrorClass::Transient;
            failure.message = chain(&error);
        }
    }
    failure
}

/// The first error of type `T` among `error` and its causes.
fn cause<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    causes(error).find_map(|error| error.downcast_ref())
}

/// The texts of an error and its causes, outermost first.
fn chain(error: &(dyn Error + 'static)) -> String {
    causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (**error).source())
}
