//! HTTP APIs, their integrations, routes and stages.

mod api;
mod integration;
mod route;
mod stage;

use model::{CallError, Stamp};

pub use api::Api;
pub use integration::Integration;
pub use route::Route;
pub use stage::Stage;

use crate::clients::Clients;
use crate::error::call_error;
use crate::marks;
use crate::tags::{TagChange, Tags};

/// The service's name in errors.
const SERVICE: &str = "apigateway";

/// The ARN of an API or of what is under it: these name no account.
fn arn(clients: &Clients, path: &str) -> String {
    crate::arn::arn(SERVICE, &clients.region, "", path)
}

/// Changes the tags of an API or a stage.
async fn tag(clients: &Clients, arn: &str, change: TagChange) -> Result<(), CallError> {
    if !change.set.is_empty() {
        let call = clients.apigateway.tag_resource().resource_arn(arn).set_tags(Some(change.set.into_iter().collect()));
        call.send().await.map_err(|error| call_error(SERVICE, "TagResource", error))?;
    }
    if !change.remove.is_empty() {
        let call = clients.apigateway.untag_resource().resource_arn(arn).set_tag_keys(Some(change.remove));
        call.send().await.map_err(|error| call_error(SERVICE, "UntagResource", error))?;
    }
    Ok(())
}

/// Whether an API carries the tags of this installation: what is in it may then be known by its marks.
async fn is_ours(clients: &Clients, api: &str, stamp: &Stamp) -> Result<bool, CallError> {
    let answer = clients.apigateway.get_api().api_id(api).send().await;
    let answer = crate::shape::unless_missing(answer.map_err(|error| call_error(SERVICE, "GetApi", error)))?;
    let tags: Tags = answer.and_then(|answer| answer.tags).unwrap_or_default().into_iter().collect();
    Ok(marks::is_of_installation(&tags, stamp))
}
