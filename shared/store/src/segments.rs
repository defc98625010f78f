//! The segments of a journal: one query where they are few, several at the same time where they are thousands.

use std::ops::RangeInclusive;

use engine::ports::StoreError;
use futures::future::try_join_all;
use model::DeploymentId;

use crate::error::store_error;
use crate::item::{Item, get_text, text};
use crate::{Store, keys};

/// How many segments are read before the rest is shared out. Most journals are shorter.
const FIRST: i32 = 500;
/// How many readers share the rest.
const READERS: u64 = 8;

impl Store {
    /// Every segment that was acknowledged before this was called, in the order of its commits.
    pub(crate) async fn segments(&self, deployment: &DeploymentId) -> Result<Vec<Item>, StoreError> {
        let pk = keys::journal(deployment);
        let (mut segments, goes_on) = self.page(&pk, FIRST, true).await?;
        if !goes_on {
            return Ok(segments);
        }
        let (last, _) = self.page(&pk, 1, false).await?;
        let (Some(from), Some(to)) = (number(segments.last()), number(last.first())) else { return Ok(segments) };
        let shares = shares(from.saturating_add(1)..=to)
            .map(|share| self.between(pk.clone(), keys::segment(*share.start()), keys::segment(*share.end())));
        segments.extend(try_join_all(shares).await?.concat());
        Ok(segments)
    }

    async fn page(&self, pk: &str, limit: i32, forward: bool) -> Result<(Vec<Item>, bool), StoreError> {
        let output = self
            .dynamodb
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", text(pk))
            .expression_attribute_values(":prefix", text(keys::SEGMENTS))
            .consistent_read(true)
            .scan_index_forward(forward)
            .limit(limit)
            .send()
            .await
            .map_err(|error| store_error("dynamodb Query (journal)", &error))?;
        Ok((output.items.unwrap_or_default(), output.last_evaluated_key.is_some()))
    }
}

fn number(segment: Option<&Item>) -> Option<u64> {
    keys::segment_number(get_text(segment?, "sk")?)
}

/// The numbers in `all`, in [`READERS`] runs at most, none missing and none twice.
fn shares(all: RangeInclusive<u64>) -> impl Iterator<Item = RangeInclusive<u64>> {
    let (from, to) = all.into_inner();
    let size = (to.saturating_add(1).saturating_sub(from)).div_ceil(READERS).max(1);
    let starts = (from..=to).step_by(usize::try_from(size).unwrap_or(usize::MAX));
    starts.map(move |start| start..=to.min(start.saturating_add(size).saturating_sub(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_cover_every_number_once() {
        for (from, to) in [(1, 0), (1, 1), (501, 508), (501, 509), (501, 4_711)] {
            let shared: Vec<u64> = shares(from..=to).flatten().collect();
            assert_eq!(shared, (from..=to).collect::<Vec<_>>());
            assert!(shares(from..=to).count() <= 8);
        }
    }
}
