//! What subscribers are told of a deployment: a subject and a text for people, the same as data for programs, and the form that
//! chat applications take. Bounded, whatever a deployment comes to: the history has the rest.

use model::{Cause, Deployment, DeploymentStatus, Notice, Outcome, Plan, Refusal};
use serde_json::{Map, Value, json};

use crate::history::asked;
use crate::outcome::outcome;
use crate::plan::{counts, overview};
use crate::style::Style;

/// Columns of the text: mail programs break longer lines themselves.
const STYLE: Style = Style { colour: false, width: 100, unicode: true };
/// The most causes and refusals: so many, or fewer where they are long.
const CAUSES: [usize; 4] = [20, 5, 1, 0];
/// The most names of a list.
const NAMES: usize = 100;
/// The most names of what was not tried because of one cause.
const BLOCKED: usize = 10;
/// The most bytes of one message or help.
const MESSAGE: usize = 1_000;
/// The most lines of a plan.
const LINES: usize = 60;
/// The most bytes of the text.
const TEXT: usize = 64_000;
/// The most characters of a subject (Amazon SNS API reference, "Publish").
const SUBJECT: usize = 100;
/// The most bytes of what is shown in a chat.
const CHAT: usize = 2_500;
/// The most bytes of a message in all of its forms: 256 KB, attributes included (Amazon SNS API reference, "Publish").
const MOST: usize = 250_000;

/// A message about a deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The same for the same notice of the same deployment: what comes twice is known by it.
    pub id: String,
    /// One line of ASCII, of at most 100 characters.
    pub subject: String,
    /// For people: at most 64 KB.
    pub text: String,
    /// For programs.
    pub data: Value,
    /// For chat applications: a custom notification of Amazon Q Developer (its administrator guide, "Custom notifications").
    pub chat: Value,
    /// How it ended, in the word that people and pipelines read; `AwaitingApproval` for what has not.
    pub outcome: &'static str,
}

impl Message {
    /// The text, the data and the rest as one: what SNS takes where a message has a form for each kind of subscriber. Text for mail,
    /// the form of chat applications over HTTPS, data for everything else.
    pub fn forms(&self) -> String {
        let Self { subject, text, data, chat, .. } = self;
        json!({ "default": data.to_string(), "email": text, "https": chat.to_string(), "sms": subject }).to_string()
    }
}

/// What is told of a deployment; of one that waits for approval with its plan, where that can be read.
pub fn message(deployment: &Deployment, notice: Notice, plan: Option<&Plan>) -> Message {
    let [most, fewer @ ..] = CAUSES;
    let mut message = message_with(deployment, notice, plan, most);
    for causes in fewer {
        if message.forms().len() <= MOST {
            break;
        }
        message = message_with(deployment, notice, plan, causes);
    }
    message
}

/// With so many causes.
fn message_with(deployment: &Deployment, notice: Notice, plan: Option<&Plan>, causes: usize) -> Message {
    let (told, more) = shortened(deployment, causes);
    let word = told.outcome().map_or("AwaitingApproval", Outcome::name);
    let subject = subject(&told, word);
    let id = match (notice, &told.approval) {
        (Notice::Approval, Some(approval)) => {
            format!("{}/{}/{}", told.id, notice.as_str(), approval.plan.digest.short(16))
        }
        (_, _) => format!("{}/{}", told.id, notice.as_str()),
    };
    let commands = commands(&told, notice);
    let mut text = match notice {
        Notice::Approval => question(&told, plan),
        _ => outcome(&told, &STYLE),
    };
    if more > 0 {
        text.push_str(&format!("\n… and {more} more\n"));
    }
    text.push_str(&format!("\nAsked for: {}\n", what(&told)));
    text.push('\n');
    for (what, command) in &commands {
        text.push_str(&format!("{what}:\n  {command}\n"));
    }
    let text = cut(&text, TEXT);
    let data = data(&told, (notice, &id, word), (plan, more), &commands);
    let chat = chat(&told, (notice, &id), (&subject, &text), &commands);
    Message { id, subject, text, data, chat, outcome: word }
}

/// What it was asked to do, in words.
fn what(deployment: &Deployment) -> String {
    cut(&asked(&deployment.request), MESSAGE)
}

fn subject(deployment: &Deployment, word: &str) -> String {
    let what = match word {
        "AwaitingApproval" => "waits for approval".to_owned(),
        word => word.to_owned(),
    };
    let subject = format!("{}: {what} ({})", deployment.environment, deployment.id);
    subject.chars().filter(|one| matches!(one, ' '..='~')).take(SUBJECT).collect()
}

/// What somebody may type next, with what it does.
fn commands(deployment: &Deployment, notice: Notice) -> Vec<(&'static str, String)> {
    let Deployment { environment, id, .. } = deployment;
    let mut commands = Vec::new();
    if let (Notice::Approval, Some(approval)) = (notice, &deployment.approval) {
        let plan = &approval.plan.digest;
        commands.push(("To see the plan", format!("cargo xtask admin approve {environment}")));
        commands.push(("To approve it", format!("cargo xtask admin approve {environment} {id} --plan {plan}")));
        commands.push(("To deny it", format!("cargo xtask admin deny {environment} {id} --plan {plan}")));
    } else {
        commands.push(("The whole story", format!("cargo xtask admin history show {environment} {id}")));
    }
    commands
}

/// That a plan waits, what it does, and until when.
fn question(deployment: &Deployment, plan: Option<&Plan>) -> String {
    let mut text = format!("{} waits for approval of deployment {}.\n", deployment.environment, deployment.id);
    if let Some(plan) = plan {
        let whole = overview(plan, &STYLE);
        let lines: Vec<&str> = whole.lines().collect();
        text.push('\n');
        for line in lines.iter().take(LINES) {
            text.push_str(&cut(line, MESSAGE));
            text.push('\n');
        }
        if lines.len() > LINES {
            text.push_str(&format!("… and {} more\n", lines.len() - LINES));
        }
    }
    if let Some(approval) = &deployment.approval {
        text.push_str(&format!("\nNothing is touched before somebody approves it, until {}.\n", approval.expires));
    }
    text
}

/// The message as data. The outcome has the form that it has in the deployment's `metadata.json`.
fn data(
    told: &Deployment,
    (notice, id, word): (Notice, &str, &str),
    (plan, more): (Option<&Plan>, usize),
    commands: &[(&'static str, String)],
) -> Value {
    let mut data = json!({
        "version": 1,
        "id": id,
        "notice": notice,
        "project": told.environment.project,
        "environment": told.environment.environment,
        "deployment": told.id,
        "asked": what(told),
        "outcome": word,
        "accepted": told.accepted,
        "commands": commands.iter().map(|(_, command)| command).collect::<Vec<_>>(),
    });
    let Value::Object(members) = &mut data else { return data };
    let mut insert = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
    if let DeploymentStatus::Ended { outcome } = &told.status {
        let details = match json!(outcome) {
            Value::Object(details) => details.into_iter().filter(|(name, _)| name != "outcome").collect(),
            _ => Map::new(),
        };
        insert("details", Value::Object(details));
        insert("more", json!(more));
    }
    for (name, value) in [("ended", told.ended.map(|at| json!(at))), ("revision", told.revision.map(|one| json!(one)))]
    {
        if let Some(value) = value {
            insert(name, value);
        }
    }
    if let (Notice::Approval, Some(approval)) = (notice, &told.approval) {
        let changes = plan.map(|plan| counts(plan).words());
        insert("approval", json!({ "plan": approval.plan.digest, "expires": approval.expires, "changes": changes }));
    }
    data
}

/// The message as a chat shows it: one thread for each deployment.
fn chat(
    told: &Deployment,
    (notice, id): (Notice, &str),
    (subject, text): (&str, &str),
    commands: &[(&'static str, String)],
) -> Value {
    // What stands between the marks is shown as it is, unless it has such marks itself.
    let shown = cut(&text.replace("```", "'''"), CHAT);
    json!({
        "version": "1.0",
        "source": "custom",
        "id": id,
        "content": {
            "textType": "client-markdown",
            "title": subject,
            "description": format!("```\n{shown}\n```"),
            "nextSteps": commands.iter().map(|(what, command)| format!("{what}: `{command}`")).collect::<Vec<_>>(),
            "keywords": [told.environment.to_string(), notice.as_str()],
        },
        "metadata": {
            "threadId": told.id,
            "summary": subject,
            "eventType": format!("strandline-{}", notice.as_str()),
        },
    })
}

/// The deployment with no more of its outcome than a message has room for, and how much is left out.
fn shortened(deployment: &Deployment, most: usize) -> (Deployment, usize) {
    let mut told = deployment.clone();
    let mut more = 0;
    if let DeploymentStatus::Ended { outcome } = &mut told.status {
        match outcome {
            Outcome::Stopped { causes } | Outcome::RolledBack { causes, .. } => more += short_causes(causes, most),
            Outcome::Refused { refusals } => {
                more += first(refusals, most);
                refusals.iter_mut().for_each(short_refusal);
            }
            Outcome::Stuck { causes, because, next } => {
                more += short_causes(causes, most) + short_causes(because, most);
                *next = cut(next, MESSAGE);
            }
            Outcome::Draining { left, retained } => more += first(left, NAMES) + first(retained, NAMES),
            Outcome::Destroyed { retained, .. } => more += first(retained, NAMES),
            Outcome::Denied { why, .. } => *why = why.as_deref().map(|why| cut(why, MESSAGE)),
            Outcome::Deployed
            | Outcome::Unchanged
            | Outcome::Superseded { .. }
            | Outcome::Expired
            | Outcome::Cancelled { .. } => {}
        }
    }
    (told, more)
}

fn short_causes(causes: &mut Vec<Cause>, most: usize) -> usize {
    let more = first(causes, most);
    for Cause { message, help, blocked, .. } in causes {
        *message = cut(message, MESSAGE);
        *help = cut(help, MESSAGE);
        first(blocked, BLOCKED);
    }
    more
}

fn short_refusal(refusal: &mut Refusal) {
    refusal.message = cut(&refusal.message, MESSAGE);
    refusal.help = refusal.help.as_deref().map(|help| cut(help, MESSAGE));
}

/// Keeps the first of a list, and says how many go.
fn first<T>(list: &mut Vec<T>, most: usize) -> usize {
    let more = list.len().saturating_sub(most);
    list.truncate(most);
    more
}

/// So many bytes of a text at most, and no half character.
fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let end = text.char_indices().map(|(at, _)| at).take_while(|at| *at + '…'.len_utf8() <= most).last().unwrap_or(0);
    format!("{}…", text.get(..end).unwrap_or_default())
}
