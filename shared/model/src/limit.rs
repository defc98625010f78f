//! Limits: how much one deployment may do, and how much there may be.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::plan::{Action, Plan, Reason};

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// The resources that there are afterwards.
    Resources,
    /// The changes of a plan, of whatever kind.
    Changes,
    /// Those that delete what is no longer asked for. What another takes the place of is counted as a replacement; what was put
    /// off by an earlier deployment counted there.
    Deletions,
    /// Those that make a resource anew.
    Replacements,
}

impl Limit {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Resources, Self::Changes, Self::Deletions, Self::Replacements];

    /// In a word: the key under which it stands.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resources => "resources",
            Self::Changes => "changes",
            Self::Deletions => "deletions",
            Self::Replacements => "replacements",
        }
    }

    /// How many of them there are, of a plan after which there are so many resources.
    fn count(self, plan: &Plan, resources: usize) -> usize {
        match self {
            Self::Resources => resources,
            Self::Changes => plan.changes.len(),
            Self::Deletions => {
                let is_asked = |because: &Reason| !matches!(because, Reason::Deposed | Reason::Due);
                let count = plan.changes.iter().filter(|change| is_asked(&change.because));
                count.filter(|change| matches!(change.action, Action::Delete { .. })).count()
            }
            Self::Replacements => {
                plan.changes.iter().filter(|change| matches!(change.action, Action::Replace { .. })).count()
            }
        }
    }
}

/// The most of each; what is not named has no limit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Limits(pub BTreeMap<Limit, u32>);

/// A limit, and more than it allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exceeded {
    /// Of what.
    pub limit: Limit,
    /// How many are allowed.
    pub most: u32,
    /// How many there would be.
    pub count: usize,
}

impl Limits {
    /// Whether nothing is limited.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The most of something; none where it has no limit.
    pub fn most(&self, limit: Limit) -> Option<u32> {
        self.0.get(&limit).copied()
    }

    /// What both allow.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        for (limit, most) in &other.0 {
            self.0.entry(*limit).and_modify(|own| *own = (*own).min(*most)).or_insert(*most);
        }
        self
    }

    /// The limits that a plan exceeds, after which there are so many resources.
    pub fn exceeded(&self, plan: &Plan, resources: usize) -> Vec<Exceeded> {
        let held = self.0.iter().map(|(limit, most)| (*limit, *most, limit.count(plan, resources)));
        let is_more = |count: usize, most: u32| count > usize::try_from(most).unwrap_or(usize::MAX);
        held.filter(|(_, most, count)| is_more(*count, *most))
            .map(|(limit, most, count)| Exceeded { limit, most, count })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(given: &[(Limit, u32)]) -> Limits {
        Limits(given.iter().copied().collect())
    }

    #[test]
    fn of_two_limits_the_smaller_counts_and_one_alone_stays() {
        let record = limits(&[(Limit::Changes, 10), (Limit::Deletions, 2)]);
        let config = limits(&[(Limit::Changes, 5), (Limit::Deletions, 3), (Limit::Resources, 7)]);
        let both = limits(&[(Limit::Resources, 7), (Limit::Changes, 5), (Limit::Deletions, 2)]);
        assert_eq!(record.clone().and(&config), both);
        assert_eq!(config.and(&record), both);
    }

    #[test]
    fn limits_are_written_by_their_words() {
        let text = r#"{"resources":7,"replacements":0}"#;
        let read: Limits = serde_json::from_str(text).unwrap_or_default();
        assert_eq!(read, limits(&[(Limit::Resources, 7), (Limit::Replacements, 0)]));
        assert_eq!(serde_json::to_string(&read).unwrap_or_default(), text);
        for limit in Limit::ALL {
            assert_eq!(serde_json::json!(limit), limit.as_str());
        }
    }
}
