//! Answers of functions behind custom resources: objects that they put to a presigned address, the first version of which counts.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::presigning::PresigningConfig;
use engine::ports::{Answers, StoreError};
use model::{EnvironmentId, ResourceKey};

use crate::Store;
use crate::error::{corrupt, store_error};
use crate::keys::paths;

/// For how long an answer is taken. A wave waits less (`engine::wave::Limits::readiness`).
const OPEN: Duration = Duration::from_secs(3_600);
/// The largest answer, in bytes. CloudFormation takes 4096 ("Custom resource response objects").
const LONGEST: i64 = 65_536;

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
    /// The oldest version of an object; none where there is no object.
    async fn first(&self, key: &str) -> Result<Option<(String, i64)>, StoreError> {
        let list = self.store.s3.list_object_versions().bucket(&self.store.deployments).prefix(key);
        let list = list.send().await.map_err(|error| store_error("s3 ListObjectVersions", &error))?;
        let mut versions: Vec<_> = list
            .versions
            .unwrap_or_default()
            .into_iter()
            .filter(|version| version.key.as_deref() == Some(key))
            .collect();
        // Newest first, as S3 lists them; of equal times, the later in the list is the older.
        versions.sort_by_key(|version| std::cmp::Reverse(version.last_modified));
        let oldest = versions.pop();
        Ok(oldest.map(|version| (version.version_id.unwrap_or_default(), version.size.unwrap_or_default())))
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
