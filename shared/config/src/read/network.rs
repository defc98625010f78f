//! The network that agents may be in, and how an agent uses it.

use core::net::Ipv4Addr;
use std::collections::BTreeSet;
use std::rc::Rc;

use super::agent::Around;
use crate::config::{FlowLogs, Ipv4Range, Nat, Space, Vpc, VpcUse, Zones};
use source::Code;
use source::Finding;
use source::{Fields, Reader, closest};
use source::{Node, Span, Spanned, Value};

/// The sizes of a network that leave each of its eight parts enough addresses for a load balancer, which asks for a /27
/// (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html).
const LENGTHS: std::ops::RangeInclusive<u32> = 16..=24;

/// Services that have an interface endpoint, by the last part of its name
/// (https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html).
pub(crate) const ENDPOINTS: &[&str] = &[
    "athena",
    "bedrock",
    "bedrock-agent",
    "bedrock-agent-runtime",
    "bedrock-agentcore",
    "bedrock-runtime",
    "cloudformation",
    "codebuild",
    "ec2",
    "ec2messages",
    "ecr.api",
    "ecr.dkr",
    "ecs",
    "ecs-agent",
    "ecs-telemetry",
    "elasticloadbalancing",
    "events",
    "execute-api",
    "glue",
    "kinesis-firehose",
    "kinesis-streams",
    "kms",
    "lambda",
    "logs",
    "monitoring",
    "rds-data",
    "sagemaker.runtime",
    "scheduler",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "ssmmessages",
    "states",
    "sts",
    "textract",
    "translate",
    "xray",
];

/// What stands under `vpc`: a mapping, or `true` for all defaults.
pub(super) fn vpc(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Vpc> {
    let mut vpc = Vpc {
        span: node.span,
        enabled: true,
        space: Space::Cidr(Ipv4Range { first: u32::from(Ipv4Addr::new(10, 0, 0, 0)), length: 16 }),
        zones: Spanned::new(Zones::First(2), node.span),
        nat: Nat::default(),
        endpoints: BTreeSet::new(),
        flow_logs: FlowLogs::default(),
        every_agent: false,
    };
    if let Value::Scalar { .. } = &node.value {
        vpc.enabled = reader.flag(node, "`vpc`")?;
        return Some(vpc);
    }
    let mut fields = reader.fields(node, "`vpc`")?;
    let enabled = reader.optional(&mut fields, "enabled").map(|node| reader.flag(node, "`enabled`"));
    let space = space(reader, &mut fields);
    let zones = reader.optional(&mut fields, "zones").map(|node| zones(reader, node));
    let nats = [("one", Nat::One), ("per-zone", Nat::PerZone), ("none", Nat::None)];
    let nat = reader.optional(&mut fields, "nat").map(|node| reader.choice(node, "`nat`", &nats));
    let endpoints = reader.optional(&mut fields, "endpoints").map(|node| endpoints(reader, node));
    let logs = [("all", FlowLogs::All), ("rejected", FlowLogs::Rejected), ("none", FlowLogs::None)];
    let flow_logs = reader.optional(&mut fields, "flow_logs").map(|node| reader.choice(node, "`flow_logs`", &logs));
    let words = [("all", true), ("chosen", false)];
    let agents = reader.optional(&mut fields, "agents").map(|node| reader.choice(node, "`agents`", &words));
    reader.finish(fields);
    vpc.enabled = enabled.unwrap_or(Some(true))?;
    vpc.space = space.unwrap_or(Some(vpc.space))?;
    vpc.zones = zones.unwrap_or(Some(vpc.zones))?;
    vpc.nat = nat.unwrap_or(Some(vpc.nat))?;
    vpc.endpoints = endpoints.unwrap_or_default();
    vpc.flow_logs = flow_logs.unwrap_or(Some(vpc.flow_logs))?;
    vpc.every_agent = agents.unwrap_or(Some(false))?;
    Some(vpc)
}

fn space(reader: &mut Reader<'_>, fields: &mut Fields<'_>) -> Option<Option<Space>> {
    let cidr = reader.optional(fields, "cidr");
    let ipam = reader.optional(fields, "ipam");
    match (cidr, ipam) {
        (None, None) => None,
        (Some(cidr), None) => Some(self::cidr(reader, cidr).map(Space::Cidr)),
        (None, Some(ipam)) => Some(self::ipam(reader, ipam)),
        (Some(_), Some(_)) => {
            let message = "a network has a `cidr` or an `ipam`, not both";
            let finding = Finding::new(Code::WrongChoice, fields.key("ipam"), message);
            reader.add(finding.help("`cidr` is a range that you chose, `ipam` a pool that chooses one"));
            Some(None)
        }
    }
}

fn cidr(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Ipv4Range> {
    let text = reader.text(node, "`cidr`")?;
    let (address, length) = text.value.split_once('/').unwrap_or((&text.value, ""));
    let parsed = address.parse::<Ipv4Addr>().ok().map(u32::from).zip(length.parse::<u32>().ok());
    let help = match parsed {
        None => "a range is written `10.0.0.0/16`".to_owned(),
        Some((_, length)) if !LENGTHS.contains(&length) => {
            "a network has from 256 addresses (`/24`) to 65,536 (`/16`)".to_owned()
        }
        Some((first, length)) => {
            let kept = first & (u32::MAX << (32 - length));
            let range = Ipv4Range { first: kept, length };
            if kept != first {
                format!("`{address}` is within the range `{range}`, not its beginning: write that")
            } else if !Ipv4Addr::from(first).is_private() && !is_shared(first) {
                "take addresses that no host of the internet has: within 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or \
                 100.64.0.0/10"
                    .to_owned()
            } else {
                return Some(range);
            }
        }
    };
    let shown: String = text.value.chars().take(40).collect();
    let message = format!("`{}` cannot be the range of a network", shown.escape_debug());
    reader.add(Finding::new(Code::WrongCidr, text.span, message).help(help));
    None
}

/// Whether an address is one of those that carriers share (RFC 6598).
fn is_shared(address: u32) -> bool {
    address & (u32::MAX << 22) == u32::from(Ipv4Addr::new(100, 64, 0, 0))
}

fn ipam(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Space> {
    let mut fields = reader.fields(node, "`ipam`")?;
    let pool = reader.required(&mut fields, "pool_id").and_then(|node| reader.text(node, "`pool_id`"));
    let length = reader
        .required(&mut fields, "netmask_length")
        .and_then(|node| reader.whole(node, "`netmask_length`", LENGTHS, "bits"));
    reader.finish(fields);
    let (pool, netmask_length) = (pool?, length?);
    if !pool.value.starts_with("ipam-pool-") {
        let finding = Finding::new(Code::WrongName, pool.span, format!("`{}` is no pool of IPAM", pool.value));
        reader.add(finding.help("a pool is named like `ipam-pool-0a1b2c3d4e5f67890`"));
        return None;
    }
    Some(Space::Ipam { pool: pool.value, netmask_length })
}

fn zones(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Spanned<Zones>> {
    let Value::List(items) = &node.value else {
        let count = reader.whole(node, "`zones`", 2..=3, "zones")?;
        return Some(Spanned::new(Zones::First(count), node.span));
    };
    let names = reader.texts(node, "a zone");
    if names.len() != items.len() {
        return None;
    }
    let mut given = BTreeSet::new();
    let mut is_whole = true;
    for name in &names {
        // `eu-central-1a`: a region and a letter.
        let is_zone = name.value.len() > 8
            && name.value.ends_with(|c: char| c.is_ascii_lowercase())
            && name.value.trim_end_matches(|c: char| c.is_ascii_lowercase()).ends_with(|c: char| c.is_ascii_digit());
        if !is_zone || !given.insert(name.value.as_str()) {
            let message = format!("`{}` cannot be a zone of this network", name.value);
            let help = "zones are written like `eu-central-1a`, each once";
            reader.add(Finding::new(Code::WrongChoice, name.span, message).help(help));
            is_whole = false;
        }
    }
    if !(2..=3).contains(&names.len()) {
        let message = format!("a network cannot be in {} zones", names.len());
        reader.add(Finding::new(Code::OutOfRange, node.span, message).help("name two or three"));
        is_whole = false;
    }
    let zones = Zones::Named(names.into_iter().map(|name| name.value).collect());
    is_whole.then(|| Spanned::new(zones, node.span))
}

fn endpoints(reader: &mut Reader<'_>, node: &Rc<Node>) -> BTreeSet<&'static str> {
    let mut endpoints = BTreeSet::new();
    for name in reader.texts(node, "an endpoint") {
        if let Some(known) = ENDPOINTS.iter().find(|known| **known == name.value) {
            endpoints.insert(*known);
            continue;
        }
        let message = format!("there is no interface endpoint for `{}`", name.value);
        let help = match (name.value.as_str(), closest(&name.value, ENDPOINTS.iter().copied())) {
            ("s3" | "dynamodb", _) => {
                "every network has its gateway endpoint, which costs nothing: remove it".to_owned()
            }
            (_, Some(near)) => format!("did you mean `{near}`?"),
            (_, None) => "services are named as in the last part of their endpoints, e.g. `logs`, `sqs`, \
                          `bedrock-runtime`"
                .to_owned(),
        };
        reader.add(Finding::new(Code::WrongChoice, name.span, message).help(help));
    }
    endpoints
}

/// How an agent uses the network: `true`, `false`, or a mapping. None where it is in none.
pub(super) fn used(reader: &mut Reader<'_>, fields: &mut Fields<'_>, around: &Around<'_>) -> Option<VpcUse> {
    let vpc = around.shared.vpc.as_ref();
    let Some(node) = reader.optional(fields, "vpc") else {
        return vpc.filter(|vpc| vpc.enabled && vpc.every_agent).map(|_| VpcUse::default());
    };
    let wanted = match &node.value {
        Value::Map(_) => Some(details(reader, node)?),
        Value::Scalar { .. } | Value::List(_) => reader.flag(node, "`vpc`")?.then(VpcUse::default),
    };
    if wanted.is_some() && vpc.is_none() && around.is_known {
        missing(reader, node.span, "there is no network for this agent to be in");
    }
    wanted.filter(|_| vpc.is_some_and(|vpc| vpc.enabled))
}

/// How an agent uses the network that cannot do without: that there is none is told with its kind.
pub(super) fn always(reader: &mut Reader<'_>, fields: &mut Fields<'_>) -> VpcUse {
    let Some(node) = reader.optional(fields, "vpc") else { return VpcUse::default() };
    if let Value::Map(_) = &node.value {
        return details(reader, node).unwrap_or_default();
    }
    if reader.flag(node, "`vpc`") == Some(false) {
        let finding = Finding::new(Code::WrongChoice, node.span, "a container cannot do without a network");
        reader.add(finding.help("remove `vpc`, or name the `ports` that it may connect to"));
    }
    VpcUse::default()
}

/// Finds that there is no network.
pub(super) fn missing(reader: &mut Reader<'_>, span: Span, message: &str) {
    reader.add(Finding::new(Code::VpcMissing, span, message).help("add `vpc: { nat: one }` under `shared`"));
}

/// `{ ports: [5432] }`.
fn details(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<VpcUse> {
    let mut fields = reader.fields(node, "an agent's `vpc`")?;
    let mut ports = BTreeSet::new();
    if let Some(node) = reader.optional(&mut fields, "ports") {
        for item in reader.items(node, "`ports`", "ports") {
            ports.extend(reader.whole(item, "a port", 1..=65_535, ""));
        }
    }
    reader.finish(fields);
    Some(VpcUse { ports })
}
