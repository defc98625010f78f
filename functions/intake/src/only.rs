//! The part of an environment that an upload is about, as its metadata say.

use std::collections::BTreeSet;

use config::Expanded;
use engine::ports::Ledger;
use model::{Environment, Refusal, Selection};
use project::Examined;
use store::{Store, Uploaded};

use crate::examine::{Rejected, refusal};

/// The entry of an upload's metadata that says so.
const ONLY: &str = "only";

/// What an upload's metadata name; everything where they say nothing of it. Whether there is such a thing is not asked here.
///
/// # Errors
/// What is wrong with the entry.
pub(crate) fn of_project(uploaded: &Uploaded) -> Result<Selection, Vec<Refusal>> {
    whole(uploaded)?;
    uploaded.metadata.get(ONLY).map_or(Ok(Selection::ALL), |text| project::selection(text))
}

/// That the metadata of a rollback name nothing.
///
/// # Errors
/// That they do.
pub(crate) fn of_rollback(uploaded: &Uploaded) -> Result<(), Vec<Refusal>> {
    whole(uploaded)?;
    if uploaded.metadata.contains_key(ONLY) {
        let help = "name the part in the file, as `agent` or `stack`, and upload it without `only`";
        return Err(vec![refusal("intake::selection", "the metadata of a `rollback.json` have `only`", help)]);
    }
    Ok(())
}

/// That S3 hands over all metadata: what it withholds might be `only`, and who names a part never means everything.
fn whole(uploaded: &Uploaded) -> Result<(), Vec<Refusal>> {
    match uploaded.withheld {
        0 => Ok(()),
        count => {
            let message = format!("the upload has metadata that S3 does not hand over, in number {count}");
            let help = "upload it again with metadata of letters, digits and hyphens, or with none";
            Err(vec![refusal("intake::selection", message, help)])
        }
    }
}

/// That there is whatever is named: in the project, or, because who takes an agent out of a config may want it to go alone, in
/// the record.
///
/// # Errors
/// [`Rejected`] with the names that are not known.
pub(crate) async fn known(
    store: &Store,
    environment: &Environment,
    (project, expanded): (&Examined, &Expanded),
    only: &Selection,
) -> Result<(), Rejected> {
    let mut names: BTreeSet<String> = project.names(&environment.id.environment, expanded);
    if !only.0.is_subset(&names) {
        names.extend(project::recorded_names(&store.record(&environment.id).await?));
    }
    project::knows(only, &names).map_err(|refusals| Rejected::Invalid(refusals, None))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that cannot go on ends here")]

    use super::*;

    fn uploaded(metadata: &[(&str, &str)], withheld: u32) -> Uploaded {
        let metadata = metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Uploaded { bytes: Vec::new(), metadata, withheld }
    }

    #[test]
    fn an_upload_is_about_everything_unless_its_metadata_say_otherwise() {
        assert_eq!(of_project(&uploaded(&[], 0)), Ok(Selection::ALL));
        assert_eq!(of_project(&uploaded(&[("commit", "4711"), ("only-this", "x")], 0)), Ok(Selection::ALL));
        let part = of_project(&uploaded(&[("only", "order-agent, storage"), ("commit", "4711")], 0)).unwrap();
        assert_eq!(part, ["order-agent", "storage"].map(str::to_owned).into_iter().collect());
        assert!(of_project(&uploaded(&[("only", "")], 0)).is_err(), "never everything");
    }

    #[test]
    fn metadata_that_s3_keeps_to_itself_are_not_taken_for_none() {
        let wrong = of_project(&uploaded(&[], 1)).unwrap_err();
        assert_eq!(wrong[0].code, "intake::selection");
        assert!(of_rollback(&uploaded(&[], 1)).is_err());
    }

    #[test]
    fn a_rollback_says_in_its_own_text_what_it_is_about() {
        assert_eq!(of_rollback(&uploaded(&[("commit", "4711")], 0)), Ok(()));
        let wrong = of_rollback(&uploaded(&[("only", "order-agent")], 0)).unwrap_err();
        assert_eq!(wrong[0].message, "the metadata of a `rollback.json` have `only`");
    }
}
