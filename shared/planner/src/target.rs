//! Where a way back leads, from what the deployments of an environment came to.

use std::collections::BTreeSet;

use model::{Deployment, Outcome, Request, ResourceAddress, Revision, Scope, Target};

/// A revision that can be gone back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Destination<'a> {
    /// The revision; 0 for an empty environment.
    pub revision: Revision,
    /// The deployment that left the record of it ([`Deployment::after`]); none where nothing was ever there.
    pub left_by: Option<&'a Deployment>,
}

/// Why there is no way back to what was asked for. Each names the revisions that there are, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Nowhere {
    /// No deployment ended at the revision.
    #[error("there is no revision {asked}")]
    Unknown {
        /// The revision.
        asked: Revision,
        /// Those that there are.
        there: Vec<Revision>,
    },
    /// What ended at the revision did not end well, or changed nothing of what did not.
    #[error("revision {asked} is no state to go back to: {} ended as `{outcome}`", whose(*asked, *left_at))]
    Unwell {
        /// The revision.
        asked: Revision,
        /// The revision at which what did not end well left it.
        left_at: Revision,
        /// How the last deployment there ended.
        outcome: &'static str,
        /// Those that there are.
        there: Vec<Revision>,
    },
    /// The record of the revision is not kept any more.
    #[error("the record of revision {asked} is not kept any more")]
    Gone {
        /// The revision.
        asked: Revision,
        /// Those that there are.
        there: Vec<Revision>,
    },
    /// Nothing was deployed before what the environment stands at.
    #[error("nothing was deployed before revision {standing}, which the environment stands at")]
    First {
        /// The revision.
        standing: Revision,
        /// Those that there are.
        there: Vec<Revision>,
    },
}

fn whose(asked: Revision, left_at: Revision) -> String {
    if asked == left_at {
        return "its deployment".to_owned();
    }
    format!("it is what revision {left_at} left but for what went since, and the deployment of that")
}

impl Nowhere {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "rollback::unknown-revision",
            Self::Unwell { .. } => "rollback::unfit-revision",
            Self::Gone { .. } => "rollback::gone",
            Self::First { .. } => "rollback::nothing-before",
        }
    }

    /// What to do about it.
    pub fn help(&self) -> String {
        let (Self::Unknown { there, .. }
        | Self::Unwell { there, .. }
        | Self::Gone { there, .. }
        | Self::First { there, .. }) = self;
        if there.is_empty() {
            return "deploy what you want: there is no revision to go back to".to_owned();
        }
        let there: Vec<String> = there.iter().map(ToString::to_string).collect();
        format!("name a revision that there is: {}", there.join(", "))
    }
}

/// Where a rollback that somebody asks for leads. `deployments` are all of the environment.
///
/// # Errors
/// [`Nowhere`].
pub fn destination<'a>(
    target: Target,
    scope: &Scope,
    deployments: &'a [Deployment],
) -> Result<Destination<'a>, Nowhere> {
    let history = History::of(deployments);
    match target {
        Target::Revision(revision) => history.at(revision),
        Target::Previous => history.before(scope),
    }
}

/// Where a deployment that fails goes back to: what the last one that ended well left; where none did, nothing. Its revision is
/// the one that the environment stood at, also where that was restored before. A reap is passed over: it has done nothing that
/// would be undone. So is a letting go after something that failed, which is no better for it; what it let go is not taken up
/// again all the same ([`let_go_since`]).
///
/// # Errors
/// [`Nowhere::Gone`] where the record of that is not kept.
pub fn last(deployments: &[Deployment]) -> Result<Destination<'_>, Nowhere> {
    let history = History::of(deployments);
    let is_meant = |one: &&&Deployment| one.request != Request::Reap && history.is_whole(one);
    let last = history.0.iter().rev().find(is_meant).copied();
    let Some((last, revision)) = last.and_then(|last| Some((last, last.revision?))) else {
        return history.at(Revision(0));
    };
    if last.after.is_none() {
        return Err(Nowhere::Gone { asked: revision, there: history.there() });
    }
    Ok(Destination { revision: history.restored(revision), left_by: Some(last) })
}

/// How many deployments before one are asked at most what it left half done was when it was whole. Each has a record of
/// everything, which is read for it.
const ASKED: usize = 20;

/// What ended well before a deployment that left its record, newest first, as far as their records tell what that has half done: back to
/// one that was about everything, and no more than 20. `deployments` are all of the environment.
pub fn before<'a>(left_by: &Deployment, deployments: &'a [Deployment]) -> Vec<&'a Deployment> {
    let History(ended) = History::of(deployments);
    let before = ended.into_iter().rev().skip_while(|one| one.id != left_by.id).skip(1);
    let mut found = Vec::new();
    for one in before.filter(|one| ended_well(one) && !one.request.only_takes_away()) {
        if one.after.is_none() {
            break;
        }
        found.push(one);
        if made_all_whole(one) || found.len() == ASKED {
            break;
        }
    }
    found
}

/// Whether everything became what was asked for, so that nothing is half done.
fn made_all_whole(one: &Deployment) -> bool {
    let is_undone = matches!(one.outcome(), Some(Outcome::RolledBack { .. }));
    let is_all = match &one.request {
        Request::Deploy { only } => only.is_all() && !is_undone,
        Request::Rollback(rollback) => rollback.scope == Scope::All,
        Request::Destroy(destroy) => destroy.scope == Scope::All,
        Request::LetGo { .. } | Request::Reap => false,
    };
    is_all && one.outcome().is_some_and(Outcome::is_success)
}

/// What was let go after a deployment had left its record. `deployments` are all of the environment.
pub fn let_go_since<'a>(left_by: &Deployment, deployments: &'a [Deployment]) -> BTreeSet<&'a ResourceAddress> {
    let History(ended) = History::of(deployments);
    let since = ended.into_iter().skip_while(|one| one.id != left_by.id).filter(|one| ended_well(one));
    let let_go = since.filter_map(|one| match &one.request {
        Request::LetGo { resources } => Some(resources),
        Request::Deploy { .. } | Request::Destroy(_) | Request::Rollback(_) | Request::Reap => None,
    });
    let_go.flatten().collect()
}

/// The deployments that ended at a revision, in the order in which they had their turn.
struct History<'a>(Vec<&'a Deployment>);

impl<'a> History<'a> {
    fn of(deployments: &'a [Deployment]) -> Self {
        let ended = deployments.iter().filter(|one| one.revision.is_some() && one.outcome().is_some());
        let mut ended: Vec<_> = ended.collect();
        ended.sort_by_key(|one| (one.revision, one.ended));
        Self(ended)
    }

    fn at(&self, revision: Revision) -> Result<Destination<'a>, Nowhere> {
        if revision == Revision(0) {
            return Ok(Destination { revision, left_by: None });
        }
        let here = || self.0.iter().rev().filter(|one| one.revision == Some(revision));
        if let Some(left_by) = here().find(|one| self.can_be_restored(one)) {
            return Ok(Destination { revision, left_by: Some(left_by) });
        }
        let (asked, there) = (revision, self.there());
        if here().any(|one| self.is_whole(one)) {
            return Err(Nowhere::Gone { asked, there });
        }
        let Some(last) = here().next() else { return Err(Nowhere::Unknown { asked, there }) };
        let unwell = self.half_done(revision).unwrap_or(last);
        let (left_at, outcome) = (unwell.revision.unwrap_or(asked), unwell.outcome().map_or("", Outcome::name));
        Err(Nowhere::Unwell { asked, left_at, outcome, there })
    }

    /// The last revision before the one that the environment stands at. What a destruction or a reap left is no state that
    /// somebody means by that.
    fn before(&self, scope: &Scope) -> Result<Destination<'a>, Nowhere> {
        let current = self.0.last().and_then(|one| one.revision).unwrap_or(Revision(0));
        let standing = self.standing(current, scope);
        let is_meant = |one: &&&Deployment| {
            one.revision < Some(standing)
                && self.can_be_restored(one)
                && !matches!(one.request, Request::Destroy(_) | Request::Reap)
        };
        let found = self.0.iter().rev().find(is_meant);
        let found = found.and_then(|one| Some(Destination { revision: one.revision?, left_by: Some(one) }));
        found.ok_or_else(|| Nowhere::First { standing, there: self.there() })
    }

    /// The revision at which the environment is what it is since revision `at`: a way back stands at the revision that it
    /// went to, and what neither reads a config nor goes back changes nothing of it.
    fn standing(&self, at: Revision, scope: &Scope) -> Revision {
        let Some(maker) = self.0.iter().find(|one| one.revision == Some(at)) else { return at };
        let earlier = self.earlier(at);
        let through = match (&maker.request, maker.outcome()) {
            (Request::Reap | Request::LetGo { .. }, _) => earlier,
            // A part went back alone: what is beside it stands as it stood before.
            (request, Some(Outcome::RolledBack { .. })) if !request.only().is_all() => earlier,
            (Request::Rollback(rollback), Some(Outcome::RolledBack { .. }))
                if rollback.scope != Scope::All && rollback.scope != *scope =>
            {
                earlier
            }
            (_, Some(Outcome::RolledBack { to, .. })) => Some(*to),
            _ => None,
        };
        through.filter(|through| *through < at).map_or(at, |through| self.standing(through, scope))
    }

    /// The revision whose state was restored at revision `at`, as a whole; `at` itself where none was.
    fn restored(&self, at: Revision) -> Revision {
        let maker = self.0.iter().find(|one| one.revision == Some(at));
        let is_part = |one: &Deployment| match &one.request {
            Request::Rollback(asked) => asked.scope != Scope::All,
            other => !other.only().is_all(),
        };
        match maker.filter(|maker| !is_part(maker)).and_then(|maker| maker.outcome()) {
            Some(Outcome::RolledBack { to, .. }) if *to < at => self.restored(*to),
            _ => at,
        }
    }

    /// The revision before.
    fn earlier(&self, than: Revision) -> Option<Revision> {
        self.0.iter().rev().filter_map(|one| one.revision).find(|revision| *revision < than)
    }

    /// Whether what a deployment left is as somebody wanted it: also where it undid what it did.
    fn is_whole(&self, one: &Deployment) -> bool {
        let stands_on = one.revision.filter(|_| one.request.only_takes_away());
        ended_well(one) && stands_on.is_none_or(|revision| self.half_done(revision).is_none())
    }

    fn can_be_restored(&self, one: &Deployment) -> bool {
        one.after.is_some() && self.is_whole(one)
    }

    /// The deployment that did not end well, where that is what made the environment what it is at revision `at`. Nothing is whole
    /// because something was taken away from it.
    fn half_done(&self, at: Revision) -> Option<&'a Deployment> {
        let here = || self.0.iter().copied().filter(|one| one.revision == Some(at));
        let maker = here().next()?;
        let of_config = || here().filter(|one| !one.request.only_takes_away());
        if of_config().any(ended_well) {
            None
        } else if maker.request.only_takes_away() {
            self.half_done(self.earlier(at)?)
        } else {
            of_config().next_back()
        }
    }

    fn there(&self) -> Vec<Revision> {
        let mut there: Vec<_> =
            self.0.iter().filter(|one| self.can_be_restored(one)).filter_map(|one| one.revision).collect();
        there.dedup();
        there
    }
}

/// Whether it came to what was asked for, or to what was there before.
fn ended_well(deployment: &Deployment) -> bool {
    deployment.outcome().is_some_and(|outcome| outcome.is_success() || matches!(outcome, Outcome::RolledBack { .. }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

    use std::collections::BTreeSet;

    use jiff::Timestamp;
    use model::{DeploymentStatus, Destroy, Digest, EnvironmentId, ObjectRef, Origin, Rollback};

    use super::*;

    fn ended(revision: u64, request: Request, outcome: Outcome) -> Deployment {
        let environment = EnvironmentId::new("shop", "dev").unwrap();
        let at = Timestamp::from_second(i64::try_from(revision).unwrap()).unwrap();
        let id = format!("d{revision}-{}", outcome.name());
        let digest = Digest::of(id.as_bytes());
        Deployment {
            ended: Some(at),
            revision: Some(Revision(revision)),
            after: Some(ObjectRef { key: id.clone(), version: "1".into(), digest }),
            status: DeploymentStatus::Ended { outcome },
            ..Deployment::new(id.as_str().into(), environment, Origin::Engine, request, at)
        }
    }

    fn deployed(revision: u64) -> Deployment {
        ended(revision, Request::DEPLOY, Outcome::Deployed)
    }

    fn stopped(revision: u64) -> Deployment {
        ended(revision, Request::DEPLOY, Outcome::Stopped { causes: Vec::new() })
    }

    /// A deployment that failed and undid what it had done.
    fn undone(revision: u64, to: u64) -> Deployment {
        ended(revision, Request::DEPLOY, Outcome::RolledBack { to: Revision(to), causes: Vec::new() })
    }

    fn back(revision: u64, to: u64, scope: Scope) -> Deployment {
        let rollback = Rollback { to: Target::Revision(Revision(to)), scope, consent: BTreeSet::new() };
        let outcome = Outcome::RolledBack { to: Revision(to), causes: Vec::new() };
        ended(revision, Request::Rollback(rollback), outcome)
    }

    fn reap(revision: u64) -> Deployment {
        ended(revision, Request::Reap, Outcome::Deployed)
    }

    fn let_go(revision: u64, resource: &str) -> Deployment {
        ended(revision, Request::LetGo { resources: [resource.parse().unwrap()].into() }, Outcome::Deployed)
    }

    fn previous(scope: &Scope, deployments: &[Deployment]) -> Option<u64> {
        destination(Target::Previous, scope, deployments).ok().map(|found| found.revision.0)
    }

    fn to(revision: u64, deployments: &[Deployment]) -> Result<Destination<'_>, Nowhere> {
        destination(Target::Revision(Revision(revision)), &Scope::All, deployments)
    }

    #[test]
    fn previous_is_what_was_deployed_before_what_the_environment_stands_at() {
        let all = &Scope::All;
        assert_eq!(previous(all, &[deployed(1), deployed(2)]), Some(1));
        assert_eq!(previous(all, &[deployed(1)]), None);
        assert_eq!(previous(all, &[]), None);
        let unchanged = ended(2, Request::DEPLOY, Outcome::Unchanged);
        assert_eq!(previous(all, &[deployed(1), deployed(2), unchanged]), Some(1), "it stands where it stood");
        assert_eq!(previous(all, &[deployed(1), deployed(2), stopped(3)]), Some(2), "half of 3 is no state to keep");
    }

    #[test]
    fn going_back_twice_goes_further_back() {
        let all = &Scope::All;
        let mut history = vec![deployed(1), deployed(2), deployed(3), back(4, 2, Scope::All)];
        assert_eq!(previous(all, &history), Some(1));
        history.push(back(5, 1, Scope::All));
        assert_eq!(previous(all, &history), None);
        history.push(deployed(6));
        assert_eq!(previous(all, &history), Some(5), "what was there before 6, and not 3, which was left");
        assert_eq!(previous(all, &[deployed(1), deployed(2), undone(4, 2)]), Some(1));
    }

    #[test]
    fn going_back_with_one_agent_leaves_the_others_where_they_are() {
        let agent = |name: &str| Scope::Agent(name.into());
        let history = [deployed(1), deployed(2), deployed(3), back(4, 2, agent("orders"))];
        assert_eq!(previous(&agent("orders"), &history), Some(1));
        assert_eq!(previous(&agent("refunds"), &history), Some(2));
        assert_eq!(previous(&Scope::All, &history), Some(2));
    }

    #[test]
    fn a_part_that_went_back_stands_where_it_began() {
        let only = Request::Deploy { only: ["orders".to_owned()].into_iter().collect() };
        let part = |revision, to| {
            let outcome = Outcome::RolledBack { to: Revision(to), causes: Vec::new() };
            ended(revision, only.clone(), outcome)
        };
        let all = &Scope::All;
        assert_eq!(previous(all, &[deployed(1), deployed(2), part(3, 2)]), Some(1));
        let beside_half = [deployed(1), stopped(2), part(3, 1)];
        assert_eq!(previous(all, &beside_half), Some(1), "it stands at 2 as before, whatever it went back to");
    }

    #[test]
    fn what_reads_no_config_is_no_step_of_its_own() {
        let all = &Scope::All;
        assert_eq!(previous(all, &[deployed(1), deployed(2), reap(3)]), Some(1));
        assert_eq!(previous(all, &[deployed(1), deployed(2), let_go(3, "a/X")]), Some(1));
        assert_eq!(previous(all, &[deployed(1), let_go(2, "a/X"), deployed(3)]), Some(2), "without what was let go");
        assert_eq!(previous(all, &[deployed(1), stopped(2), let_go(3, "a/X"), deployed(4)]), Some(1), "not half of 2");
        assert_eq!(previous(all, &[deployed(1), stopped(2), reap(3), deployed(4)]), Some(1), "not half of 2");
        let gone =
            ended(2, Request::Destroy(Destroy::default()), Outcome::Destroyed { deleted: 1, retained: Vec::new() });
        assert_eq!(previous(all, &[deployed(1), gone.clone()]), Some(1));
        assert_eq!(previous(all, &[deployed(1), gone, deployed(3)]), Some(1), "nobody means nothing by previous");
    }

    #[test]
    fn a_revision_that_cannot_be_restored_is_told_with_those_that_can() {
        let pruned = Deployment { after: None, ..deployed(2) };
        let history = [deployed(1), pruned, stopped(3), undone(5, 1)];
        let told = |revision| to(revision, &history).map_err(|error| (error.code(), error.to_string(), error.help()));
        let there = "name a revision that there is: 1, 5".to_owned();
        assert_eq!(told(4), Err(("rollback::unknown-revision", "there is no revision 4".into(), there.clone())));
        let unwell = "revision 3 is no state to go back to: its deployment ended as `Stopped`";
        assert_eq!(told(3), Err(("rollback::unfit-revision", unwell.into(), there.clone())));
        assert_eq!(told(2), Err(("rollback::gone", "the record of revision 2 is not kept any more".into(), there)));
        assert_eq!(told(1).unwrap().left_by, Some(&history[0]));
        assert_eq!(told(0).unwrap(), Destination { revision: Revision(0), left_by: None });
        let first = destination(Target::Previous, &Scope::All, &[]).unwrap_err();
        assert_eq!(first.help(), "deploy what you want: there is no revision to go back to");
    }

    #[test]
    fn what_a_reap_or_a_letting_go_left_is_as_well_as_what_it_came_after() {
        let history = [deployed(1), reap(2), stopped(3), reap(4), let_go(5, "a/X")];
        let told = |revision| to(revision, &history).map_err(|error| error.to_string());
        assert_eq!(told(2).unwrap().left_by, Some(&history[1]), "what 1 left, without what was put off");
        let unwell = |revision| {
            format!(
                "revision {revision} is no state to go back to: it is what revision 3 left but for what went since, and the \
                 deployment of that ended as `Stopped`"
            )
        };
        assert_eq!([told(4), told(5)], [Err(unwell(4)), Err(unwell(5))]);
        assert_eq!(to(5, &history).unwrap_err().help(), "name a revision that there is: 1, 2");
        let idle = ended(3, Request::Reap, Outcome::Unchanged);
        let own = "revision 3 is no state to go back to: its deployment ended as `Stopped`".to_owned();
        assert_eq!(
            to(3, &[stopped(3), idle]).map_err(|error| error.to_string()),
            Err(own),
            "a reap made nothing of it"
        );
    }

    #[test]
    fn what_was_let_go_since_is_told() {
        let history = [let_go(1, "a/W"), deployed(2), stopped(3), let_go(4, "a/X"), let_go(6, "a/Y")];
        let since = |left_by: &Deployment| {
            let since = let_go_since(left_by, &history);
            since.into_iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(since(&history[1]), ["a/X", "a/Y"]);
        assert_eq!(since(&history[3]), ["a/X", "a/Y"], "its own is not in its record either");
    }

    #[test]
    fn what_a_part_left_half_done_was_something_else_before_up_to_where_everything_was_whole() {
        let part = |revision| Deployment {
            request: Request::Deploy { only: ["orders".to_owned()].into_iter().collect() },
            ..deployed(revision)
        };
        let found = |left_by: usize, history: &[Deployment]| {
            let all = before(&history[left_by], history);
            all.into_iter().filter_map(|one| Some(one.revision?.0)).collect::<Vec<_>>()
        };
        let history = [deployed(1), deployed(2), stopped(3), part(4), reap(5), undone(6, 4), stopped(7), part(8)];
        assert_eq!(found(7, &history), [6, 4, 2], "what failed and what went says nothing, and all of 2 was whole");
        assert_eq!(found(1, &history), [1]);
        assert_eq!(found(0, &history), Vec::<u64>::new());
        let back = [back(1, 0, Scope::All), back(2, 0, Scope::Agent("orders".into())), part(3)];
        assert_eq!(found(2, &back), [2, 1]);
        let unkept = [deployed(1), Deployment { after: None, ..part(2) }, part(3)];
        assert_eq!(found(2, &unkept), Vec::<u64>::new(), "what is not known may have been another than at 1");
        let many: Vec<Deployment> = [deployed(1)].into_iter().chain((2..=40).map(part)).collect();
        assert_eq!(found(39, &many), (20..40).rev().collect::<Vec<_>>(), "each of them has a record to read");
        let all = &Scope::All;
        let history = [deployed(1), stopped(2), part(3), deployed(4)];
        assert_eq!(previous(all, &history), Some(3), "half of 2 is not what anybody goes back to there");
        assert_eq!(last(&history[..3]).map(|found| found.revision.0), Ok(3));
    }

    #[test]
    fn what_fails_goes_back_to_what_ended_well_last_and_never_further_because_that_is_lost() {
        let revision = |history: &[Deployment]| last(history).map(|found| found.revision.0);
        assert_eq!(revision(&[]), Ok(0));
        assert_eq!(revision(&[stopped(1)]), Ok(0));
        assert_eq!(revision(&[deployed(1), stopped(2)]), Ok(1));
        let again = [deployed(1), undone(3, 1)];
        assert_eq!(revision(&again), Ok(1), "the same, however often it fails");
        assert_eq!(last(&again).unwrap().left_by, Some(&again[1]), "as it was restored, with what was made anew");
        assert_eq!(revision(&[undone(2, 0)]), Ok(0));
        let part = back(4, 2, Scope::Agent("orders".into()));
        assert_eq!(revision(&[deployed(2), deployed(3), part]), Ok(4), "one agent of 2 among the others of 3");
        let idle = ended(3, Request::Reap, Outcome::Unchanged);
        let after_half = [deployed(1), stopped(2), reap(3), idle];
        assert_eq!(revision(&after_half), Ok(1), "what was put off is deleted, and half of 2 is no better for it");
        assert_eq!(revision(&[deployed(1), let_go(2, "a/X")]), Ok(2), "what was let go is not taken up again");
        let after_half = [deployed(1), stopped(2), let_go(3, "a/X"), reap(4), let_go(5, "a/Y")];
        assert_eq!(revision(&after_half), Ok(1), "nor is it for what was let go");
        let between = [deployed(1), let_go(2, "a/X"), stopped(3), let_go(4, "a/Y")];
        assert_eq!(revision(&between), Ok(2));
        let refused = ended(2, Request::DEPLOY, Outcome::Refused { refusals: Vec::new() });
        assert_eq!(revision(&[deployed(1), reap(2), refused, let_go(3, "a/X")]), Ok(3), "nothing is half done");
        let unchanged = ended(2, Request::DEPLOY, Outcome::Unchanged);
        assert_eq!(revision(&[stopped(2), unchanged, let_go(3, "a/X")]), Ok(3), "a config asked for just that");
        assert_eq!(revision(&[stopped(1), let_go(2, "a/X")]), Ok(0));
        let unkept = Deployment { after: None, ..deployed(2) };
        assert!(matches!(revision(&[deployed(1), unkept]), Err(Nowhere::Gone { .. })));
    }
}
