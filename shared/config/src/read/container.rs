//! What only an agent has that is a service of containers.

use std::rc::Rc;

use super::agent::Around;
use super::{network, program, route};
use crate::config::{Architecture, Container, Public};
use source::Code;
use source::Finding;
use source::{Fields, Reader};
use source::{Node, Value};

/// What Fargate takes together: the CPU units of a task, and its least and greatest memory with the steps between, in MB
/// (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html).
const SIZES: &[(u32, u32, u32, u32)] = &[
    (256, 512, 2_048, 512),
    (512, 1_024, 4_096, 1_024),
    (1_024, 2_048, 8_192, 1_024),
    (2_048, 4_096, 16_384, 1_024),
    (4_096, 8_192, 30_720, 1_024),
    (8_192, 16_384, 61_440, 4_096),
    (16_384, 32_768, 122_880, 8_192),
];

/// What `fields` say of a service.
pub(super) fn container(reader: &mut Reader<'_>, fields: &mut Fields<'_>, around: &Around<'_>) -> Option<Container> {
    let image = reader.required(fields, "image").and_then(|node| program::image(reader, node));
    let architecture = program::architecture(reader, fields);
    let size = size(reader, fields);
    let count = reader.optional(fields, "count").map(|node| reader.whole(node, "`count`", 0..=1_000, "containers"));
    let command = reader.optional(fields, "command").map(|node| reader.texts(node, "a word of `command`"));
    let public = reader.optional(fields, "public").map(|node| public(reader, node));
    if around.is_known && !around.shared.vpc.as_ref().is_some_and(|vpc| vpc.enabled) {
        network::missing(reader, fields.key("kind"), "a container runs in a network, and there is none");
    }
    let (cpu, memory) = size?;
    Some(Container {
        image: image?,
        architecture: architecture.unwrap_or(Some(Architecture::X86))?,
        cpu,
        memory,
        count: count.unwrap_or(Some(1))?,
        command: command.unwrap_or_default().into_iter().map(|text| text.value).collect(),
        public: public.unwrap_or(Some(None))?,
    })
}

/// The CPU units and the memory, which must fit each other.
fn size(reader: &mut Reader<'_>, fields: &mut Fields<'_>) -> Option<(u32, u32)> {
    let units: Vec<(&'static str, u32)> = vec![
        ("256", 256),
        ("512", 512),
        ("1024", 1_024),
        ("2048", 2_048),
        ("4096", 4_096),
        ("8192", 8_192),
        ("16384", 16_384),
    ];
    let cpu = reader.optional(fields, "cpu").map(|node| reader.choice(node, "`cpu`", &units));
    let memory = reader.optional(fields, "memory");
    let memory = memory.map(|node| reader.whole(node, "`memory`", 512..=122_880, "MB").map(|value| (value, node.span)));
    let cpu = cpu.unwrap_or(Some(256))?;
    let (_, least, most, step) = SIZES.iter().find(|(units, ..)| *units == cpu)?;
    let (memory, span) = memory.unwrap_or(Some((*least, fields.span())))?;
    if (*least..=*most).contains(&memory) && memory % step == 0 {
        return Some((cpu, memory));
    }
    let message = format!("a container of {cpu} CPU units cannot have {memory} MB");
    let help = format!("it may have from {least} to {most} MB, in steps of {step}");
    reader.add(Finding::new(Code::OutOfRange, span, message).help(help));
    None
}

fn public(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Option<Public>> {
    let plain = Public { span: node.span, port: 8080, health_path: "/".to_owned(), certificate: None };
    if let Value::Scalar { .. } = &node.value {
        return reader.flag(node, "`public`").map(|wanted| wanted.then_some(plain));
    }
    let mut fields = reader.fields(node, "`public`")?;
    let port = reader.optional(&mut fields, "port").map(|node| reader.whole(node, "`port`", 1..=65_535, ""));
    let path = reader.optional(&mut fields, "health_path").map(|node| health_path(reader, node));
    let certificate = reader.optional(&mut fields, "certificate").map(|node| certificate(reader, node));
    reader.finish(fields);
    Some(Some(Public {
        span: node.span,
        port: port.unwrap_or(Some(plain.port))?,
        health_path: path.unwrap_or(Some(plain.health_path))?,
        certificate: match certificate {
            Some(certificate) => Some(certificate?),
            None => None,
        },
    }))
}

fn health_path(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<String> {
    let text = reader.text(node, "`health_path`")?;
    match route::path_of(&text.value) {
        Ok(()) if !text.value.contains('{') => Some(text.value),
        Ok(()) | Err(_) => {
            let message = format!("`{}` cannot be the path of an address", text.value.escape_debug());
            let finding = Finding::new(Code::WrongPath, text.span, message);
            reader.add(finding.help("a path begins with `/` and has no parameters, e.g. `/health`"));
            None
        }
    }
}

/// The ARN of a certificate in ACM.
pub(super) fn certificate(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<String> {
    let text = reader.text(node, "`certificate`")?;
    let parts: Vec<&str> = text.value.splitn(6, ':').collect();
    if let ["arn", _, "acm", _, _, resource] = parts.as_slice()
        && resource.starts_with("certificate/")
    {
        return Some(text.value);
    }
    let message = format!("`{}` is not the ARN of a certificate", text.value);
    let help = "certificates are those of ACM: `arn:aws:acm:region:account:certificate/…`";
    reader.add(Finding::new(Code::WrongArn, text.span, message).help(help));
    None
}
