//! The limits of an environment's record.

use clap::Args;
use model::{Limit, Limits};

/// Options that say how much one deployment may do, and how much there may be.
#[derive(Args)]
pub(crate) struct Most {
    /// Refuse plans after which there would be more resources.
    #[arg(long, value_name = "MOST")]
    limit_resources: Option<u32>,
    /// Refuse plans with more changes.
    #[arg(long, value_name = "MOST")]
    limit_changes: Option<u32>,
    /// Refuse plans that delete more resources.
    #[arg(long, value_name = "MOST")]
    limit_deletions: Option<u32>,
    /// Refuse plans that make more resources anew.
    #[arg(long, value_name = "MOST")]
    limit_replacements: Option<u32>,
}

impl Most {
    pub(super) fn limits(&self) -> Limits {
        let given = [
            (Limit::Resources, self.limit_resources),
            (Limit::Changes, self.limit_changes),
            (Limit::Deletions, self.limit_deletions),
            (Limit::Replacements, self.limit_replacements),
        ];
        Limits(given.into_iter().filter_map(|(limit, most)| Some((limit, most?))).collect())
    }
}

/// Limits, for a person.
pub(super) fn words(limits: &Limits) -> String {
    let each: Vec<String> = limits.0.iter().map(|(limit, most)| format!("{most} {}", limit.as_str())).collect();
    if each.is_empty() { "none".to_owned() } else { format!("at most {}", each.join(", ")) }
}
