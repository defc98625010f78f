//! Signals to wait condition handles: every version of the object that is put to a handle's presigned addresses is one.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::config::{Builder, RequestChecksumCalculation};
use aws_sdk_s3::presigning::PresigningConfig;
use engine::ports::{Secret, Signal, Signals, StoreError};
use model::EnvironmentId;

use crate::Store;
use crate::error::{corrupt, store_error};
use crate::keys::paths;

/// For how long signals are taken at an address: an hour, which is the longest that a condition waits, and as much between
/// the call that hands out the address and the condition's turn.
const OPEN: Duration = Duration::from_secs(7_200);
/// How many pages of versions are looked through: ten thousand signals.
const PAGES: usize = 10;

/// The signals to the handles of one environment.
#[derive(Debug, Clone)]
pub struct StoredSignals {
    store: Store,
    environment: EnvironmentId,
}

impl Store {
    /// The signals to the handles of one environment.
    pub fn signals(&self, environment: &EnvironmentId) -> StoredSignals {
        StoredSignals { store: self.clone(), environment: environment.clone() }
    }
}

#[async_trait]
impl Signals for StoredSignals {
    async fn address(&self, handle: &str) -> Result<Secret, StoreError> {
        let open =
            PresigningConfig::expires_in(OPEN).map_err(|error| corrupt("a presigned address", error.to_string()))?;
        let put = self.store.s3.put_object().bucket(&self.store.deployments);
        let put = put.key(paths::signals(&self.environment, handle));
        // Who signals sends no checksum that could be signed beforehand.
        let settings = Builder::default().request_checksum_calculation(RequestChecksumCalculation::WhenRequired);
        let put = put.customize().config_override(settings);
        let address = put.presigned(open).await.map_err(|error| store_error("s3 PutObject", &error))?;
        Ok(Secret::new(address.uri()))
    }

    async fn came(&self, handle: &str) -> Result<Vec<Signal>, StoreError> {
        let key = paths::signals(&self.environment, handle);
        let mut list = self.store.s3.list_object_versions().bucket(&self.store.deployments).prefix(&key);
        let mut versions = Vec::new();
        for _ in 0..PAGES {
            let page = list.clone().send().await.map_err(|error| store_error("s3 ListObjectVersions", &error))?;
            versions.extend(page.versions.unwrap_or_default().into_iter().filter(|one| one.key() == Some(&key)));
            if page.is_truncated != Some(true) {
                // Newest first, as S3 lists them, to the second; of equal times, the later in the list is the older.
                versions.reverse();
                versions.sort_by_key(|version| version.last_modified);
                let signal = |version: aws_sdk_s3::types::ObjectVersion| Signal {
                    size: version.size.unwrap_or_default().unsigned_abs(),
                    version: version.version_id.unwrap_or_default(),
                };
                return Ok(versions.into_iter().map(signal).collect());
            }
            list = list.set_key_marker(page.next_key_marker).set_version_id_marker(page.next_version_id_marker);
        }
        Err(corrupt(format!("object {key}"), "so many signals came that nobody can have meant them"))
    }

    async fn said(&self, handle: &str, signal: &Signal) -> Result<Vec<u8>, StoreError> {
        let get = self.store.s3.get_object().bucket(&self.store.deployments);
        let get = get.key(paths::signals(&self.environment, handle)).version_id(&signal.version).send().await;
        let body = get.map_err(|error| store_error("s3 GetObject", &error))?.body;
        crate::objects::read(body).await
    }
}
