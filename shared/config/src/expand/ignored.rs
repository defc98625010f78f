//! What `ignore_changes` comes to: paths of properties.

use model::{DesiredResource, Properties, PropertyPath, ResourceAddress};
use schema::registry::{self, Place};
use serde_json::Value;
use source::{Code, Finding};

use super::Expansion;
use crate::config::{Agent, AgentKind, Ignored, Setting};

/// Has what an agent ignores left alone.
pub(super) fn of_agent(expansion: &mut Expansion<'_>, agent: &Agent) {
    for setting in &agent.ignore_changes {
        let (logical_id, path) = place(agent, &setting.value);
        let address = ResourceAddress::new(agent.name.value.as_str(), logical_id);
        if let Some(resource) = expansion.resources.get_mut(&address) {
            resource.ignore_changes.insert(path);
        }
    }
}

/// The properties of a function that its settings are.
pub(super) fn of_function(agent: &Agent) -> Vec<PropertyPath> {
    agent.ignore_changes.iter().map(|setting| place(agent, &setting.value).1).collect()
}

/// Where a setting stands: the resource, and the path of the property.
fn place(agent: &Agent, setting: &Setting) -> (&'static str, PropertyPath) {
    let (resource, environment) = match &agent.kind {
        AgentKind::Lambda(_) => ("Function", PropertyPath::root("Environment").child("Variables")),
        AgentKind::AgentCore(_) => ("Runtime", PropertyPath::root("EnvironmentVariables")),
        AgentKind::Container(_) => ("Service", PropertyPath::root("Environment")),
    };
    let path = match setting {
        Setting::Architecture => PropertyPath::root("Architectures"),
        Setting::Concurrency => PropertyPath::root("ReservedConcurrentExecutions"),
        Setting::Count => PropertyPath::root("DesiredCount"),
        Setting::Environment => environment,
        Setting::Variable(name) => environment.child(name),
        Setting::Handler => PropertyPath::root("Handler"),
        Setting::Memory => PropertyPath::root("MemorySize"),
        Setting::Runtime => PropertyPath::root("Runtime"),
        Setting::Tags => PropertyPath::root("Tags"),
        Setting::Timeout => PropertyPath::root("Timeout"),
        Setting::Tracing => PropertyPath::root("TracingConfig"),
    };
    (resource, path)
}

/// `properties` without what stands at `paths`.
pub(super) fn without(properties: &Properties, paths: &[PropertyPath]) -> Properties {
    let mut left = properties.to_value();
    for path in paths {
        let (parent, name) = path.0.rsplit_once('.').unwrap_or(("", &path.0));
        let mut steps = parent.split('.').filter(|step| !step.is_empty());
        let parent = steps.try_fold(&mut left, |value, step| value.get_mut(step));
        if let Some(Value::Object(map)) = parent {
            map.remove(name);
        }
    }
    model::properties(left)
}

/// Has what the config ignores of a resource left alone; a path that its type does not have is told.
pub(super) fn of_resource(resource: &mut DesiredResource, ignored: &Ignored, findings: &mut Vec<Finding>) {
    let schema = registry::resource(resource.kind.as_str());
    for path in &ignored.paths {
        let steps: Vec<&str> = path.value.0.split('.').collect();
        let wrong = schema.as_ref().and_then(|schema| wrong(&schema.root(), &steps));
        match wrong {
            None => drop(resource.ignore_changes.insert(path.value.clone())),
            Some((step, help)) => {
                let message = format!("`{}` has no property `{step}` there", resource.kind);
                findings.push(Finding::new(Code::UnknownKey, path.span, message).help(help));
            }
        }
    }
}

/// The first step that leads nowhere, and what to do about it.
fn wrong<'s>(root: &Place<'_>, steps: &[&'s str]) -> Option<(&'s str, String)> {
    let mut place = root.clone();
    for (at, step) in steps.iter().enumerate() {
        if at > 0 && place.properties().is_empty() && !place.is_map() {
            return Some((
                step,
                "a path leads through mappings only: leave a list or a text alone as a whole".to_owned(),
            ));
        }
        let names = place.properties();
        match place.property(step) {
            Some(next) => place = next,
            None => {
                let help = match source::closest(step, names.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if *step == "Properties" => {
                        "a path begins with the name of a property: leave `Properties` away".to_owned()
                    }
                    None => {
                        format!("it may be {}", source::listed(&names.into_iter().take(12).collect::<Vec<_>>(), "or"))
                    }
                };
                return Some((step, help));
            }
        }
    }
    None
}
