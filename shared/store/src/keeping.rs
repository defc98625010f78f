//! Retention: what of the history and of the objects is not needed any more, and removing it.
//!
//! What goes is decided by [`engine::keeping`]; here is only where to look and how to delete. Everything is removed by version, so that
//! what is written meanwhile stays, and objects before the head that leads to them, so that what is broken off is found again.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::error::SdkError as DynamoError;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use engine::keeping::{FRESH, History, References, Stored, digests, overwritten};
use engine::ports::{Ledger, Queue, StoreError};
use futures::future::try_join_all;
use futures::{StreamExt, TryStreamExt, stream};
use model::{Artifact, DeploymentId, Digest, Environment, EnvironmentId, ObjectRef, Timestamp};

use crate::error::{corrupt, store_error};
use crate::item::{Item, get_text, key};
use crate::values::reference;
use crate::{Store, keys};

const ARTIFACTS: &str = "artifacts/";
/// How many objects one call deletes: S3's own limit.
const TOGETHER: usize = 1_000;
/// How many calls are made at the same time.
const AT_ONCE: usize = 16;

/// What is not needed any more.
#[derive(Debug, Default)]
pub struct Sweep {
    /// Deployments, with everything of them; of each environment the oldest first.
    pub deployments: Vec<(EnvironmentId, DeploymentId)>,
    /// Versions of objects that nothing refers to.
    pub objects: Vec<Stored>,
    /// The environments that could not be looked at. Nothing of theirs goes, and no artifact.
    pub failed: Vec<(EnvironmentId, StoreError)>,
}

/// How far a sweep came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// How many deployments were removed.
    pub deployments: usize,
    /// How many versions of objects were removed, those of the deployments included.
    pub objects: usize,
    /// How many deployments are left for the next sweep, because time was over.
    pub left: usize,
}

/// What is known of one environment.
struct Holdings {
    id: EnvironmentId,
    history: History,
    /// The items of its partitions that are not journals.
    items: Vec<Item>,
    /// The digests that its record speaks of.
    recorded: BTreeSet<Digest>,
}

impl Store {
    /// What is not needed any more at `now`. Nothing is removed by this.
    ///
    /// # Errors
    /// [`StoreError`] where the list of environments or of artifacts cannot be read.
    pub async fn sweepable(&self, now: Timestamp) -> Result<Sweep, StoreError> {
        let mut sweep = Sweep::default();
        let mut all = Vec::new();
        for environment in self.environments().await? {
            let id = environment.id.clone();
            match self.of_environment(environment, now).await {
                Ok((holdings, objects)) => {
                    let gone = holdings.history.outlived(now);
                    sweep.deployments.extend(gone.into_iter().map(|deployment| (id.clone(), deployment)));
                    sweep.objects.extend(objects);
                    all.push(holdings);
                }
                Err(error) => sweep.failed.push((id, error)),
            }
        }
        // Who cannot be read may need any of them.
        if sweep.failed.is_empty() {
            sweep.objects.extend(self.unreferred_artifacts(&all, now).await?);
        }
        Ok(sweep)
    }

    /// Removes what a look found, the objects first. Begins with no deployment once `is_over` says so.
    ///
    /// # Errors
    /// [`StoreError`]; what was removed until then is gone, and doing it again removes the rest.
    pub async fn sweep(&self, sweep: &Sweep, is_over: impl Fn() -> bool) -> Result<Swept, StoreError> {
        self.remove(&sweep.objects).await?;
        let mut swept = Swept { objects: sweep.objects.len(), ..Swept::default() };
        for (environment, deployment) in &sweep.deployments {
            if is_over() {
                swept.left += 1;
                continue;
            }
            swept.objects += self.forget(environment, deployment).await?;
            swept.deployments += 1;
        }
        Ok(swept)
    }

    /// Stores an artifact, unless it is stored already. One that was stored long ago is written again, because what nothing refers to
    /// goes one day.
    ///
    /// # Errors
    /// [`StoreError`] of S3.
    pub async fn keep_artifact(&self, digest: &Digest, bytes: Vec<u8>, now: Timestamp) -> Result<(), StoreError> {
        let key = Artifact::key(digest);
        match self.found(&key).await? {
            Some(found) if found.is_fresh(now) => Ok(()),
            Some(found) => self.renew(&key, found, bytes).await.map(|_| ()),
            None => self.put_once(&key, bytes).await.map(|_| ()),
        }
    }

    /// An artifact that is stored, if it is, and will stay for long enough to be referred to.
    ///
    /// # Errors
    /// [`StoreError`] of S3; [`StoreError::Corrupt`] where it is not what its name says.
    pub async fn kept_artifact(&self, digest: &Digest, now: Timestamp) -> Result<Option<Artifact>, StoreError> {
        let key = Artifact::key(digest);
        let Some(found) = self.found(&key).await? else { return Ok(None) };
        let artifact = Artifact { digest: digest.clone(), size: found.size };
        if !found.is_fresh(now) {
            let object = ObjectRef { key: key.clone(), version: found.version.clone(), digest: digest.clone() };
            let bytes = self.get(&object).await?;
            self.renew(&key, found, bytes).await?;
        }
        Ok(Some(artifact))
    }

    /// An artifact that is stored, if it is. Nothing is written: it may go before anything refers to it.
    ///
    /// # Errors
    /// [`StoreError`] of S3.
    pub async fn stored_artifact(&self, digest: &Digest) -> Result<Option<Artifact>, StoreError> {
        let found = self.found(&Artifact::key(digest)).await?;
        Ok(found.map(|found| Artifact { digest: digest.clone(), size: found.size }))
    }

    async fn of_environment(
        &self,
        environment: Environment,
        now: Timestamp,
    ) -> Result<(Holdings, Vec<Stored>), StoreError> {
        let id = environment.id;
        let partition = keys::environment(&id);
        let (deployments, entries, turn, unwritten, lease, record) = tokio::try_join!(
            self.deployments(&id),
            self.entries(&id),
            self.turn(&id),
            self.unwritten(&id),
            self.item(partition.clone(), keys::LEASE.to_owned()),
            self.record(&id),
        )?;
        let mut needed: BTreeSet<DeploymentId> = entries.into_iter().map(|entry| entry.deployment).collect();
        needed.extend(turn.active.map(|active| active.entry.deployment));
        needed.extend(unwritten);
        // A takeover reads the journals of those that the lease names.
        let named = ["for", "previous", "started_by"];
        let lease = lease.unwrap_or_default();
        needed.extend(named.iter().filter_map(|name| get_text(&lease, name)).map(DeploymentId::from));
        needed.extend(record.open_intents().map(|(_, resource)| resource.deployment.clone()));
        let text = serde_json::to_vec(&record).map_err(|error| corrupt(format!("the record of `{id}`"), error))?;
        let history = History { keep: environment.keep, deployments, revision: record.revision, needed };
        let mut items = self.query(partition, "").await?;
        for partition in keys::record_partitions(&id) {
            items.extend(self.query(partition, "").await?);
        }
        let holdings = Holdings { history, items, recorded: digests(&text), id };
        let mut objects = self.unreferred_values(&holdings, now).await?;
        let state = self.stored(&keys::paths::state(&holdings.id)).await?;
        objects.extend(overwritten(&state, now).into_iter().cloned());
        Ok((holdings, objects))
    }

    /// The large values of an environment that no item refers to. Journals are read only where there may be one.
    async fn unreferred_values(&self, holdings: &Holdings, now: Timestamp) -> Result<Vec<Stored>, StoreError> {
        let stored = self.stored(&keys::paths::values(&holdings.id)).await?;
        let mut references = References::default();
        refer(&holdings.items, &mut references)?;
        if references.unreferred(&stored, now).is_empty() {
            return Ok(Vec::new());
        }
        for some in holdings.history.deployments.chunks(AT_ONCE) {
            let journals = some.iter().map(|deployment| self.segments(&deployment.id));
            try_join_all(journals).await?.iter().try_for_each(|segments| refer(segments, &mut references))?;
        }
        Ok(references.unreferred(&stored, now).into_iter().cloned().collect())
    }

    /// The artifacts that nothing speaks of. Plans and records of the past are read only where there may be one. What goes with this
    /// sweep still counts: it may be what a rollback is made from at this moment, whose plan is found by the next sweep.
    async fn unreferred_artifacts(&self, all: &[Holdings], now: Timestamp) -> Result<Vec<Stored>, StoreError> {
        let stored = self.stored(ARTIFACTS).await?;
        let mut references = References::default();
        for holdings in all {
            let heads = holdings.history.deployments.iter();
            let asked = heads.flat_map(|head| head.artifacts.values().map(|artifact| &artifact.digest));
            asked.chain(&holdings.recorded).for_each(|digest| references.add(Artifact::key(digest), ""));
        }
        let objects: Vec<&ObjectRef> = all.iter().flat_map(|holdings| holdings.history.references()).collect();
        for some in objects.chunks(AT_ONCE) {
            if references.unreferred(&stored, now).is_empty() {
                return Ok(Vec::new());
            }
            for text in try_join_all(some.iter().map(|object| self.text(object))).await?.iter().flatten() {
                digests(text).iter().for_each(|digest| references.add(Artifact::key(digest), ""));
            }
        }
        Ok(references.unreferred(&stored, now).into_iter().cloned().collect())
    }

    /// Removes everything of a deployment that has ended: its objects, its journal, and last its head. Says how many objects.
    async fn forget(&self, environment: &EnvironmentId, deployment: &DeploymentId) -> Result<usize, StoreError> {
        let objects = self.stored(&format!("{}/", keys::paths::deployment(environment, deployment))).await?;
        self.remove(&objects).await?;
        let segments = self.segments(deployment).await?;
        let segments = segments.iter().map(|segment| {
            let name = |name| get_text(segment, name).unwrap_or_default().to_owned();
            self.delete_item(key(name("pk"), name("sk")))
        });
        stream::iter(segments).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
        self.delete_head(environment, deployment).await?;
        Ok(objects.len())
    }

    async fn delete_item(&self, key: Item) -> Result<(), StoreError> {
        let deleted = self.dynamodb.delete_item().table_name(&self.table).set_key(Some(key)).send().await;
        deleted.map(|_| ()).map_err(|error| store_error("dynamodb DeleteItem", &error))
    }

    /// Only one that has ended goes.
    async fn delete_head(&self, environment: &EnvironmentId, deployment: &DeploymentId) -> Result<(), StoreError> {
        let deleted = self
            .dynamodb
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key(keys::environment(environment), keys::deployment(deployment))))
            .condition_expression("attribute_not_exists(pk) OR attribute_exists(#ended)")
            .expression_attribute_names("#ended", "ended")
            .send()
            .await;
        match deleted {
            Ok(_) => Ok(()),
            Err(DynamoError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(()),
            Err(error) => Err(store_error("dynamodb DeleteItem (head)", &error)),
        }
    }

    /// Every version of every object whose key begins with `prefix`.
    pub(crate) async fn stored(&self, prefix: &str) -> Result<Vec<Stored>, StoreError> {
        let mut stored = Vec::new();
        let (mut after_key, mut after_version) = (None, None);
        loop {
            let list = self.s3.list_object_versions().bucket(&self.deployments).prefix(prefix);
            let list = list.set_key_marker(after_key).set_version_id_marker(after_version).send().await;
            let page = list.map_err(|error| store_error("s3 ListObjectVersions", &error))?;
            let versions = page
                .versions()
                .iter()
                .map(|one| (one.key(), one.version_id(), one.e_tag(), one.last_modified(), one.is_latest()));
            let marks = page
                .delete_markers()
                .iter()
                .map(|one| (one.key(), one.version_id(), None, one.last_modified(), one.is_latest()));
            for (key, version, etag, modified, is_current) in versions.chain(marks) {
                let modified = modified.and_then(|at| Timestamp::from_millisecond(at.to_millis().ok()?).ok());
                // Without a time it counts as new.
                let (Some(key), Some(version), Some(modified)) = (key, version, modified) else { continue };
                stored.push(Stored {
                    key: key.to_owned(),
                    version: version.to_owned(),
                    etag: etag.map(str::to_owned),
                    modified,
                    is_current: is_current.unwrap_or_default(),
                });
            }
            (after_key, after_version) = (page.next_key_marker, page.next_version_id_marker);
            if !page.is_truncated.unwrap_or_default() || after_key.is_none() {
                return Ok(stored);
            }
        }
    }

    async fn remove(&self, objects: &[Stored]) -> Result<(), StoreError> {
        for some in objects.chunks(TOGETHER) {
            let named =
                some.iter().map(|one| ObjectIdentifier::builder().key(&one.key).version_id(&one.version).build());
            let named = named.collect::<Result<Vec<_>, _>>().map_err(|error| corrupt("a deletion", error))?;
            let delete = Delete::builder().set_objects(Some(named)).quiet(true).build();
            let delete = delete.map_err(|error| corrupt("a deletion", error))?;
            let deleted = self.s3.delete_objects().bucket(&self.deployments).delete(delete).send().await;
            let deleted = deleted.map_err(|error| store_error("s3 DeleteObjects", &error))?;
            if let Some(error) = deleted.errors().first() {
                let [key, code] = [error.key(), error.code()].map(Option::unwrap_or_default);
                let message = format!("{code}: `{key}`");
                return Err(match code {
                    "AccessDenied" => StoreError::Misconfigured { operation: "s3 DeleteObjects", message },
                    _ => StoreError::Transient { operation: "s3 DeleteObjects", message },
                });
            }
        }
        Ok(())
    }

    /// The bytes of a reference; none where it is gone.
    async fn text(&self, object: &ObjectRef) -> Result<Option<Vec<u8>>, StoreError> {
        let version = (!object.version.is_empty()).then(|| object.version.clone());
        let get = self.s3.get_object().bucket(&self.deployments).key(&object.key).set_version_id(version).send().await;
        match get {
            Ok(output) => crate::objects::read(output.body).await.map(Some),
            Err(error) if matches!(error.code(), Some("NoSuchKey" | "NoSuchVersion" | "MethodNotAllowed")) => Ok(None),
            Err(error) => Err(store_error("s3 GetObject", &error)),
        }
    }

    async fn found(&self, key: &str) -> Result<Option<Found>, StoreError> {
        match self.s3.head_object().bucket(&self.deployments).key(key).send().await {
            Ok(output) => Ok(Some(Found {
                size: u64::try_from(output.content_length.unwrap_or_default()).unwrap_or_default(),
                version: output.version_id.unwrap_or_default(),
                etag: output.e_tag,
                modified: output.last_modified.and_then(|at| Timestamp::from_millisecond(at.to_millis().ok()?).ok()),
            })),
            Err(SdkError::ServiceError(error)) if error.raw().status().as_u16() == 404 => Ok(None),
            Err(error) => Err(store_error("s3 HeadObject", &error)),
        }
    }

    /// An object that is there and was read, as it may be referred to from now on: one that was written long ago is written again.
    pub(crate) async fn renewed(
        &self,
        object: ObjectRef,
        bytes: Vec<u8>,
        now: Timestamp,
    ) -> Result<ObjectRef, StoreError> {
        match self.found(&object.key).await? {
            Some(found) if !found.is_fresh(now) => self.renew(&object.key, found, bytes).await,
            _ => Ok(object),
        }
    }

    /// Writes an object over itself, so that it counts as new. Where it went meanwhile it is written as a new one.
    async fn renew(&self, key: &str, found: Found, bytes: Vec<u8>) -> Result<ObjectRef, StoreError> {
        let put = self.s3.put_object().bucket(&self.deployments).key(key).set_if_match(found.etag);
        match put.body(ByteStream::from(bytes.clone())).send().await {
            Ok(output) => {
                let version = output.version_id.unwrap_or_default();
                Ok(ObjectRef { key: key.to_owned(), version, digest: Digest::of(&bytes) })
            }
            Err(error) if is_another(&error) => self.put_once(key, bytes).await,
            Err(error) => Err(store_error("s3 PutObject", &error)),
        }
    }
}

/// An object that is there.
struct Found {
    size: u64,
    version: String,
    etag: Option<String>,
    modified: Option<Timestamp>,
}

impl Found {
    fn is_fresh(&self, now: Timestamp) -> bool {
        self.modified.is_some_and(|modified| now.duration_since(modified) < FRESH.try_into().unwrap_or_default())
    }
}

fn is_another<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    matches!(error.code(), Some("NoSuchKey" | "PreconditionFailed" | "ConditionalRequestConflict"))
}

/// Takes up the objects that items refer to.
fn refer(items: &[Item], references: &mut References) -> Result<(), StoreError> {
    for item in items {
        if let Some(object) = reference(item)? {
            references.add(object.key, &object.version);
        }
    }
    Ok(())
}
