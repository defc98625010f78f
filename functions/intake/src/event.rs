//! The event that says: an object was put to the inbox.

use model::{DeploymentId, Digest, Requester, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use step::StepError;

/// An upload, as EventBridge tells of it. The same event may come twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Upload {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) version: String,
    pub(crate) at: Timestamp,
    pub(crate) requester: Option<Requester>,
}

#[derive(Deserialize)]
struct Envelope {
    time: Timestamp,
    detail: Detail,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Detail {
    bucket: Bucket,
    object: Object,
    request_id: Option<String>,
    requester: Option<String>,
    source_ip_address: Option<String>,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Object {
    key: String,
    version_id: Option<String>,
}

impl Upload {
    pub(crate) fn read(payload: &Value) -> Result<Self, StepError> {
        let envelope = Envelope::deserialize(payload)
            .map_err(|error| StepError::Unreadable(format!("not an event of an upload: {error}")))?;
        let Detail { bucket, object, request_id, requester, source_ip_address } = envelope.detail;
        let version = object
            .version_id
            .ok_or_else(|| StepError::Misconfigured(format!("the bucket `{}` has no versioning", bucket.name)))?;
        let who = Requester { account: requester, address: source_ip_address, request: request_id };
        Ok(Self {
            bucket: bucket.name,
            key: object.key,
            version,
            at: envelope.time,
            requester: (who != Requester::default()).then_some(who),
        })
    }

    /// The deployment's id: the time of the upload, so that ids sort, and a hash of what was uploaded, so that a duplicated
    /// event is the same deployment.
    pub(crate) fn deployment(&self) -> DeploymentId {
        let hash = Digest::of(format!("{}\n{}\n{}", self.bucket, self.key, self.version).as_bytes());
        DeploymentId(format!("{:011x}-{}", self.at.as_millisecond(), hash.short(16)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(time: &str) -> Value {
        json!({
            "detail-type": "Object Created",
            "time": time,
            "detail": {
                "bucket": { "name": "strands-inbox-1-eu" },
                "object": { "key": "shop/dev/bundle.zip", "size": 5, "version-id": "v1" },
                "requester": "123456789012",
                "request-id": "R1",
                "source-ip-address": "203.0.113.7"
            }
        })
    }

    #[test]
    fn a_duplicated_event_is_the_same_deployment_and_ids_sort_by_time() {
        let first = Upload::read(&event("2026-11-01T10:00:00Z")).unwrap();
        let requester = Requester {
            account: Some("123456789012".into()),
            address: Some("203.0.113.7".into()),
            request: Some("R1".into()),
        };
        assert_eq!(first.requester, Some(requester));
        assert_eq!(first.deployment(), Upload::read(&event("2026-11-01T10:00:00Z")).unwrap().deployment());
        let later = Upload::read(&event("2026-11-01T10:00:01Z")).unwrap();
        assert!(first.deployment() < later.deployment());
        assert!(control::execution_name(&first.deployment(), 999).len() <= 80);
    }

    #[test]
    fn an_event_without_a_version_is_a_misconfiguration() {
        let mut event = event("2026-11-01T10:00:00Z");
        event["detail"]["object"].as_object_mut().unwrap().remove("version-id");
        assert!(matches!(Upload::read(&event), Err(StepError::Misconfigured(_))));
    }
}
