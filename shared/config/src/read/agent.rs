//! One agent: what every kind has, and which kind it is.

use std::rc::Rc;

use super::{agentcore, container, ignored, lambda, names, network, permission, tags, variables};
use crate::config::{Agent, AgentKind, Brought, Grant, Permission, Setting, Shared, Tags};
use source::Node;
use source::Reader;

/// What runs an agent, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    Lambda,
    AgentCore,
    Container,
}

impl Word {
    pub(crate) const ALL: [(&'static str, Self); 3] =
        [("lambda", Self::Lambda), ("agentcore", Self::AgentCore), ("container", Self::Container)];

    /// What an agent of this kind is called in messages.
    pub(crate) fn called(self) -> &'static str {
        match self {
            Self::Lambda => "an agent",
            Self::AgentCore => "an agent of kind `agentcore`",
            Self::Container => "an agent of kind `container`",
        }
    }

    /// The settings whose changes can be ignored.
    pub(crate) fn settings(self) -> &'static [(&'static str, Setting)] {
        match self {
            Self::Lambda => &[
                ("architecture", Setting::Architecture),
                ("concurrency", Setting::Concurrency),
                ("environment", Setting::Environment),
                ("handler", Setting::Handler),
                ("memory", Setting::Memory),
                ("runtime", Setting::Runtime),
                ("tags", Setting::Tags),
                ("timeout", Setting::Timeout),
                ("tracing", Setting::Tracing),
            ],
            Self::AgentCore => &[("environment", Setting::Environment), ("tags", Setting::Tags)],
            Self::Container => &[("count", Setting::Count), ("tags", Setting::Tags)],
        }
    }
}

/// What an agent is held against.
pub(super) struct Around<'a> {
    /// What permissions, routes and events may name.
    pub(super) shared: &'a Shared,
    /// Whether that could be read.
    pub(super) is_known: bool,
    /// What permissions may name besides; none where that could not be read.
    pub(super) brought: Option<&'a Brought>,
    /// The tags that the agent inherits.
    pub(super) tags: &'a Tags,
}

/// One agent.
pub(super) fn agent(reader: &mut Reader<'_>, node: &Rc<Node>, around: &Around<'_>) -> Option<Agent> {
    // A kind that is no kind is told below, and the rest is then read as a function's.
    let given = node.get("kind").and_then(|kind| kind.scalar());
    let known = Word::ALL.iter().find(|(word, _)| Some(*word) == given).map_or(Word::Lambda, |(_, kind)| *kind);
    let mut fields = reader.fields(node, known.called())?;
    let name = reader.required(&mut fields, "name").and_then(|node| names::agent(reader, node));
    let word = reader.optional(&mut fields, "kind").map(|node| reader.choice(node, "`kind`", &Word::ALL));
    let kind = match known {
        Word::Lambda => {
            lambda::lambda(reader, &mut fields, name.as_ref(), around).map(|lambda| AgentKind::Lambda(Box::new(lambda)))
        }
        Word::AgentCore => agentcore::agentcore(reader, &mut fields).map(|core| AgentKind::AgentCore(Box::new(core))),
        Word::Container => {
            container::container(reader, &mut fields, around).map(|container| AgentKind::Container(Box::new(container)))
        }
    };
    // What AgentCore runs it observes itself; nothing in a container sends traces that nobody put there.
    let tracing = match known {
        Word::Lambda => reader.optional(&mut fields, "tracing").and_then(|node| reader.flag(node, "`tracing`")),
        Word::AgentCore | Word::Container => Some(false),
    };
    let vpc = match known {
        Word::Container => Some(network::always(reader, &mut fields)),
        Word::Lambda | Word::AgentCore => network::used(reader, &mut fields, around),
    };
    let own = reader.optional(&mut fields, "tags").map(|node| (node.span, tags::tags(reader, node)));
    let permissions = reader
        .optional(&mut fields, "permissions")
        .map(|node| permission::permissions(reader, node, around))
        .unwrap_or_default();
    let managed_policies = reader
        .optional(&mut fields, "managed_policies")
        .map(|node| permission::managed(reader, node))
        .unwrap_or_default();
    let taken = taken(&permissions);
    let environment = reader
        .optional(&mut fields, "environment")
        .map(|node| variables::variables(reader, node, &taken))
        .unwrap_or_default();
    let settings = reader
        .optional(&mut fields, "ignore_changes")
        .map(|node| ignored::of_agent(reader, node, known.settings()))
        .unwrap_or_default();
    reader.finish(fields);

    let own = own.map(|(span, own)| {
        let mut all = around.tags.clone();
        all.extend(own.clone());
        tags::bounded(reader, &all, span);
        own
    });
    // One that is no kind makes the agent unreadable.
    word.unwrap_or(Some(known))?;
    Some(Agent {
        name: name?,
        kind: kind?,
        environment,
        vpc,
        tracing: tracing.unwrap_or(around.shared.monitoring.xray),
        tags: own.unwrap_or_default(),
        permissions,
        managed_policies,
        ignore_changes: settings,
    })
}

/// The variables that permissions set.
fn taken(permissions: &[Permission]) -> Vec<String> {
    let variable = |permission: &Permission| match permission {
        Permission::Resource { name, kind, .. } => Some(crate::expand::variable(*kind, name)),
        Permission::Words { grant: Grant::Agent(name), .. } => Some(crate::expand::variable_of_agent(name)),
        // What the variable of a resource from elsewhere is called depends on its type, which is not known yet.
        Permission::Made { .. } | Permission::Words { .. } | Permission::Actions { .. } => None,
    };
    permissions.iter().filter_map(variable).collect()
}
