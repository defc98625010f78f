//! The network: its subnets, what leads out of it, its endpoints, access lists and flow logs. All of it is shared.
//!
//! The default security group of a network cannot be emptied in CloudFormation's vocabulary; nothing here is ever put into it.

use model::expression::{attribute, reference};
use model::{Lookup, ResourceAddress, properties};
use serde_json::{Value, json};
use source::{Code, Finding};

use super::policy::{allow, document};
use super::{Expansion, role, security_group, shared_address};
use crate::config::{FlowLogs, Ipv4Range, Nat, Space, Vpc, Zones};

/// Into how many parts of one size the addresses are divided, as a power of two: public subnets take the first of them,
/// private ones those from the middle on.
const PARTS: u32 = 3;

/// Services that every network reaches by a gateway endpoint, which costs nothing.
const GATEWAYS: [(&str, &str); 2] = [("S3Endpoint", "s3"), ("DynamoDbEndpoint", "dynamodb")];

/// The subnets of the network, one a zone.
#[derive(Debug, Clone, Default)]
pub(super) struct Subnets {
    pub(super) public: Vec<ResourceAddress>,
    pub(super) private: Vec<ResourceAddress>,
}

impl Subnets {
    /// The subnets' ids.
    pub(super) fn ids(subnets: &[ResourceAddress]) -> Value {
        subnets.iter().map(reference).collect()
    }
}

/// The address of the network.
pub(super) fn address() -> ResourceAddress {
    shared_address("Vpc")
}

fn gateway() -> ResourceAddress {
    shared_address("InternetGateway")
}

fn attachment() -> ResourceAddress {
    shared_address("InternetGatewayAttachment")
}

/// The range of the network's addresses.
pub(super) fn range(vpc: &Vpc) -> Value {
    match &vpc.space {
        Space::Cidr(range) => json!(range.to_string()),
        Space::Ipam { .. } => attribute(&address(), "CidrBlock"),
    }
}

/// The whole network, where the config asks for one.
pub(super) fn add(expansion: &mut Expansion<'_>) {
    let Some(vpc) = expansion.environment.shared.vpc.as_ref().filter(|vpc| vpc.enabled) else { return };
    expansion.asked_at = Some(vpc.span);
    let mut made = properties(json!({
        "EnableDnsHostnames": true,
        "EnableDnsSupport": true,
        "Tags": tags(expansion, "vpc"),
    }));
    match &vpc.space {
        Space::Cidr(range) => made.set("CidrBlock", range.to_string()),
        Space::Ipam { pool, netmask_length } => {
            made.set("Ipv4IpamPoolId", pool.as_str());
            made.set("Ipv4NetmaskLength", *netmask_length);
        }
    }
    expansion.put(address(), "AWS::EC2::VPC", made);
    let made = properties(json!({ "Tags": tags(expansion, "internet-gateway") }));
    expansion.put(gateway(), "AWS::EC2::InternetGateway", made);
    let made = json!({ "InternetGatewayId": reference(&gateway()), "VpcId": reference(&address()) });
    expansion.put(attachment(), "AWS::EC2::VPCGatewayAttachment", properties(made));

    let subnets = subnets(expansion, vpc);
    routes(expansion, vpc, &subnets);
    access_lists(expansion, vpc, &subnets);
    flow_logs(expansion, vpc);
    endpoints(expansion, vpc, &subnets);
    expansion.outputs.insert("VpcId".to_owned(), reference(&address()));
    expansion.subnets = subnets;
}

fn tags(expansion: &Expansion<'_>, name: &str) -> Value {
    expansion.scope.named(&expansion.physical(name))
}

/// The zones, by name: what the config names, or the first that the account may use.
fn zones(expansion: &mut Expansion<'_>, vpc: &Vpc) -> Vec<String> {
    let wanted = match &vpc.zones.value {
        Zones::Named(names) => return names.clone(),
        Zones::First(count) => usize::try_from(*count).unwrap_or(usize::MAX),
    };
    let region = expansion.record().region.clone();
    let lookup = Lookup::Zones { region: region.clone() };
    let Some(found) = expansion.context.snapshot.0.get(&lookup) else {
        expansion.lookups.insert(lookup);
        // Nothing is made of these: what must be looked up is looked up first.
        return ('a'..='z').take(wanted).map(|letter| format!("{region}{letter}")).collect();
    };
    let listed = found.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut zones: Vec<String> = listed.iter().filter_map(|zone| zone.as_str().map(str::to_owned)).collect();
    zones.sort();
    if zones.len() < wanted {
        let message = format!("the account may use {} zones of `{region}`, and `vpc` asks for {wanted}", zones.len());
        let help = "ask for fewer `zones`, or take another region";
        expansion.findings.push(Finding::new(Code::OutOfRange, vpc.zones.span, message).help(help));
    }
    zones.truncate(wanted);
    zones
}

/// The part of the network's addresses that stands at `index`.
fn part(vpc: &Vpc, index: u32) -> Value {
    let length = vpc.space.netmask_length() + PARTS;
    match &vpc.space {
        Space::Cidr(range) => {
            let first = range.first | (index << (32 - length));
            json!(Ipv4Range { first, length }.to_string())
        }
        Space::Ipam { .. } => {
            let parts = json!({ "Fn::Cidr": [range(vpc), 1 << PARTS, 32 - length] });
            json!({ "Fn::Select": [index, parts] })
        }
    }
}

fn subnets(expansion: &mut Expansion<'_>, vpc: &Vpc) -> Subnets {
    let mut subnets = Subnets::default();
    let zones = zones(expansion, vpc);
    for (index, zone) in (0_u32..).zip(&zones) {
        for (kind, first) in [("Public", 0), ("Private", 1 << (PARTS - 1))] {
            let address = shared_address(format!("{kind}Subnet{}", index + 1));
            let name = format!("{}-{zone}", kind.to_ascii_lowercase());
            let made = json!({
                "AvailabilityZone": zone,
                "CidrBlock": part(vpc, first + index),
                // Whatever has an address of the internet has it because it was given one.
                "MapPublicIpOnLaunch": false,
                "Tags": tags(expansion, &name),
                "VpcId": reference(&self::address()),
            });
            expansion.put(address.clone(), "AWS::EC2::Subnet", properties(made));
            if first == 0 { subnets.public.push(address) } else { subnets.private.push(address) }
        }
    }
    subnets
}

/// A route table, and the associations of its subnets.
fn route_table(
    expansion: &mut Expansion<'_>,
    logical_id: &str,
    tag: &str,
    subnets: &[ResourceAddress],
) -> ResourceAddress {
    let table = shared_address(logical_id);
    let made = json!({ "Tags": tags(expansion, tag), "VpcId": reference(&address()) });
    expansion.put(table.clone(), "AWS::EC2::RouteTable", properties(made));
    for subnet in subnets {
        let made = json!({ "RouteTableId": reference(&table), "SubnetId": reference(subnet) });
        let at = shared_address(format!("{}RouteTableAssociation", subnet.logical_id));
        expansion.put(at, "AWS::EC2::SubnetRouteTableAssociation", properties(made));
    }
    table
}

fn routes(expansion: &mut Expansion<'_>, vpc: &Vpc, subnets: &Subnets) {
    let public = route_table(expansion, "PublicRoutes", "public-routes", &subnets.public);
    let made = json!({
        "DestinationCidrBlock": "0.0.0.0/0",
        "GatewayId": reference(&gateway()),
        "RouteTableId": reference(&public),
    });
    expansion.put(shared_address("PublicRoute"), "AWS::EC2::Route", properties(made)).depends_on.insert(attachment());

    let mut tables = vec![public];
    let mut gateways = Vec::new();
    for (number, (public, private)) in (1..).zip(subnets.public.iter().zip(&subnets.private)) {
        let is_needed = match vpc.nat {
            Nat::One => number == 1,
            Nat::PerZone => true,
            Nat::None => false,
        };
        if is_needed {
            gateways.push(nat_gateway(expansion, number, public));
        }
        let table = route_table(
            expansion,
            &format!("PrivateRoutes{number}"),
            &format!("private-routes-{number}"),
            std::slice::from_ref(private),
        );
        if let Some(gateway) = gateways.last() {
            let made = json!({
                "DestinationCidrBlock": "0.0.0.0/0",
                "NatGatewayId": reference(gateway),
                "RouteTableId": reference(&table),
            });
            expansion.put(shared_address(format!("PrivateRoute{number}")), "AWS::EC2::Route", properties(made));
        }
        tables.push(table);
    }
    let region = expansion.record().region.clone();
    for (logical_id, service) in GATEWAYS {
        let made = json!({
            "RouteTableIds": Subnets::ids(&tables),
            "ServiceName": format!("com.amazonaws.{region}.{service}"),
            "Tags": tags(expansion, service),
            "VpcEndpointType": "Gateway",
            "VpcId": reference(&address()),
        });
        expansion.put(shared_address(logical_id), "AWS::EC2::VPCEndpoint", properties(made));
    }
}

fn nat_gateway(expansion: &mut Expansion<'_>, number: u32, subnet: &ResourceAddress) -> ResourceAddress {
    let ip = shared_address(format!("NatAddress{number}"));
    let made = json!({ "Domain": "vpc", "Tags": tags(expansion, &format!("nat-{number}")) });
    expansion.put(ip.clone(), "AWS::EC2::EIP", properties(made)).depends_on.insert(attachment());
    let gateway = shared_address(format!("NatGateway{number}"));
    let made = json!({
        "AllocationId": attribute(&ip, "AllocationId"),
        "SubnetId": reference(subnet),
        "Tags": tags(expansion, &format!("nat-{number}")),
    });
    expansion.put(gateway.clone(), "AWS::EC2::NatGateway", properties(made)).depends_on.insert(attachment());
    gateway
}

/// A rule of an access list: its number, whether it is of what goes out, its protocol, whose, and its ports.
struct Rule {
    number: u32,
    egress: bool,
    /// -1 for every protocol, 6 for TCP, 17 for UDP.
    protocol: i32,
    range: Value,
    ports: Option<(u32, u32)>,
}

/// What passes the access lists, which know nothing of connections: in public subnets the web from outside, in private ones
/// nothing but answers; within the network, and outwards, everything. What an agent may do is its security group's.
fn access_lists(expansion: &mut Expansion<'_>, vpc: &Vpc, subnets: &Subnets) {
    let (within, anywhere) = (range(vpc), json!("0.0.0.0/0"));
    let rule =
        |number, protocol, range: &Value, ports| Rule { number, egress: false, protocol, range: range.clone(), ports };
    // Answers come to the ports that gateways and hosts call from.
    let both = || {
        [
            rule(100, -1, &within, None),
            Rule { number: 100, egress: true, protocol: -1, range: anywhere.clone(), ports: None },
            rule(200, 6, &anywhere, Some((1024, 65_535))),
            rule(210, 17, &anywhere, Some((1024, 65_535))),
        ]
    };
    let web = [rule(110, 6, &anywhere, Some((80, 80))), rule(120, 6, &anywhere, Some((443, 443)))];
    let lists = [
        ("Public", &subnets.public, both().into_iter().chain(web).collect::<Vec<Rule>>()),
        ("Private", &subnets.private, both().into()),
    ];
    for (name, subnets, rules) in lists {
        let list = shared_address(format!("{name}AccessList"));
        let tag = format!("{}-access-list", name.to_ascii_lowercase());
        let made = json!({ "Tags": tags(expansion, &tag), "VpcId": reference(&address()) });
        expansion.put(list.clone(), "AWS::EC2::NetworkAcl", properties(made));
        for Rule { number, egress, protocol, range, ports } in rules {
            let mut made = properties(json!({
                "CidrBlock": range,
                "Egress": egress,
                "NetworkAclId": reference(&list),
                "Protocol": protocol,
                "RuleAction": "allow",
                "RuleNumber": number,
            }));
            if let Some((from, to)) = ports {
                made.set("PortRange", json!({ "From": from, "To": to }));
            }
            let way = if egress { "Out" } else { "In" };
            let at = shared_address(format!("{}{way}{number}", list.logical_id));
            expansion.put(at, "AWS::EC2::NetworkAclEntry", made);
        }
        for subnet in subnets {
            let made = json!({ "NetworkAclId": reference(&list), "SubnetId": reference(subnet) });
            let at = shared_address(format!("{}AccessListAssociation", subnet.logical_id));
            expansion.put(at, "AWS::EC2::SubnetNetworkAclAssociation", properties(made));
        }
    }
}

fn flow_logs(expansion: &mut Expansion<'_>, vpc: &Vpc) {
    let traffic = match vpc.flow_logs {
        FlowLogs::All => "ALL",
        FlowLogs::Rejected => "REJECT",
        FlowLogs::None => return,
    };
    let group = shared_address("FlowLogGroup");
    let days = expansion.environment.shared.monitoring.log_retention_days;
    let made = json!({ "RetentionInDays": days, "Tags": expansion.scope.list() });
    expansion.put(group.clone(), "AWS::Logs::LogGroup", properties(made));
    // https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html, for one group that is there already.
    let writer = shared_address("FlowLogRole");
    let record = expansion.record();
    let source = expansion.arn(&format!("ec2:{}:{}:vpc-flow-log/*", record.region, record.account));
    let statements = vec![allow(
        vec!["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
        attribute(&group, "Arn"),
    )];
    let trust = role::trust("vpc-flow-logs.amazonaws.com", Some((&record.account, source)));
    let made = role::properties_of(expansion, trust, Some(document(statements)), &[]);
    expansion.put(writer.clone(), "AWS::IAM::Role", made);
    let made = json!({
        "DeliverLogsPermissionArn": attribute(&writer, "Arn"),
        "LogDestinationType": "cloud-watch-logs",
        "LogGroupName": reference(&group),
        "MaxAggregationInterval": 600,
        "ResourceId": reference(&address()),
        "ResourceType": "VPC",
        "Tags": tags(expansion, "flow-log"),
        "TrafficType": traffic,
    });
    expansion.put(shared_address("FlowLog"), "AWS::EC2::FlowLog", properties(made));
}

/// Interface endpoints, all behind one security group.
fn endpoints(expansion: &mut Expansion<'_>, vpc: &Vpc, subnets: &Subnets) {
    if vpc.endpoints.is_empty() {
        return;
    }
    security_group::add_endpoints(expansion);
    let region = expansion.record().region.clone();
    for service in &vpc.endpoints {
        let made = json!({
            "PrivateDnsEnabled": true,
            "SecurityGroupIds": [attribute(&security_group::endpoints(), "GroupId")],
            "ServiceName": format!("com.amazonaws.{region}.{service}"),
            "SubnetIds": Subnets::ids(&subnets.private),
            "Tags": tags(expansion, service),
            "VpcEndpointType": "Interface",
            "VpcId": reference(&address()),
        });
        let at = shared_address(format!("{}Endpoint", super::pascal(service)));
        expansion.put(at, "AWS::EC2::VPCEndpoint", properties(made));
    }
}
