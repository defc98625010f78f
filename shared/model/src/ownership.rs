//! The tags by which the engine knows what is its own.

use serde::{Deserialize, Serialize};

use crate::id::{Generation, ResourceAddress, ResourceKey};

/// The tag that names the installation.
pub const ENGINE: &str = "strands:engine";
/// The tag that names the resource's address.
pub const RESOURCE: &str = "strands:resource";
/// The tag that names the incarnation.
pub const GENERATION: &str = "strands:generation";
/// The tag with the version of the engine that made it. Set at creation only.
pub const VERSION: &str = "strands:version";
/// The tag with the time of creation. Set at creation only.
pub const DEPLOYED_AT: &str = "strands:deployed-at";
/// The tag with the deployment that made it. Set at creation only.
pub const DEPLOYED_BY: &str = "strands:deployed-by";

/// The tags that the engine sets at creation and never compares or changes afterwards.
pub const CREATION_TAGS: [&str; 6] = [ENGINE, RESOURCE, GENERATION, VERSION, DEPLOYED_AT, DEPLOYED_BY];

/// Whose a resource is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ownership {
    /// It carries these tags of ownership.
    Tagged {
        /// The installation's id.
        engine: String,
        /// The project and environment, in `strands:project` and `strands:environment`.
        scope: Option<String>,
        /// The address.
        address: ResourceAddress,
        /// The incarnation.
        generation: Generation,
    },
    /// It carries none, or not all.
    Foreign,
}

impl Ownership {
    /// Whether these tags say: made by `engine` for `environment` (as `project/environment`) as `key`.
    pub fn is(&self, stamp: &Stamp, key: &ResourceKey) -> bool {
        match self {
            Self::Tagged { engine, scope, address, generation } => {
                *engine == stamp.engine
                    && scope.as_deref() == Some(stamp.scope.as_str())
                    && *address == key.address
                    && *generation == key.generation
            }
            Self::Foreign => false,
        }
    }

    /// Reads ownership from the tags of a resource.
    pub fn from_tags<'a>(tags: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let (mut engine, mut address, mut generation) = (None, None, None);
        let (mut project, mut environment) = (None, None);
        for (name, value) in tags {
            match name {
                ENGINE => engine = Some(value.to_owned()),
                RESOURCE => address = value.parse().ok(),
                GENERATION => generation = value.parse().ok().map(Generation),
                "strands:project" => project = Some(value),
                "strands:environment" => environment = Some(value),
                _ => {}
            }
        }
        let scope = project.zip(environment).map(|(project, environment)| format!("{project}/{environment}"));
        match (engine, address, generation) {
            (Some(engine), Some(address), Some(generation)) => Self::Tagged { engine, scope, address, generation },
            _ => Self::Foreign,
        }
    }
}

/// What every creation of one deployment stamps on what it makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// The installation's id.
    pub engine: String,
    /// `project/environment`.
    pub scope: String,
    /// The engine's version.
    pub version: String,
    /// The time at which the deployment was accepted, RFC 3339. The same for every attempt, so that a replayed creation
    /// has identical input.
    pub deployed_at: String,
    /// The deployment's id.
    pub deployed_by: String,
}

impl Stamp {
    /// The tags of ownership and origin for one incarnation, by name.
    pub fn tags(&self, key: &ResourceKey) -> Vec<(String, String)> {
        let pairs = [
            (ENGINE, self.engine.clone()),
            (RESOURCE, key.address.to_string()),
            (GENERATION, key.generation.to_string()),
            (VERSION, self.version.clone()),
            (DEPLOYED_AT, self.deployed_at.clone()),
            (DEPLOYED_BY, self.deployed_by.clone()),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp() -> Stamp {
        Stamp {
            engine: "e1".into(),
            scope: "shop/dev".into(),
            version: "0.1.0".into(),
            deployed_at: "2026-11-01T00:00:00Z".into(),
            deployed_by: "d1".into(),
        }
    }

    #[test]
    fn what_a_stamp_writes_is_what_ownership_reads() {
        let key: ResourceKey = "shared/Orders@2".parse().unwrap();
        let mut tags = stamp().tags(&key);
        tags.push(("strands:project".into(), "shop".into()));
        tags.push(("strands:environment".into(), "dev".into()));
        let read = Ownership::from_tags(tags.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        assert!(read.is(&stamp(), &key));
        assert!(!read.is(&stamp(), &"shared/Orders@1".parse().unwrap()));
        assert!(!read.is(&Stamp { engine: "e2".into(), ..stamp() }, &key));
        assert!(!read.is(&Stamp { scope: "shop/prod".into(), ..stamp() }, &key));
    }

    #[test]
    fn half_the_tags_are_no_ownership() {
        assert_eq!(Ownership::from_tags([(ENGINE, "e1"), (RESOURCE, "shared/Orders")]), Ownership::Foreign);
    }
}
