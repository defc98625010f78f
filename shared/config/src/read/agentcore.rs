//! What only an agent has that is a runtime of Bedrock AgentCore.

use std::rc::Rc;

use super::{program, runtime};
use crate::config::{AgentCode, AgentCore, Authorizer, Program, Protocol, Runtime};
use source::Code;
use source::Finding;
use source::{Fields, Reader};
use source::{Node, Spanned};

/// The runtimes that AgentCore has for code, as Lambda names them
/// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-bedrockagentcore-runtime-codeconfiguration.html).
pub(crate) const RUNTIMES: &[(&str, &str)] = &[
    ("python3.11", "PYTHON_3_11"),
    ("python3.12", "PYTHON_3_12"),
    ("python3.13", "PYTHON_3_13"),
    ("python3.14", "PYTHON_3_14"),
    ("nodejs22.x", "NODE_22"),
];

/// What `fields` say of a runtime.
pub(super) fn agentcore(reader: &mut Reader<'_>, fields: &mut Fields<'_>) -> Option<AgentCore> {
    let program = program(reader, fields);
    let protocols = [("http", Protocol::Http), ("mcp", Protocol::Mcp), ("a2a", Protocol::A2a)];
    let protocol = reader.optional(fields, "protocol").map(|node| reader.choice(node, "`protocol`", &protocols));
    let endpoint = reader.optional(fields, "endpoint").map(|node| endpoint(reader, node));
    let authorizer = reader.optional(fields, "authorizer").map(|node| authorizer(reader, node));
    // https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/runtime-lifecycle-settings.html
    let seconds = 60..=28_800;
    let idle = reader
        .optional(fields, "idle_timeout")
        .map(|node| reader.whole(node, "`idle_timeout`", seconds.clone(), "seconds"));
    let lifetime =
        reader.optional(fields, "lifetime").map(|node| reader.whole(node, "`lifetime`", seconds.clone(), "seconds"));
    let core = AgentCore {
        program: program?,
        protocol: protocol.unwrap_or(Some(Protocol::Http))?,
        endpoint: endpoint.unwrap_or_else(|| Some("live".to_owned()))?,
        authorizer: match authorizer {
            Some(authorizer) => Some(authorizer?),
            None => None,
        },
        idle_timeout: idle.unwrap_or(Some(900))?,
        lifetime: lifetime.unwrap_or(Some(28_800))?,
    };
    if core.idle_timeout > core.lifetime {
        let message = format!("`idle_timeout` ({}) is longer than `lifetime` ({})", core.idle_timeout, core.lifetime);
        let finding = Finding::new(Code::OutOfRange, fields.key("idle_timeout"), message);
        reader.add(finding.help("a session that is over cannot be idle: write a shorter time"));
    }
    Some(core)
}

fn program(reader: &mut Reader<'_>, fields: &mut Fields<'_>) -> Option<Program> {
    let image = reader.optional(fields, "image");
    if let Some(image) = image {
        for key in ["path", "artifact", "runtime", "handler"] {
            if reader.optional(fields, key).is_some() {
                let message = format!("an agent with an `image` has no `{key}`");
                let finding = Finding::new(Code::WrongChoice, fields.key(key), message);
                reader.add(finding.help("the image holds its program: keep one of the two"));
            }
        }
        return of_ecr(reader, image).map(Program::Image);
    }
    let source = program::source(reader, fields);
    let runtime = reader.required(fields, "runtime").and_then(|node| known(reader, node));
    let handler = reader.required(fields, "handler").and_then(|node| entry(reader, node, runtime.as_ref()));
    Some(Program::Code(AgentCode { source: source?, runtime: runtime?, handler: handler? }))
}

/// An image in ECR, private or public: AgentCore takes no other.
fn of_ecr(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<String> {
    let image = program::image(reader, node)?;
    let is_ecr = |registry: &str| registry.contains(".dkr.ecr.") || registry == "public.ecr.aws";
    if image.split_once('/').is_some_and(|(registry, _)| is_ecr(registry)) {
        return Some(image);
    }
    let message = format!("AgentCore does not fetch `{image}`: it is not in ECR");
    let help = "push it to a repository of your own: `123456789012.dkr.ecr.region.amazonaws.com/name:tag`";
    reader.add(Finding::new(Code::WrongImage, node.span, message).help(help));
    None
}

fn known(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Spanned<Runtime>> {
    let runtime = runtime::runtime(reader, node)?;
    if RUNTIMES.iter().any(|(name, _)| *name == runtime.value.as_str()) {
        return Some(runtime);
    }
    let names: Vec<&str> = RUNTIMES.iter().map(|(name, _)| *name).collect();
    let message = format!("AgentCore has no runtime `{}` for code", runtime.value);
    let help = format!("it has {}; or give it an `image`", source::listed(&names, "and"));
    reader.add(Finding::new(Code::UnknownRuntime, runtime.span, message).help(help));
    None
}

/// The file that is run.
fn entry(reader: &mut Reader<'_>, node: &Rc<Node>, runtime: Option<&Spanned<Runtime>>) -> Option<Spanned<String>> {
    let text = reader.text(node, "`handler`")?;
    let Some(runtime) = runtime else { return Some(text) };
    let endings: &[&str] =
        if runtime.value.as_str().starts_with("python") { &[".py"] } else { &[".js", ".mjs", ".cjs"] };
    let is_path = text.value.split('/').all(|part| !part.is_empty() && part != "..")
        && text.value.len() <= 128
        && text.value.chars().all(|c| c.is_ascii_alphanumeric() || "._/-".contains(c));
    if is_path && endings.iter().any(|ending| text.value.ends_with(ending)) {
        return Some(text);
    }
    let message = format!("`{}` is not a program of `{}`", text.value, runtime.value);
    let help =
        format!("of AgentCore, the handler is the file that is run, e.g. `main{}`", endings.first().unwrap_or(&""));
    reader.add(Finding::new(Code::WrongHandler, text.span, message).help(help));
    None
}

fn endpoint(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<String> {
    let text = reader.text(node, "`endpoint`")?;
    let is_name = (1..=48).contains(&text.value.len())
        && text.value.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_name && text.value != "DEFAULT" {
        return Some(text.value);
    }
    let finding = Finding::new(Code::WrongName, text.span, format!("`{}` cannot name an endpoint", text.value));
    reader.add(finding.help("letters, digits and `_`, beginning with a letter, and not `DEFAULT`; e.g. `live`"));
    None
}

fn authorizer(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Authorizer> {
    let mut fields = reader.fields(node, "`authorizer`")?;
    let url = reader.required(&mut fields, "discovery_url").and_then(|node| reader.text(node, "`discovery_url`"));
    let mut list = |name: &'static str, what: &str| -> Vec<String> {
        let node = reader.optional(&mut fields, name);
        let texts = node.map(|node| reader.texts(node, what)).unwrap_or_default();
        texts.into_iter().map(|text| text.value).collect()
    };
    let (audiences, clients) = (list("audiences", "an audience"), list("clients", "a client"));
    let span = fields.span();
    reader.finish(fields);
    let url = url?;
    if !url.value.starts_with("https://") || !url.value.ends_with("/.well-known/openid-configuration") {
        let message = format!("`{}` is no address of an issuer's configuration", url.value);
        let help = "it begins with `https://` and ends with `/.well-known/openid-configuration`";
        reader.add(Finding::new(Code::WrongPath, url.span, message).help(help));
        return None;
    }
    if audiences.is_empty() && clients.is_empty() {
        let message = "`authorizer` lets every token of the issuer in";
        let help = "name the `audiences` or the `clients` that tokens may be of";
        reader.add(Finding::new(Code::MissingKey, span, message).help(help));
        return None;
    }
    Some(Authorizer { discovery_url: url.value, audiences, clients })
}
