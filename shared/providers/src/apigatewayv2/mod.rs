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
use crate::shape::unless_missing;
use crate::tags::{TagChange, Tags};

/// The service's name in errors.
const SERVICE: &str = "apigateway";

/// The ARN of an API or of what is under it: these name no account.
fn arn(clients: &Clients, path: &str) -> String {
    crate::arn::arn(SERVICE, &clients.region, "", path)
}

/// The tags of an API or a stage, from where they are kept; none where there is no such thing.
async fn tags(clients: &Clients, arn: &str) -> Result<Option<Tags>, CallError> {
    let answer = clients.apigateway.get_tags().resource_arn(arn).send().await;
    let answer = unless_missing(answer.map_err(|error| call_error(SERVICE, "GetTags", error)))?;
    Ok(answer.map(|answer| answer.tags.unwrap_or_default().into_iter().collect()))
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
    let tags = tags(clients, &arn(clients, &format!("/apis/{api}"))).await?.unwrap_or_default();
    Ok(marks::is_of_installation(&tags, stamp))
}
