//! Config → [`Desired`]: which resources an environment comes to, in CloudFormation's vocabulary.
//!
//! Two rules hold everywhere. A resource's address depends on nothing but what it is for, so that agents come and go without
//! moving what belongs to others. And names are left to the planner, which makes them of address and generation.

mod agent;
mod agentcore;
mod alarms;
mod api;
mod container;
mod deployable;
mod event;
mod grant;
mod health;
mod ignored;
mod network;
mod note;
mod optimise;
mod policy;
mod rest_api;
mod role;
mod secret;
mod security_group;
mod shared;
mod stacks;
mod tagged;
mod tags;
mod used;

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Artifact, Desired, DesiredResource, Digest, Gate, Limits, Lookup, Notice, Properties, ResourceAddress, Retention,
    Snapshot,
};
use serde_json::Value;

use crate::config::{AgentKind, Config, Environment, Kind};
pub(crate) use grant::variable_of as variable_of_agent;
use network::Subnets;
pub use note::Note;
use source::{Code, Files, Finding, Report, Span};
use stacks::Brought;
use tags::Scope;
use used::Elsewhere;

/// What expansion must know besides the config.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The environment's record.
    pub environment: &'a model::Environment,
    /// The code of each agent, by the agent's name, and the assets of templates, each by `{stack}/{id of the asset}`.
    pub artifacts: &'a BTreeMap<String, Artifact>,
    /// The bucket that holds them.
    pub artifact_bucket: &'a str,
    /// The other texts of the project (templates, assemblies), by path.
    pub sources: &'a BTreeMap<String, String>,
    /// What was looked up in the account.
    pub snapshot: &'a Snapshot,
}

static NO_ARTIFACTS: BTreeMap<String, Artifact> = BTreeMap::new();
static NO_SOURCES: BTreeMap<String, String> = BTreeMap::new();
static NO_SNAPSHOT: Snapshot = Snapshot(BTreeMap::new());

impl<'a> Context<'a> {
    /// That of a project of one text, without anything looked up.
    pub fn new(
        environment: &'a model::Environment,
        artifacts: &'a BTreeMap<String, Artifact>,
        artifact_bucket: &'a str,
    ) -> Self {
        Self { environment, artifacts, artifact_bucket, sources: &NO_SOURCES, snapshot: &NO_SNAPSHOT }
    }
}

/// What a config comes to in one environment.
#[derive(Debug, Clone, PartialEq)]
pub struct Expanded {
    /// What should exist.
    pub desired: Desired,
    /// What must be looked up in the account first: with any of these, `desired` is not to be relied on.
    pub lookups: BTreeSet<Lookup>,
    /// Where each resource was asked for, as far as that is one place.
    pub places: BTreeMap<ResourceAddress, Span>,
    /// What could be better, in the order of the text.
    pub notes: Vec<Note>,
    /// The texts that those places are in.
    pub files: Files,
    /// How much one deployment may do, and how much there may be: what both the config and the environment's record allow.
    pub limits: Limits,
    /// What the config asks to be told of, beside what the environment's record says.
    pub notices: BTreeSet<Notice>,
}

/// The stack of what belongs to no single agent.
pub(crate) const SHARED: &str = "shared";

/// Everything that should exist in the environment of `context`.
///
/// # Errors
/// A report where the config does not agree with the environment's record, or an agent has no code.
pub fn expand(config: &Config, context: &Context<'_>) -> Result<Expanded, Report> {
    config.agrees_with(context.environment)?;
    let record = context.environment;
    let environment = config.environment(&record.id.environment)?;
    let missing: Vec<Report> = config
        .agents_with_paths(&record.id.environment)?
        .iter()
        .filter(|agent| !context.artifacts.contains_key(agent.name))
        .map(|agent| config.artifact_missing(agent))
        .collect();
    if let Some(report) = missing.into_iter().reduce(Report::with) {
        return Err(report);
    }

    let mut findings = Vec::new();
    let brought = Brought::read(config, environment, context, &mut findings);
    let elsewhere = brought.elsewhere();
    let first = own(environment, context, &elsewhere);
    let templates = brought.expand(&first, &mut findings);
    // Functions in the environment of agents can refer to anything, so that all addresses must be known before their values.
    let values = brought.has_functions().then(|| brought.values(&templates, &mut findings));
    let valued = values.map(|values| Elsewhere { values, ..elsewhere.clone() });
    let mut expansion = valued.as_ref().map_or(first, |elsewhere| own(environment, context, elsewhere));
    for agent in &environment.agents {
        findings.extend(expansion.problems_of(agent));
    }
    findings.append(&mut expansion.findings);
    let files = brought.files.clone();
    brought.put(templates, &mut expansion, &mut findings);
    if !findings.is_empty() {
        return Err(Report::of(&files, findings));
    }
    let more = optimise::notes(&expansion);
    expansion.notes.extend(more);
    expansion.notes.sort_by_key(|note| note.span);
    let Expansion { resources, outputs, moved, gates, lookups, places, notes, .. } = expansion;
    let desired = Desired {
        environment: record.id.clone(),
        account: record.account.clone(),
        region: record.region.clone(),
        resources,
        outputs,
        moved,
        gates,
    };
    let limits = Limits(environment.limits.iter().map(|(limit, most)| (*limit, most.value)).collect());
    let limits = limits.and(&record.limits);
    Ok(Expanded { desired, lookups, places, notes, files, limits, notices: environment.notices.clone() })
}

/// Where an environment is of which that is not known.
const ANY_ACCOUNT: &str = "000000000000";
const ANY_REGION: &str = "us-east-1";

/// What is wrong with the templates, resources and outputs of a config whose other parts are not known ([`crate::rest`]):
/// whatever may be so only because of that is not told.
pub fn problems_beside(config: &Config, environment: &str, sources: &BTreeMap<String, String>) -> Option<Report> {
    let environment = config.environments.get(environment)?;
    let known = |part: &Option<source::Spanned<String>>, any: &str| {
        part.as_ref().map_or_else(|| any.to_owned(), |part| part.value.clone())
    };
    let (account, region) = (known(&environment.account, ANY_ACCOUNT), known(&environment.region, ANY_REGION));
    let is_placed = environment.account.is_some() && environment.region.is_some();
    let id = model::EnvironmentId::new(&config.project.value, &environment.name.value).ok()?;
    let record = model::Environment::new(id, account, region);
    let context = Context { sources, ..Context::new(&record, &NO_ARTIFACTS, "") };
    let mut findings = Vec::new();
    let brought = Brought::read(config, environment, &context, &mut findings);
    let elsewhere = brought.elsewhere();
    let mut expansion = Expansion::new(environment, &context, &elsewhere);
    let templates = brought.expand(&expansion, &mut findings);
    let files = brought.files.clone();
    brought.put(templates, &mut expansion, &mut findings);
    findings.retain(|finding| match finding.code {
        Code::ArtifactMissing | Code::AccountMismatch | Code::RegionMismatch | Code::UnknownExport => false,
        Code::UnknownResource => finding.span.file != 0 && !files.slice(finding.span).contains('/'),
        // What holds in one account or region need not in another.
        Code::UnknownMapping | Code::RuleNotKept | Code::WrongRegion => is_placed,
        _ => true,
    });
    (!findings.is_empty()).then(|| Report::of(&files, findings))
}

/// What the config makes itself: what is shared, and the agents.
fn own<'a>(environment: &'a Environment, context: &'a Context<'a>, elsewhere: &'a Elsewhere) -> Expansion<'a> {
    let mut expansion = Expansion::new(environment, context, elsewhere);
    network::add(&mut expansion);
    shared::add(&mut expansion);
    secret::add(&mut expansion);
    api::add(&mut expansion);
    alarms::add_shared(&mut expansion);
    for agent in &environment.agents {
        expansion.asked_at = Some(agent.name.span);
        let artifact = context.artifacts.get(&agent.name.value);
        match (&agent.kind, artifact) {
            (AgentKind::Lambda(lambda), Some(artifact)) => agent::add(&mut expansion, agent, lambda, artifact),
            (AgentKind::AgentCore(core), artifact) => agentcore::add(&mut expansion, agent, core, artifact),
            (AgentKind::Container(container), _) => container::add(&mut expansion, agent, container),
            // Code that is missing was told above.
            (AgentKind::Lambda(_), None) => {}
        }
        ignored::of_agent(&mut expansion, agent);
    }
    api::finish(&mut expansion);
    expansion
}

/// What expansion has come to so far.
struct Expansion<'a> {
    environment: &'a Environment,
    context: &'a Context<'a>,
    elsewhere: &'a Elsewhere,
    scope: Scope,
    resources: BTreeMap<ResourceAddress, DesiredResource>,
    places: BTreeMap<ResourceAddress, Span>,
    outputs: BTreeMap<String, Value>,
    moved: BTreeMap<ResourceAddress, ResourceAddress>,
    gates: Vec<Gate>,
    /// Where what is put was asked for; none where that is no one place.
    asked_at: Option<Span>,
    /// The parameter of a REST API's paths that stands below each path.
    path_parameters: BTreeMap<String, String>,
    /// The subnets of the network; none where there is no network.
    subnets: Subnets,
    lookups: BTreeSet<Lookup>,
    findings: Vec<Finding>,
    notes: Vec<Note>,
}

impl<'a> Expansion<'a> {
    fn new(environment: &'a Environment, context: &'a Context<'a>, elsewhere: &'a Elsewhere) -> Self {
        let scope = Scope::new(&context.environment.id, environment.tags.clone());
        Self {
            environment,
            context,
            elsewhere,
            scope,
            resources: BTreeMap::new(),
            places: BTreeMap::new(),
            outputs: BTreeMap::new(),
            moved: BTreeMap::new(),
            gates: Vec::new(),
            asked_at: None,
            path_parameters: BTreeMap::new(),
            subnets: Subnets::default(),
            lookups: BTreeSet::new(),
            findings: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn record(&self) -> &'a model::Environment {
        self.context.environment
    }

    /// `{project}-{environment}-{name}`: how what is made here is named.
    fn physical(&self, name: &str) -> String {
        format!("{}-{}-{name}", self.record().id.project, self.record().id.environment)
    }

    /// `arn:aws`, or what stands for it in the partition of the region.
    fn arn(&self, rest: &str) -> String {
        let region = &self.record().region;
        let partition = match region.as_str() {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        format!("arn:{partition}:{rest}")
    }

    fn put(&mut self, address: ResourceAddress, kind: &str, properties: Properties) -> &mut DesiredResource {
        let agent = (address.stack != SHARED).then(|| address.stack.clone());
        let resource = DesiredResource {
            kind: kind.into(),
            properties,
            depends_on: BTreeSet::new(),
            agent,
            retention: Retention::Delete,
            ignore_changes: BTreeSet::new(),
            shift: None,
        };
        match self.asked_at {
            Some(span) => drop(self.places.insert(address.clone(), span)),
            None => drop(self.places.remove(&address)),
        }
        self.resources.entry(address).insert_entry(resource).into_mut()
    }
}

/// A name that is no longer than `longest`: what would be is cut, with a digest of the whole after it.
pub(crate) fn cut(name: &str, separator: char, longest: usize) -> String {
    match name.get(..longest.saturating_sub(9)).filter(|_| name.len() > longest) {
        Some(start) => format!("{start}{separator}{}", Digest::of(name.as_bytes()).short(8)),
        None => name.to_owned(),
    }
}

/// An address among what is shared.
fn shared_address(logical_id: impl Into<String>) -> ResourceAddress {
    ResourceAddress::new(SHARED, logical_id)
}

/// `support-desk` → `SupportDesk`; anything but letters and digits separates words.
pub(crate) fn pascal(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for word in name.split(|c: char| !c.is_ascii_alphanumeric()) {
        let mut letters = word.chars();
        text.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        text.push_str(letters.as_str());
    }
    text
}

/// The address of a shared resource.
fn resource_address(kind: Kind, name: &str) -> ResourceAddress {
    let suffix = match kind {
        Kind::Table => "Table",
        Kind::Bucket => "Bucket",
        Kind::Queue => "Queue",
        Kind::Topic => "Topic",
        Kind::Parameter => "Parameter",
        Kind::Secret => "Secret",
    };
    shared_address(format!("{}{suffix}", pascal(name)))
}

/// The environment variable in which an agent finds a resource that it may use: `ORDERS_TABLE` for table `orders`.
pub(crate) fn variable(kind: Kind, name: &str) -> String {
    let suffix = match kind {
        Kind::Table => "TABLE",
        Kind::Bucket => "BUCKET",
        Kind::Queue => "QUEUE_URL",
        Kind::Topic => "TOPIC_ARN",
        Kind::Parameter => "PARAMETER",
        Kind::Secret => "SECRET_ARN",
    };
    format!("{}_{suffix}", name.to_ascii_uppercase().replace('-', "_"))
}
