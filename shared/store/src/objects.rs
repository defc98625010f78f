//! Objects: what is immutable is written once and checked at every use; what is derived is overwritten.

use std::collections::BTreeMap;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use engine::ports::StoreError;
use model::{Digest, ObjectRef};

use crate::Store;
use crate::error::{corrupt, store_error};

/// An uploaded object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uploaded {
    /// Its content.
    pub bytes: Vec<u8>,
    /// What whoever uploaded it said about it, by lower-case keys: S3 takes 2 KB of that, and hands over what is not ASCII in the
    /// words of RFC 2047.
    pub metadata: BTreeMap<String, String>,
    /// How many entries of that S3 has and does not hand over, because they do not fit into headers of HTTP.
    pub withheld: u32,
}

/// Why an uploaded object could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The version is gone.
    #[error("the upload was deleted before it was read")]
    Gone,
    /// It is larger than anything that is accepted.
    #[error("the upload has {size} bytes; at most {most} are accepted")]
    TooLarge {
        /// Its size.
        size: u64,
        /// The most that is accepted.
        most: u64,
    },
    /// The stores.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Writes an object that never changes. An existing one of the same key is the same object, because keys name digests
    /// or deployments; where it is not, that is an error at its use.
    ///
    /// # Errors
    /// [`StoreError`] of S3.
    pub async fn put_once(&self, key: &str, bytes: Vec<u8>) -> Result<ObjectRef, StoreError> {
        Ok(self.put_new(key, bytes).await?.0)
    }

    /// The same; also says whether it was this call that wrote the object.
    pub(crate) async fn put_new(&self, key: &str, bytes: Vec<u8>) -> Result<(ObjectRef, bool), StoreError> {
        let digest = Digest::of(&bytes);
        let put = self.s3.put_object().bucket(&self.deployments).key(key).if_none_match("*");
        let (version, is_new) = match put.body(ByteStream::from(bytes)).send().await {
            Ok(output) => (output.version_id, true),
            Err(error) if is_taken(&error) => {
                let head = self.s3.head_object().bucket(&self.deployments).key(key).send().await;
                (head.map_err(|error| store_error("s3 HeadObject", &error))?.version_id, false)
            }
            Err(error) => return Err(store_error("s3 PutObject", &error)),
        };
        Ok((ObjectRef { key: key.to_owned(), version: version.unwrap_or_default(), digest }, is_new))
    }

    /// Writes an object that is derived from the truth, over whatever was there.
    ///
    /// # Errors
    /// [`StoreError`] of S3.
    pub async fn put_derived(&self, key: &str, bytes: Vec<u8>) -> Result<(), StoreError> {
        let put = self.s3.put_object().bucket(&self.deployments).key(key).body(ByteStream::from(bytes));
        put.send().await.map(|_| ()).map_err(|error| store_error("s3 PutObject", &error))
    }

    /// Writes an object that may be written again: the reference names this version of it, which stays.
    ///
    /// # Errors
    /// [`StoreError`] of S3.
    pub async fn put_versioned(&self, key: &str, bytes: Vec<u8>) -> Result<ObjectRef, StoreError> {
        let digest = Digest::of(&bytes);
        let put = self.s3.put_object().bucket(&self.deployments).key(key).body(ByteStream::from(bytes));
        let output = put.send().await.map_err(|error| store_error("s3 PutObject", &error))?;
        Ok(ObjectRef { key: key.to_owned(), version: output.version_id.unwrap_or_default(), digest })
    }

    /// The bytes of a reference, checked against its digest.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where they are not the bytes that were written.
    pub async fn get(&self, object: &ObjectRef) -> Result<Vec<u8>, StoreError> {
        self.get_from(&self.deployments, object).await
    }

    pub(crate) async fn get_from(&self, bucket: &str, object: &ObjectRef) -> Result<Vec<u8>, StoreError> {
        let version = (!object.version.is_empty()).then(|| object.version.clone());
        let get = self.s3.get_object().bucket(bucket).key(&object.key).set_version_id(version);
        let output = get.send().await.map_err(|error| store_error("s3 GetObject", &error))?;
        let bytes = read(output.body).await?;
        if Digest::of(&bytes) == object.digest {
            Ok(bytes)
        } else {
            Err(corrupt(format!("object {}", object.key), "its digest is another than was recorded"))
        }
    }

    /// One version of an uploaded object. Its size is known before a byte is read.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub async fn upload(&self, bucket: &str, key: &str, version: &str, most: u64) -> Result<Uploaded, Unreadable> {
        let get = self.s3.get_object().bucket(bucket).key(key).version_id(version).send().await;
        let output = match get {
            Ok(output) => output,
            Err(error) if matches!(error.code(), Some("NoSuchKey" | "NoSuchVersion" | "MethodNotAllowed")) => {
                return Err(Unreadable::Gone);
            }
            Err(SdkError::ServiceError(error)) if matches!(error.raw().status().as_u16(), 404 | 405) => {
                return Err(Unreadable::Gone);
            }
            Err(error) => return Err(store_error("s3 GetObject (inbox)", &error).into()),
        };
        let size = u64::try_from(output.content_length.unwrap_or_default()).unwrap_or_default();
        if size > most {
            return Err(Unreadable::TooLarge { size, most });
        }
        let metadata = output.metadata.unwrap_or_default().into_iter().collect();
        let withheld = u32::try_from(output.missing_meta.unwrap_or_default()).unwrap_or_default();
        Ok(Uploaded { bytes: read(output.body).await?, metadata, withheld })
    }
}

fn is_taken<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    matches!(error.code(), Some("PreconditionFailed" | "ConditionalRequestConflict"))
}

pub(crate) async fn read(body: ByteStream) -> Result<Vec<u8>, StoreError> {
    let collected = body.collect().await;
    let bytes =
        collected.map_err(|error| StoreError::Transient { operation: "s3 GetObject", message: error.to_string() })?;
    Ok(bytes.to_vec())
}
