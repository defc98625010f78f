//! Answers of functions behind custom resources: objects that they put to a presigned address, the first version of which counts.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::types::{DeleteMarkerEntry, ObjectVersion};
use engine::ports::{Answers, StoreError};
use model::{EnvironmentId, ResourceKey};

use crate::Store;
use crate::error::{corrupt, store_error};
use crate::keys::paths;

/// For how long an answer is taken. A wave waits less (`engine::wave::Limits::readiness`).
const OPEN: Duration = Duration::from_secs(3_600);
/// The largest answer, in bytes. CloudFormation takes 4096 ("Custom resource response objects").
const LONGEST: i64 = 65_536;
/// How many pages of versions are looked through for the first answer: a hundred thousand of them.
const PAGES: usize = 100;

/// The answers of one environment.
#[derive(Debug, Clone)]
pub struct StoredAnswers {
    store: Store,
    environment: EnvironmentId,
}

impl Store {
    /// The answers of one environment.
    pub fn answers(&self, environment: &EnvironmentId) -> StoredAnswers {
        StoredAnswers { store: self.clone(), environment: environment.clone() }
    }
}

impl StoredAnswers {
    /// The oldest version of an object; none where there is no object, or where it expired: what is left of one that did need
    /// not have the first.
    async fn first(&self, key: &str) -> Result<Option<(String, i64)>, StoreError> {
        let mut list = self.store.s3.list_object_versions().bucket(&self.store.deployments).prefix(key);
        let mut oldest: Option<ObjectVersion> = None;
        for _ in 0..PAGES {
            let page = list.clone().send().await.map_err(|error| store_error("s3 ListObjectVersions", &error))?;
            let is_gone = |marker: &DeleteMarkerEntry| marker.key() == Some(key) && marker.is_latest() == Some(true);
            if page.delete_markers().iter().any(is_gone) {
                return Ok(None);
            }
            for version in page.versions.unwrap_or_default() {
                // Newest first, as S3 lists them; of equal times, the later in the list is the older.
                let is_older = oldest.as_ref().is_none_or(|oldest| version.last_modified <= oldest.last_modified);
                if version.key() == Some(key) && is_older {
                    oldest = Some(version);
                }
            }
            if page.is_truncated != Some(true) {
                let told =
                    |version: ObjectVersion| (version.version_id.unwrap_or_default(), version.size.unwrap_or_default());
                return Ok(oldest.map(told));
            }
            list = list.set_key_marker(page.next_key_marker).set_version_id_marker(page.next_version_id_marker);
        }
        Err(corrupt(format!("object {key}"), "its function answered so often that its first answer cannot be told"))
    }
}

#[async_trait]
impl Answers for StoredAnswers {
    async fn ask(&self, of: &ResourceKey, request: &str) -> Result<String, StoreError> {
        self.store.put_derived(&paths::asked(&self.environment, of), request.as_bytes().to_vec()).await?;
        let open =
            PresigningConfig::expires_in(OPEN).map_err(|error| corrupt("a presigned address", error.to_string()))?;
        let put = self.store.s3.put_object().bucket(&self.store.deployments);
        let put = put.key(paths::answer(&self.environment, of, request));
        // Who answers sends no checksum that could be signed beforehand.
        let settings = aws_sdk_s3::config::Builder::default()
            .request_checksum_calculation(aws_sdk_s3::config::RequestChecksumCalculation::WhenRequired);
        let put = put.customize().config_override(settings);
        let address = put.presigned(open).await.map_err(|error| store_error("s3 PutObject", &error))?;
        Ok(address.uri().to_owned())
    }

    async fn asked(&self, of: &ResourceKey) -> Result<Option<String>, StoreError> {
        let get = self.store.s3.get_object().bucket(&self.store.deployments).key(paths::asked(&self.environment, of));
        let body = match get.send().await {
            Ok(output) => output.body,
            Err(error) if error.code() == Some("NoSuchKey") => return Ok(None),
            Err(error) => return Err(store_error("s3 GetObject", &error)),
        };
        Ok(Some(String::from_utf8_lossy(&crate::objects::read(body).await?).into_owned()))
    }

    async fn answer(&self, of: &ResourceKey, request: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let key = paths::answer(&self.environment, of, request);
        let Some((version, size)) = self.first(&key).await? else { return Ok(None) };
        if size > LONGEST {
            return Err(corrupt(format!("object {key}"), format!("an answer has {LONGEST} bytes at most, not {size}")));
        }
        let get = self.store.s3.get_object().bucket(&self.store.deployments).key(&key).version_id(version).send().await;
        let body = get.map_err(|error| store_error("s3 GetObject", &error))?.body;
        Ok(Some(crate::objects::read(body).await?))
    }
}
