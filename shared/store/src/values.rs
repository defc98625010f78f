//! Large values: a body that does not fit into an item goes to S3, and the item refers to it by digest.
//!
//! Owns the decision which bodies do not fit, and that the object is there before the item refers to it. An object is
//! written once and never changed; [`crate::keeping`] removes what no item refers to. Must never hand out a body that is not the one referred to.

use engine::ports::StoreError;
use futures::future::try_join_all;
use futures::{StreamExt, TryStreamExt, stream};
use model::{Digest, EnvironmentId, ObjectRef, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::corrupt;
use crate::item::{Item, body, get_text, key, text};
use crate::{Store, keys};

/// The largest body that stays in its item, in bytes. An item of DynamoDB has 400 KB at most, names and keys included
/// (DynamoDB developer guide, "Constraints"); every write and every read of it is paid for by size.
const LARGE: usize = 200_000;
/// The most that the bodies of one transaction may come to, in bytes: a transaction has 4 MB at most.
const TOGETHER: usize = 3_500_000;
/// How many objects are written or read at the same time.
const AT_ONCE: usize = 16;
/// The attribute of an item whose body is elsewhere.
const VALUE: &str = "value";

/// Where a body is. Names the bucket, so that whoever reads the table needs no setting to follow it.
#[derive(Debug, Serialize, Deserialize)]
struct Elsewhere {
    bucket: String,
    #[serde(flatten)]
    object: ObjectRef,
}

/// An item on its way to the table.
pub(crate) struct Draft {
    pk: String,
    sk: String,
    body: String,
}

impl Draft {
    pub(crate) fn new<T: Serialize + ?Sized>(pk: String, sk: String, value: &T) -> Result<Self, StoreError> {
        let body = serde_json::to_string(value).map_err(|error| corrupt(format!("item {pk} {sk}"), error))?;
        Ok(Self { pk, sk, body })
    }
}

/// Which of the bodies of one transaction go elsewhere, by their sizes: those that are large, and of the others the
/// largest until the rest fits.
fn elsewhere(sizes: &[usize]) -> Vec<bool> {
    let mut away: Vec<bool> = sizes.iter().map(|size| *size > LARGE).collect();
    let mut left: usize = sizes.iter().filter(|size| **size <= LARGE).sum();
    let mut rest: Vec<_> = sizes.iter().enumerate().filter(|(_, size)| **size <= LARGE).collect();
    rest.sort_by_key(|(_, size)| std::cmp::Reverse(**size));
    for (index, size) in rest {
        if left <= TOGETHER {
            break;
        }
        left = left.saturating_sub(*size);
        if let Some(away) = away.get_mut(index) {
            *away = true;
        }
    }
    away
}

impl Store {
    /// The items of one transaction, in the order of their drafts. What is too large is in S3 when this returns.
    pub(crate) async fn items(&self, environment: &EnvironmentId, drafts: Vec<Draft>) -> Result<Vec<Item>, StoreError> {
        let sizes: Vec<usize> = drafts.iter().map(|draft| draft.body.len()).collect();
        let placed = drafts.into_iter().zip(elsewhere(&sizes));
        stream::iter(placed)
            .map(|(draft, away)| async move {
                let mut item = key(draft.pk, draft.sk);
                let (name, value) = if away {
                    (VALUE, self.put_value(environment, draft.body.into_bytes()).await?)
                } else {
                    ("body", draft.body)
                };
                item.insert(name.to_owned(), text(value));
                Ok(item)
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await
    }

    /// One item, as [`Self::items`] makes it.
    pub(crate) async fn sealed<T: Serialize>(
        &self,
        environment: &EnvironmentId,
        pk: String,
        sk: String,
        value: &T,
    ) -> Result<Item, StoreError> {
        let items = self.items(environment, vec![Draft::new(pk, sk, value)?]).await?;
        items.into_iter().next().ok_or_else(|| corrupt("an item", "it was lost on its way"))
    }

    /// The value of an item, wherever its body is.
    pub(crate) async fn opened<T: DeserializeOwned>(&self, item: &Item) -> Result<T, StoreError> {
        let Some(Elsewhere { bucket, object }) = elsewhere_of(item)? else { return body(item) };
        let bytes = self.get_from(&bucket, &object).await?;
        serde_json::from_slice(&bytes).map_err(|error| corrupt(name(item), error))
    }

    /// The values of items, in their order.
    pub(crate) async fn opened_all<T: DeserializeOwned>(&self, items: &[Item]) -> Result<Vec<T>, StoreError> {
        let mut values = Vec::with_capacity(items.len());
        for some in items.chunks(AT_ONCE) {
            values.extend(try_join_all(some.iter().map(|item| self.opened(item))).await?);
        }
        Ok(values)
    }

    /// Writes a value under its digest, and says where it is. One that is there already is read, because whoever wrote it
    /// may have been somebody else; and it counts as new from now on, because what nothing refers to goes one day.
    async fn put_value(&self, environment: &EnvironmentId, bytes: Vec<u8>) -> Result<String, StoreError> {
        let key = keys::paths::value(environment, &Digest::of(&bytes));
        let (mut object, is_new) = self.put_new(&key, bytes).await?;
        if !is_new {
            let bytes = self.get(&object).await?;
            object = self.renewed(object, bytes, Timestamp::now()).await?;
        }
        let elsewhere = Elsewhere { bucket: self.deployments.clone(), object };
        serde_json::to_string(&elsewhere).map_err(|error| corrupt(key, error))
    }
}

/// The object that an item refers to, where its body is elsewhere.
pub(crate) fn reference(item: &Item) -> Result<Option<ObjectRef>, StoreError> {
    Ok(elsewhere_of(item)?.map(|elsewhere| elsewhere.object))
}

fn elsewhere_of(item: &Item) -> Result<Option<Elsewhere>, StoreError> {
    let read = |text| serde_json::from_str(text).map_err(|error| corrupt(name(item), error));
    get_text(item, VALUE).map(read).transpose()
}

fn name(item: &Item) -> String {
    format!("item {} {}", get_text(item, "pk").unwrap_or("?"), get_text(item, "sk").unwrap_or("?"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

    use super::*;

    #[test]
    fn what_fits_stays() {
        assert_eq!(elsewhere(&[LARGE, 10, 0]), [false, false, false]);
        assert_eq!(elsewhere(&[35_000; 100]), [false; 100], "exactly as much as fits");
    }

    #[test]
    fn what_is_large_goes_elsewhere() {
        assert_eq!(elsewhere(&[10, LARGE + 1, 10]), [false, true, false]);
    }

    #[test]
    fn of_many_that_are_too_much_together_the_largest_go_elsewhere() {
        let mut sizes = vec![35_000; 100];
        sizes.push(2_000);
        sizes.push(150_000);
        let away = elsewhere(&sizes);
        assert_eq!(away.iter().filter(|away| **away).count(), 2);
        assert!(away.last().unwrap(), "the largest");
        assert!(away.first().unwrap(), "and the first of the next");
        let left: usize = sizes.iter().zip(&away).filter(|(_, away)| !**away).map(|(size, _)| size).sum();
        assert!(left <= TOGETHER, "{left}");
    }
}
