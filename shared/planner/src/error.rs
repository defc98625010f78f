//! Why no plan can be made.

use std::borrow::Cow;

use model::{ResourceAddress, ResourceType, Unresolved};

/// Every reason, at once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no plan can be made: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct PlanError(pub Vec<Problem>);

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The type has no provider.
    #[error("`{resource}` is of type `{kind}`, which is not supported")]
    UnsupportedType {
        /// The resource.
        resource: ResourceAddress,
        /// Its type.
        kind: ResourceType,
    },
    /// It refers to something that is not desired.
    #[error("`{resource}` refers to `{to}`, which does not exist")]
    UnknownReference {
        /// The resource.
        resource: ResourceAddress,
        /// What it refers to.
        to: ResourceAddress,
    },
    /// A reference has a wrong shape.
    #[error("`{resource}`: {error}")]
    MalformedReference {
        /// The resource.
        resource: ResourceAddress,
        /// What is wrong.
        error: Unresolved,
    },
    /// Resources need each other in a circle.
    #[error("resources need each other in a circle: {0}")]
    Cycle(String),
    /// What `ignore_changes` keeps refers to something that goes.
    #[error("`{resource}` keeps a property by `ignore_changes` that refers to `{to}`, which is no longer desired")]
    KeptReference {
        /// The resource.
        resource: ResourceAddress,
        /// What it refers to.
        to: ResourceAddress,
    },
    /// Something is said to have moved, and is still desired where it was.
    #[error("`{from}` is said to have moved to `{to}`, and is still in the config")]
    MovedStays {
        /// The old address.
        from: ResourceAddress,
        /// The new one.
        to: ResourceAddress,
    },
    /// Something is recorded already where something moves to.
    #[error("`{from}` cannot move to `{to}`: another resource is recorded there")]
    MovedOnto {
        /// The old address.
        from: ResourceAddress,
        /// The new one.
        to: ResourceAddress,
    },
    /// Two resources move to one address.
    #[error("`{one}` and `{other}` cannot both move to `{to}`")]
    MovedTogether {
        /// An old address.
        one: ResourceAddress,
        /// Another old address.
        other: ResourceAddress,
        /// The new one of both.
        to: ResourceAddress,
    },
    /// A move leads to where another one begins.
    #[error("`{from}` moves to `{to}`, which itself moves to `{on}`")]
    MovedOn {
        /// The old address.
        from: ResourceAddress,
        /// The new one, which is an old one, too.
        to: ResourceAddress,
        /// Where that one moves to.
        on: ResourceAddress,
    },
    /// Something that is not of the part which is deployed stands on what would go, be made anew or move.
    #[error(
        "`{by}` is not part of this deployment and uses `{resource}`, which would not be there any more, or not the same"
    )]
    NotSelected {
        /// What would go, be made anew or move.
        resource: ResourceAddress,
        /// What stands on it.
        by: ResourceAddress,
        /// The agent or stack of it.
        name: String,
    },
    /// Something that is not of the part which is deployed has a name that is needed.
    #[error("`{resource}` needs a name (`{property}`) that `{holder}` still has, which is not part of this deployment")]
    NameNotSelected {
        /// What needs it.
        resource: ResourceAddress,
        /// The property that is the name.
        property: String,
        /// What has it, and is being deleted.
        holder: ResourceAddress,
        /// The agent or stack of that.
        name: String,
    },
    /// A stateful resource would be deleted in a protected environment.
    #[error("`{resource}` holds data and this environment is protected")]
    Protected {
        /// The resource.
        resource: ResourceAddress,
    },
    /// A resource that is to be kept would have to go before its successor can be made.
    #[error("`{resource}` keeps its name and its data, but `{forced_by}` can only be changed by replacing it")]
    NameHeld {
        /// The resource.
        resource: ResourceAddress,
        /// The property that forces the replacement.
        forced_by: String,
    },
    /// Going back would lose what a resource holds, and nobody consented to that by name.
    #[error("going back loses {what}")]
    RollbackConsent {
        /// The resource.
        resource: ResourceAddress,
        /// What is lost, in words.
        what: String,
    },
    /// Something that stays as it is stands on what would go or be made anew.
    #[error("`{by}` stays as it is and uses `{resource}`, which would not be there any more, or not the same")]
    OutOfScope {
        /// What would go.
        resource: ResourceAddress,
        /// What stands on it.
        by: ResourceAddress,
    },
    /// Something that goes back refers to what is gone, and does not go back with it.
    #[error("`{resource}` referred to `{to}`, which is not there any more and does not go back with it")]
    Missing {
        /// What goes back.
        resource: ResourceAddress,
        /// What it referred to.
        to: ResourceAddress,
    },
    /// Something would have to be deleted for its name, and may not be lost.
    #[error("`{resource}` has a name that is needed for what was there before, and may not be deleted for it")]
    NameNeeded {
        /// The resource.
        resource: ResourceAddress,
    },
    /// Destroying would lose what a resource holds, and nobody consented to that by name.
    #[error("`{resource}` holds data that would be lost")]
    DestroyConsent {
        /// The resource.
        resource: ResourceAddress,
    },
    /// Something that stays stands on what is to be destroyed.
    #[error("`{resource}` is used by `{by}`, which stays")]
    InUse {
        /// What is to be destroyed.
        resource: ResourceAddress,
        /// What stands on it.
        by: ResourceAddress,
    },
    /// What is to be let go is not recorded.
    #[error("nothing is recorded at `{resource}`")]
    Unrecorded {
        /// Where.
        resource: ResourceAddress,
    },
}

impl Problem {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnsupportedType { .. } => "plan::unsupported-type",
            Self::UnknownReference { .. } => "plan::unknown-reference",
            Self::MalformedReference { .. } => "plan::malformed-reference",
            Self::Cycle(_) => "plan::cycle",
            Self::KeptReference { .. } => "plan::kept-reference",
            Self::MovedStays { .. } => "plan::moved-stays",
            Self::MovedOnto { .. } => "plan::moved-onto",
            Self::MovedTogether { .. } => "plan::moved-together",
            Self::MovedOn { .. } => "plan::moved-on",
            Self::NotSelected { .. } | Self::NameNotSelected { .. } => "plan::not-selected",
            Self::Protected { .. } => "plan::protected",
            Self::NameHeld { .. } => "plan::name-held",
            Self::RollbackConsent { .. } => "rollback::consent",
            Self::OutOfScope { .. } => "rollback::in-use",
            Self::Missing { .. } => "rollback::missing",
            Self::NameNeeded { .. } => "rollback::name-needed",
            Self::DestroyConsent { .. } => "destroy::consent",
            Self::InUse { .. } => "destroy::in-use",
            Self::Unrecorded { .. } => "let-go::unknown",
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Cow<'static, str> {
        let help = match self {
            Self::RollbackConsent { resource, .. } => {
                return format!(
                    "add `--consent {resource}`, or `\"consent\": [\"{resource}\"]` to the request, if that may be lost"
                )
                .into();
            }
            Self::DestroyConsent { resource } => {
                return format!("add `--consent {resource}` if that may be lost").into();
            }
            Self::NotSelected { name, .. } | Self::NameNotSelected { name, .. } => {
                return format!("name `{name}` too, or deploy everything").into();
            }
            Self::OutOfScope { .. } | Self::Missing { .. } => "go back without a limit to one agent or stack",
            Self::NameNeeded { .. } => "ask for this rollback, with its consent to what it loses",
            Self::InUse { .. } => "destroy what uses it as well, or take it off first",
            Self::Unrecorded { .. } => "correct the address: the record lists every resource",
            Self::UnsupportedType { .. } => "remove it, or write an issue: types are added one by one",
            Self::UnknownReference { .. } | Self::MalformedReference { .. } => {
                "correct the reference, or add what it names"
            }
            Self::Cycle(_) => "take one of these references out",
            Self::KeptReference { .. } => "take the property out of `ignore_changes`, or keep what it refers to",
            Self::MovedStays { .. } => "take one of the two out: the move, or the resource under its old address",
            Self::MovedOnto { .. } => "take the move out, or give one of the two another address",
            Self::MovedTogether { .. } => "take one of the moves out",
            Self::MovedOn { .. } => "write one move, from the oldest address to the newest",
            Self::Protected { .. } => {
                "keep it in the config, set `on_removal: retain`, or ask an administrator to lift the protection"
            }
            Self::NameHeld { .. } => "give it another name, or set `on_removal: delete` if its data may go",
        };
        Cow::Borrowed(help)
    }
}
