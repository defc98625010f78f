//! Security groups: one for each set of needs, and those that stand between others. Every rule says what it is for; rules
//! between groups name the group, not a range of addresses.

use model::expression::{attribute, reference};
use model::{Digest, ResourceAddress, properties};
use serde_json::{Value, json};

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
