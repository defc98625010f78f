//! The network: its parts, who is in it, and what may pass.

use std::collections::BTreeSet;

use model::Lookup;
use serde_json::{Value, json};

use super::errors::found;
use super::project::project;
use super::{artifacts, expanded, record, small, sound, valid};

fn told(rest: &str) -> Vec<String> {
    found(&small(rest))
}

/// A property of a resource.
fn property(expanded: &config::Expanded, address: &str, name: &str) -> Value {
    let resource = expanded.desired.resources.get(&address.parse().unwrap());
    let resource = resource.unwrap_or_else(|| panic!("no {address}: {:#?}", expanded.desired.resources.keys()));
    resource.properties.get(name).cloned().unwrap_or(Value::Null)
}

fn addresses<'e>(expanded: &'e config::Expanded, kind: &str) -> Vec<&'e str> {
    let resources = expanded.desired.resources.iter();
    let of_kind = resources.filter(|(_, resource)| resource.kind.as_str() == kind);
    of_kind.map(|(address, _)| address.logical_id.as_str()).collect()
}

#[test]
fn ranges_of_subnets_are_parts_of_that_of_the_network_and_never_overlap() {
    let network = sound(&small("shared: { vpc: { cidr: 10.20.0.0/16, zones: 3 } }\n"));
    let ranges: Vec<Value> = ["Public", "Private"]
        .iter()
        .flat_map(|kind| (1..=3).map(move |number| format!("shared/{kind}Subnet{number}")))
        .map(|address| property(&network, &address, "CidrBlock"))
        .collect();
    let expected =
        ["10.20.0.0/19", "10.20.32.0/19", "10.20.64.0/19", "10.20.128.0/19", "10.20.160.0/19", "10.20.192.0/19"];
    assert_eq!(ranges, expected);
    let small_one = sound(&small("shared: { vpc: { cidr: 192.168.7.0/24 } }\n"));
    assert_eq!(property(&small_one, "shared/PublicSubnet2", "CidrBlock"), "192.168.7.32/27");
    assert_eq!(property(&small_one, "shared/PrivateSubnet1", "CidrBlock"), "192.168.7.128/27");
}

#[test]
fn a_pool_gives_the_range_of_which_subnets_are_parts() {
    let pool = "ipam-pool-0a1b2c3d4e5f67890";
    let network = sound(&small(&format!("shared: {{ vpc: {{ ipam: {{ pool_id: {pool}, netmask_length: 20 }} }} }}\n")));
    assert_eq!(property(&network, "shared/Vpc", "Ipv4IpamPoolId"), pool);
    assert_eq!(property(&network, "shared/Vpc", "Ipv4NetmaskLength"), 20);
    assert_eq!(property(&network, "shared/Vpc", "CidrBlock"), Value::Null);
    let whole = json!({ "Fn::GetAtt": ["shared/Vpc", "CidrBlock"] });
    let part = json!({ "Fn::Select": [5, { "Fn::Cidr": [whole, 8, 9] }] });
    assert_eq!(property(&network, "shared/PrivateSubnet2", "CidrBlock"), part);
}

#[test]
fn zones_are_the_first_of_the_account_or_those_that_are_named() {
    let first = sound(&small("shared: { vpc: true }\n"));
    assert_eq!(property(&first, "shared/PublicSubnet2", "AvailabilityZone"), "eu-central-1b");
    let named = sound(&small("shared: { vpc: { zones: [eu-central-1c, eu-central-1a] } }\n"));
    assert_eq!(property(&named, "shared/PublicSubnet1", "AvailabilityZone"), "eu-central-1c");

    let config = valid(&small("shared: { vpc: true }\n"));
    let (environment, artifacts) = (record(&config, "dev"), artifacts(&config, "dev"));
    let mut context = config::Context::new(&environment, &artifacts, "b");
    let asked = config::expand(&config, &context).unwrap().lookups;
    let lookup = Lookup::Zones { region: "eu-central-1".into() };
    assert_eq!(asked, BTreeSet::from([lookup.clone()]));
    let one = model::Snapshot([(lookup, json!(["eu-central-1a"]))].into());
    context.snapshot = &one;
    let refusals = config::expand(&config, &context).unwrap_err().refusals();
    assert_eq!(refusals[0].code, "config::out-of-range");
    assert_eq!(refusals[0].message, "the account may use 1 zones of `eu-central-1`, and `vpc` asks for 2");
    assert_eq!((refusals[0].line, refusals[0].column), (Some(8), Some(16)));
}

#[test]
fn private_subnets_reach_the_internet_as_the_config_says() {
    let gateways = |nat: &str| {
        let network = sound(&small(&format!("shared: {{ vpc: {{ nat: {nat} }} }}\n")));
        let route = |number: u32| {
            let address = format!("shared/PrivateRoute{number}").parse().unwrap();
            let route = network.desired.resources.get(&address)?;
            Some(route.properties.get("NatGatewayId").unwrap()["Ref"].as_str().unwrap().to_owned())
        };
        (addresses(&network, "AWS::EC2::NatGateway").len(), route(1), route(2))
    };
    let at = |number: u32| Some(format!("shared/NatGateway{number}"));
    assert_eq!(gateways("one"), (1, at(1), at(1)));
    assert_eq!(gateways("per-zone"), (2, at(1), at(2)));
    assert_eq!(gateways("none"), (0, None, None));
}

#[test]
fn an_agent_in_the_network_has_private_subnets_a_described_group_and_the_right_to_interfaces() {
    let network = sound(&small("    vpc: { ports: [5432] }\nshared: { vpc: true }\n"));
    let config = property(&network, "bot/Function", "VpcConfig");
    assert_eq!(config["SubnetIds"], json!([{ "Ref": "shared/PrivateSubnet1" }, { "Ref": "shared/PrivateSubnet2" }]));
    let groups = addresses(&network, "AWS::EC2::SecurityGroup");
    let group = format!("shared/{}", groups[0]);
    assert_eq!(config["SecurityGroupIds"], json!([{ "Fn::GetAtt": [group, "GroupId"] }]));
    assert_eq!(
        property(&network, &group, "SecurityGroupEgress"),
        json!([
            { "CidrIp": "0.0.0.0/0", "Description": "HTTPS to AWS and the internet", "FromPort": 443, "IpProtocol": "tcp", "ToPort": 443 },
            { "CidrIp": "10.0.0.0/16", "Description": "asked for in the config", "FromPort": 5432, "IpProtocol": "tcp", "ToPort": 5432 },
        ])
    );
    assert_eq!(property(&network, &group, "SecurityGroupIngress"), Value::Null);
    let description = property(&network, &group, "GroupDescription");
    assert_eq!(description, "Agents that connect to 443 anywhere and to 5432 within the network");
    let role =
        format!("shared/{}", addresses(&network, "AWS::IAM::Role").iter().find(|id| id.starts_with("Role")).unwrap());
    let statements = property(&network, &role, "Policies")[0]["PolicyDocument"]["Statement"].clone();
    let of_interfaces: Vec<&Value> = statements
        .as_array()
        .unwrap()
        .iter()
        .filter(|statement| statement["Action"].to_string().contains("ec2:CreateNetworkInterface"))
        .collect();
    assert_eq!(of_interfaces.len(), 2);
    let deny = of_interfaces.iter().find(|statement| statement["Effect"] == "Deny").unwrap();
    let functions = "arn:aws:lambda:eu-central-1:000000000000:function:desk-dev-*";
    assert_eq!(deny["Condition"], json!({ "ArnLike": { "lambda:SourceFunctionArn": functions } }));
}

#[test]
fn agents_share_a_security_group_only_where_their_needs_are_identical() {
    let agents = |ports: &str| {
        let other =
            format!("  - {{ name: b, path: b, runtime: python3.12, handler: h.h, vpc: {{ ports: [{ports}] }} }}\n");
        let text = small(&format!("    vpc: {{ ports: [6379, 5432] }}\n{other}shared: {{ vpc: true }}\n"));
        addresses(&sound(&text), "AWS::EC2::SecurityGroup").len()
    };
    assert_eq!(agents("5432, 6379"), 1);
    assert_eq!(agents("5432"), 2);
}

#[test]
fn endpoints_stand_behind_one_group_that_lets_in_whoever_is_in_the_network_by_reference() {
    let network = sound(&small("    vpc: true\nshared: { vpc: { endpoints: [logs, sqs] } }\n"));
    let group = json!([{ "Fn::GetAtt": ["shared/EndpointSecurityGroup", "GroupId"] }]);
    for endpoint in ["shared/LogsEndpoint", "shared/SqsEndpoint"] {
        assert_eq!(property(&network, endpoint, "SecurityGroupIds"), group);
    }
    let rules = addresses(&network, "AWS::EC2::SecurityGroupIngress");
    assert_eq!(rules.len(), 1);
    let rule = format!("shared/{}", rules[0]);
    assert!(property(&network, &rule, "SourceSecurityGroupId").is_object());
    assert_eq!(property(&network, &rule, "CidrIp"), Value::Null);
    let out = property(&network, "shared/EndpointSecurityGroup", "SecurityGroupEgress");
    assert_eq!(out[0]["CidrIp"], "127.0.0.1/32");
}

#[test]
fn an_environment_can_do_without_the_network() {
    let text = "    vpc: true\nshared: { vpc: true }\n".to_owned();
    let text = small(&text).replace(
        "environments: { dev: {} }",
        "environments: { dev: { overrides: { shared: { vpc: { enabled: false } } } } }",
    );
    let none = sound(&text.replace("shared: { vpc: true }", "shared: { vpc: { nat: one } }"));
    assert_eq!(property(&none, "bot/Function", "VpcConfig"), Value::Null);
    assert!(addresses(&none, "AWS::EC2::VPC").is_empty());
    let every = sound(&small("shared: { vpc: { agents: all } }\n"));
    assert!(property(&every, "bot/Function", "VpcConfig").is_object());
    let chosen = sound(&small("    vpc: false\nshared: { vpc: { agents: all } }\n"));
    assert_eq!(property(&chosen, "bot/Function", "VpcConfig"), Value::Null);
}

#[test]
fn networks_that_there_cannot_be_are_told() {
    let cases = [
        (
            "shared: { vpc: { cidr: 10.0.0.0/8 } }\n",
            "8:24 wrong-cidr | `10.0.0.0/8` cannot be the range of a network | a network has from 256 addresses (`/24`) to 65,536 (`/16`)",
        ),
        (
            "shared: { vpc: { cidr: 10.0.1.0/16 } }\n",
            "8:24 wrong-cidr | `10.0.1.0/16` cannot be the range of a network | `10.0.1.0` is within the range `10.0.0.0/16`, not its beginning: write that",
        ),
        (
            "shared: { vpc: { cidr: 8.8.0.0/16 } }\n",
            "8:24 wrong-cidr | `8.8.0.0/16` cannot be the range of a network | take addresses that no host of the internet has: within 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10",
        ),
        (
            "shared: { vpc: { cidr: here } }\n",
            "8:24 wrong-cidr | `here` cannot be the range of a network | a range is written `10.0.0.0/16`",
        ),
        (
            "shared: { vpc: { cidr: 10.0.0.0/16, ipam: { pool_id: ipam-pool-1, netmask_length: 16 } } }\n",
            "8:37 wrong-choice | a network has a `cidr` or an `ipam`, not both | `cidr` is a range that you chose, `ipam` a pool that chooses one",
        ),
        (
            "shared: { vpc: { ipam: { pool_id: mine, netmask_length: 16 } } }\n",
            "8:35 wrong-name | `mine` is no pool of IPAM | a pool is named like `ipam-pool-0a1b2c3d4e5f67890`",
        ),
        ("shared: { vpc: { zones: 4 } }\n", "8:25 out-of-range | `zones` cannot be `4` | it goes from 2 to 3 zones"),
        (
            "shared: { vpc: { zones: [eu-central-1a, eu-central-1a] } }\n",
            "8:41 wrong-choice | `eu-central-1a` cannot be a zone of this network | zones are written like `eu-central-1a`, each once",
        ),
        (
            "shared: { vpc: { zones: [eu-central-1a] } }\n",
            "8:25 out-of-range | a network cannot be in 1 zones | name two or three",
        ),
        (
            "shared: { vpc: { nat: two } }\n",
            "8:23 wrong-choice | `nat` cannot be `two` | it may be `one`, `per-zone` or `none`",
        ),
        (
            "shared: { vpc: { endpoints: [s3] } }\n",
            "8:30 wrong-choice | there is no interface endpoint for `s3` | every network has its gateway endpoint, which costs nothing: remove it",
        ),
        (
            "shared: { vpc: { endpoints: [bedrock-runtme] } }\n",
            "8:30 wrong-choice | there is no interface endpoint for `bedrock-runtme` | did you mean `bedrock-runtime`?",
        ),
        (
            "    vpc: true\n",
            "8:10 vpc-missing | there is no network for this agent to be in | add `vpc: { nat: one }` under `shared`",
        ),
        (
            "    vpc: { ports: [0] }\nshared: { vpc: true }\n",
            "8:20 out-of-range | a port cannot be `0` | it goes from 1 to 65535",
        ),
    ];
    for (rest, expected) in cases {
        assert_eq!(told(rest), [expected], "{rest}");
    }
}

/// What expansion finds wrong, `line:column code | message | help`.
fn refused(rest: &str) -> Vec<String> {
    let config = valid(&small(rest));
    let (environment, artifacts) = (record(&config, "dev"), artifacts(&config, "dev"));
    let context = config::Context::new(&environment, &artifacts, "b");
    let Err(report) = config::expand(&config, &context) else { return Vec::new() };
    let line = |refusal: model::Refusal| {
        let code = refusal.code.strip_prefix("config::").unwrap().to_owned();
        let (line, column) = (refusal.line.unwrap(), refusal.column.unwrap());
        format!("{line}:{column} {code} | {} | {}", refusal.message, refusal.help.unwrap())
    };
    report.refusals().into_iter().map(line).collect()
}

#[test]
fn a_sensitive_port_that_is_open_to_the_world_is_refused_at_its_line() {
    let group = |rule: &str| {
        format!(
            "resources:\n  Hosts:\n    Type: AWS::EC2::SecurityGroup\n    Properties:\n      GroupDescription: Hosts\n      \
             SecurityGroupIngress:\n        - {rule}\n"
        )
    };
    let help = "name the security group that may connect (`SourceSecurityGroupId`), or the range of addresses of your own \
                network";
    let cases = [
        (
            "{ IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0 }",
            "14:64 open-port | port 22 (SSH) is open to the world, `0.0.0.0/0`",
        ),
        (
            "{ IpProtocol: tcp, FromPort: 3000, ToPort: 6000, CidrIpv6: '::/0' }",
            "14:70 open-port | port 3306 (MySQL) is open to the world, `::/0`, and 8 others like it",
        ),
        (
            "{ IpProtocol: '-1', CidrIp: 0.0.0.0/1 }",
            "14:39 open-port | port 20 (FTP) is open to the world, `0.0.0.0/1`, and 48 others like it",
        ),
        (
            "{ IpProtocol: 6, FromPort: '6379', ToPort: '6379', CidrIp: 0.0.0.0/0 }",
            "14:70 open-port | port 6379 (Redis) is open to the world, `0.0.0.0/0`",
        ),
    ];
    for (rule, expected) in cases {
        let found = refused(&group(rule));
        assert_eq!(found, [format!("{expected} | {help}")], "{rule}");
    }
    let right = [
        "{ IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0 }",
        "{ IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 203.0.113.0/24 }",
        "{ IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 10.0.0.0/8 }",
        "{ IpProtocol: icmp, FromPort: -1, ToPort: -1, CidrIp: 0.0.0.0/0 }",
        "{ IpProtocol: tcp, FromPort: 22, ToPort: 22, SourceSecurityGroupId: sg-0a1b2c3d }",
    ];
    for rule in right {
        assert!(refused(&group(rule)).is_empty(), "{rule}");
    }
    let alone = "resources:\n  Rule:\n    Type: AWS::EC2::SecurityGroupIngress\n    Properties:\n      GroupId: sg-0a1b2c3d\n      \
                 IpProtocol: tcp\n      FromPort: 3389\n      ToPort: 3389\n      CidrIp: 0.0.0.0/0\n";
    assert_eq!(
        refused(alone),
        [format!("16:15 open-port | port 3389 (RDP) is open to the world, `0.0.0.0/0` | {help}")]
    );
}

#[test]
fn a_port_that_a_template_opens_is_told_in_the_template() {
    let template = "Parameters:\n  From: { Type: String, Default: 0.0.0.0/0 }\nResources:\n  Hosts:\n    Type: AWS::EC2::SecurityGroup\n    \
                    Properties:\n      GroupDescription: Hosts\n      SecurityGroupIngress:\n        - { IpProtocol: tcp, FromPort: 22, \
                    ToPort: 22, CidrIp: !Ref From }\n";
    let open = project("stacks: [{ name: hosts, template: hosts.yaml }]\n").with("hosts.yaml", template);
    let [told] = open.problems().try_into().unwrap();
    assert!(
        told.starts_with("hosts.yaml:9:") && told.contains("open-port | port 22 (SSH) is open to the world"),
        "{told}"
    );
    let narrow = "stacks: [{ name: hosts, template: hosts.yaml, parameters: { From: 203.0.113.0/24 } }]\n";
    assert!(project(narrow).with("hosts.yaml", template).problems().is_empty());
}

#[test]
fn nothing_that_is_made_here_opens_a_port_of_an_agent() {
    for rest in
        ["    vpc: true\nshared: { vpc: { endpoints: [logs] } }\n", "    vpc: { ports: [22] }\nshared: { vpc: true }\n"]
    {
        let desired = expanded(&valid(&small(rest)), "dev");
        for (address, resource) in &desired.resources {
            if resource.kind.as_str() == "AWS::EC2::SecurityGroup" {
                assert!(resource.properties.get("SecurityGroupIngress").is_none(), "{address}");
            }
        }
    }
}
