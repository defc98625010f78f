//! Security groups: one for each set of needs, and those that stand between others. Every rule says what it is for; rules
//! between groups name the group, not a range of addresses.

use core::net::IpAddr;

use model::expression::{attribute, reference};
use model::{Digest, ResourceAddress, ResourceType, properties};
use serde_json::{Value, json};
use source::{Code, Finding, Node, Value as Tree};

use super::{Expansion, network, shared_address};
use crate::config::VpcUse;

/// What a rule lets through, and where to or from.
pub(super) fn rule(port: u32, peer: (&str, Value), description: &str) -> Value {
    let mut rule = json!({ "Description": description, "FromPort": port, "IpProtocol": "tcp", "ToPort": port });
    if let Some(map) = rule.as_object_mut() {
        map.insert(peer.0.to_owned(), peer.1);
    }
    rule
}

/// The whole of what goes out of a group that nothing may leave: a group without any such rule lets everything out.
pub(super) fn nothing_out() -> Value {
    json!([{ "CidrIp": "127.0.0.1/32", "Description": "nothing", "IpProtocol": "-1" }])
}

/// The security group of what has these needs, made if nothing else has them. HTTPS may go anywhere: AWS and the models are
/// there; nothing comes in.
pub(super) fn of(expansion: &mut Expansion<'_>, needs: &VpcUse) -> ResourceAddress {
    let text = json!({ "ports": needs.ports }).to_string();
    let address = shared_address(format!("SecurityGroup{}", Digest::of(text.as_bytes()).short(8)));
    if expansion.resources.contains_key(&address) {
        return address;
    }
    let egress = outwards(expansion, needs);
    let ports: Vec<String> = needs.ports.iter().map(u32::to_string).collect();
    let mut description = "Agents that connect to 443 anywhere".to_owned();
    if !ports.is_empty() {
        // A description has 255 characters and never changes; the address tells the needs apart.
        let listed: String = ports.join(", ").chars().take(180).collect();
        description = format!("{description} and to {listed} within the network");
    }
    put(expansion, &address, &description, &json!([]), egress);
    to_endpoints(expansion, &address);
    address
}

/// What may go out.
pub(super) fn outwards(expansion: &Expansion<'_>, needs: &VpcUse) -> Value {
    let mut rules = vec![rule(443, ("CidrIp", json!("0.0.0.0/0")), "HTTPS to AWS and the internet")];
    if let Some(vpc) = &expansion.environment.shared.vpc {
        for port in needs.ports.iter().filter(|port| **port != 443) {
            rules.push(rule(*port, ("CidrIp", network::range(vpc)), "asked for in the config"));
        }
    }
    Value::Array(rules)
}

/// A security group with these rules.
pub(super) fn put(
    expansion: &mut Expansion<'_>,
    address: &ResourceAddress,
    description: &str,
    ingress: &Value,
    egress: Value,
) {
    let name = expansion.physical(&format!("{}-{}", address.stack, address.logical_id));
    let mut made = properties(json!({
        "GroupDescription": description,
        "SecurityGroupEgress": egress,
        "Tags": expansion.scope.named(&name),
        "VpcId": reference(&network::address()),
    }));
    if ingress.as_array().is_some_and(|rules| !rules.is_empty()) {
        made.set("SecurityGroupIngress", ingress.clone());
    }
    expansion.put(address.clone(), "AWS::EC2::SecurityGroup", made);
}

/// The security group of all interface endpoints.
pub(super) fn endpoints() -> ResourceAddress {
    shared_address("EndpointSecurityGroup")
}

/// Makes the security group of all interface endpoints; who may call them is added with those who do.
pub(super) fn add_endpoints(expansion: &mut Expansion<'_>) {
    put(expansion, &endpoints(), "Interface endpoints of AWS services", &json!([]), nothing_out());
}

/// Lets what is in `group` call the interface endpoints, where there are any.
pub(super) fn to_endpoints(expansion: &mut Expansion<'_>, group: &ResourceAddress) {
    if !expansion.resources.contains_key(&endpoints()) {
        return;
    }
    let made = json!({
        "Description": format!("HTTPS from {group}"),
        "FromPort": 443,
        "GroupId": attribute(&endpoints(), "GroupId"),
        "IpProtocol": "tcp",
        "SourceSecurityGroupId": attribute(group, "GroupId"),
        "ToPort": 443,
    });
    let at = ResourceAddress::new(group.stack.as_str(), format!("{}ToEndpoints", group.logical_id));
    expansion.put(at, "AWS::EC2::SecurityGroupIngress", properties(made));
}

/// Ports that only hosts of one's own should reach, with what listens there.
const SENSITIVE: &[(u32, &str)] = &[
    (20, "FTP"),
    (21, "FTP"),
    (22, "SSH"),
    (23, "Telnet"),
    (111, "portmapper"),
    (135, "Windows RPC"),
    (137, "NetBIOS"),
    (138, "NetBIOS"),
    (139, "NetBIOS"),
    (389, "LDAP"),
    (445, "SMB"),
    (512, "rexec"),
    (513, "rlogin"),
    (514, "rsh"),
    (873, "rsync"),
    (1433, "SQL Server"),
    (1434, "SQL Server"),
    (1521, "Oracle"),
    (2049, "NFS"),
    (2181, "ZooKeeper"),
    (2375, "Docker"),
    (2376, "Docker"),
    (2379, "etcd"),
    (2380, "etcd"),
    (3306, "MySQL"),
    (3389, "RDP"),
    (5432, "PostgreSQL"),
    (5439, "Redshift"),
    (5601, "Kibana"),
    (5900, "VNC"),
    (5984, "CouchDB"),
    (5985, "WinRM"),
    (5986, "WinRM"),
    (6379, "Redis"),
    (6443, "the Kubernetes API"),
    (7000, "Cassandra"),
    (7001, "Cassandra"),
    (8020, "HDFS"),
    (8182, "Neptune"),
    (9042, "Cassandra"),
    (9092, "Kafka"),
    (9200, "Elasticsearch"),
    (9300, "Elasticsearch"),
    (10_250, "the kubelet"),
    (11_211, "memcached"),
    (15_672, "RabbitMQ"),
    (27_017, "MongoDB"),
    (27_018, "MongoDB"),
    (27_019, "MongoDB"),
];

/// Rules of a security group that open a sensitive port to the world, each at its line. `node` are the properties of a raw
/// resource, or of one in a template.
pub(super) fn open_to_the_world(kind: &ResourceType, node: &Node) -> Vec<Finding> {
    match kind.as_str() {
        "AWS::EC2::SecurityGroup" => match node.get("SecurityGroupIngress").map(|rules| &rules.value) {
            Some(Tree::List(rules)) => rules.iter().filter_map(|rule| open(rule)).collect(),
            Some(Tree::Map(_) | Tree::Scalar { .. }) | None => Vec::new(),
        },
        "AWS::EC2::SecurityGroupIngress" => open(node).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn open(rule: &Node) -> Option<Finding> {
    let text = |name: &str| rule.get(name).and_then(|node| node.scalar());
    let (range, span) = ["CidrIp", "CidrIpv6"].into_iter().find_map(|name| {
        let range = text(name)?;
        is_the_world(range).then(|| (range, rule.get(name).map_or(rule.span, |node| node.span)))
    })?;
    let port = |name: &str| text(name).and_then(|text| text.parse::<i64>().ok());
    let every = match text("IpProtocol")?.to_ascii_lowercase().as_str() {
        "-1" | "all" => true,
        "tcp" | "udp" | "6" | "17" => false,
        // Others have no ports.
        _ => return None,
    };
    let (from, to) = match (every, port("FromPort"), port("ToPort")) {
        (true, _, _) | (false, None, None) | (false, Some(-1), _) => (0, 65_535),
        (false, from, to) => (from.or(to)?, to.or(from)?),
    };
    let mut found = SENSITIVE.iter().filter(|(port, _)| (from..=to).contains(&i64::from(*port)));
    let (port, what) = found.next()?;
    let more = found.count();
    let others = if more == 0 { String::new() } else { format!(", and {more} others like it") };
    let message = format!("port {port} ({what}) is open to the world, `{range}`{others}");
    let help = "name the security group that may connect (`SourceSecurityGroupId`), or the range of addresses of your own \
                network";
    Some(Finding::new(Code::OpenPort, span, message).help(help))
}

/// Whether a range of addresses is the whole internet, or so much of it that it comes to the same.
fn is_the_world(range: &str) -> bool {
    let Some((address, length)) = range.split_once('/') else { return false };
    let Ok(length) = length.parse::<u32>() else { return false };
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => length < 8,
        Ok(IpAddr::V6(_)) => length < 16,
        Err(_) => false,
    }
}
