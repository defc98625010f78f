//! An agent that is a service of containers on Fargate: its task, its service, and a load balancer where it is public.

use model::expression::{attribute, reference};
use model::{ResourceAddress, properties};
use serde_json::{Value, json};
use source::Code;

use super::network::Subnets;
use super::policy::{allow, document};
use super::role::Principal;
use super::tags::Scope;
use super::{Expansion, Note, agent, alarms, network, pascal, role, security_group, shared_address};
use crate::config::{Agent, Architecture, Container, Public, VpcUse};

/// The name of the only container of a task.
const NAME: &str = "agent";

/// The cluster that all services share.
pub(super) fn cluster() -> ResourceAddress {
    shared_address("Cluster")
}

pub(super) fn add(expansion: &mut Expansion<'_>, agent: &Agent, container: &Container) {
    let stack = agent.name.value.as_str();
    let at = |logical_id: &str| ResourceAddress::new(stack, logical_id);
    let scope = expansion.scope.agent(stack, &agent.tags);
    if !expansion.resources.contains_key(&cluster()) {
        let made = json!({
            "ClusterSettings": [{ "Name": "containerInsights", "Value": "enabled" }],
            "Tags": expansion.scope.list(),
        });
        expansion.put(cluster(), "AWS::ECS::Cluster", properties(made));
    }
    let group = at("LogGroup");
    let days = expansion.environment.shared.monitoring.log_retention_days;
    let made = json!({ "RetentionInDays": days, "Tags": scope.list() });
    expansion.put(group.clone(), "AWS::Logs::LogGroup", properties(made));
    let task = task(expansion, agent, container, &group, &scope);

    let needs = agent.vpc.clone().unwrap_or_default();
    let security_group = match &container.public {
        Some(public) => public_group(expansion, stack, public, &needs),
        None => security_group::of(expansion, &needs),
    };
    let mut service = properties(json!({
        "Cluster": reference(&cluster()),
        "DeploymentConfiguration": {
            "DeploymentCircuitBreaker": { "Enable": true, "Rollback": true },
            "MaximumPercent": 200,
            "MinimumHealthyPercent": 100,
        },
        "DesiredCount": container.count,
        "EnableECSManagedTags": true,
        "LaunchType": "FARGATE",
        "NetworkConfiguration": { "AwsvpcConfiguration": {
            "AssignPublicIp": "DISABLED",
            "SecurityGroups": [attribute(&security_group, "GroupId")],
            "Subnets": Subnets::ids(&expansion.subnets.private),
        } },
        "PlatformVersion": "LATEST",
        "PropagateTags": "SERVICE",
        "Tags": scope.list(),
        "TaskDefinition": reference(&task),
    }));
    if let Some(public) = &container.public {
        load_balancer(expansion, stack, public, &scope);
        let target = json!([{
            "ContainerName": NAME,
            "ContainerPort": public.port,
            "TargetGroupArn": reference(&at("TargetGroup")),
        }]);
        service.set("LoadBalancers", target);
        service.set("HealthCheckGracePeriodSeconds", 60);
    }
    let made = expansion.put(at("Service"), "AWS::ECS::Service", service);
    if container.public.is_some() {
        // A target group takes no targets before a listener leads to it.
        made.depends_on.insert(at("Listener"));
    }
    alarms::add_service(expansion, agent, container, &scope);
    let name = pascal(stack);
    expansion.outputs.insert(format!("{name}ServiceArn"), reference(&at("Service")));
}

fn task(
    expansion: &mut Expansion<'_>,
    agent: &Agent,
    container: &Container,
    group: &ResourceAddress,
    scope: &Scope,
) -> ResourceAddress {
    let stack = agent.name.value.as_str();
    let own = role::role(expansion, Principal::Tasks, agent, Vec::new());
    let launching = launching(expansion, stack, container, group);
    let variables: Vec<Value> = agent::variables(expansion, agent)
        .into_iter()
        .map(|(name, value)| json!({ "Name": name, "Value": value }))
        .collect();
    let mut definition = json!({
        "Environment": variables,
        "Essential": true,
        "Image": container.image,
        "LogConfiguration": {
            "LogDriver": "awslogs",
            "Options": {
                "awslogs-group": reference(group),
                "awslogs-region": expansion.record().region,
                "awslogs-stream-prefix": NAME,
            },
        },
        "Name": NAME,
    });
    if let Some(map) = definition.as_object_mut() {
        if !container.command.is_empty() {
            map.insert("Command".to_owned(), json!(container.command));
        }
        if let Some(public) = &container.public {
            map.insert("PortMappings".to_owned(), json!([{ "ContainerPort": public.port, "Protocol": "tcp" }]));
        }
    }
    let architecture = match container.architecture {
        Architecture::X86 => "X86_64",
        Architecture::Arm => "ARM64",
    };
    let made = json!({
        "ContainerDefinitions": [definition],
        "Cpu": container.cpu.to_string(),
        "ExecutionRoleArn": attribute(&launching, "Arn"),
        "Memory": container.memory.to_string(),
        "NetworkMode": "awsvpc",
        "RequiresCompatibilities": ["FARGATE"],
        "RuntimePlatform": { "CpuArchitecture": architecture, "OperatingSystemFamily": "LINUX" },
        "Tags": scope.list(),
        "TaskRoleArn": attribute(&own, "Arn"),
    });
    let task = ResourceAddress::new(stack, "Task");
    expansion.put(task.clone(), "AWS::ECS::TaskDefinition", properties(made));
    task
}

/// The role with which ECS fetches the image and writes the log; the program never has it.
fn launching(
    expansion: &mut Expansion<'_>,
    stack: &str,
    container: &Container,
    group: &ResourceAddress,
) -> ResourceAddress {
    let record = expansion.record();
    let source = expansion.arn(&format!("ecs:{}:{}:*", record.region, record.account));
    let trust = role::trust("ecs-tasks.amazonaws.com", Some((&record.account, source)));
    let mut statements = vec![allow(vec!["logs:CreateLogStream", "logs:PutLogEvents"], attribute(group, "Arn"))];
    statements.extend(pulling(expansion, &container.image));
    let made = role::properties_of(expansion, trust, Some(document(statements)), &[]);
    let address = ResourceAddress::new(stack, "LaunchRole");
    expansion.put(address.clone(), "AWS::IAM::Role", made);
    address
}

/// What fetching an image takes: nothing, unless it is in a private registry of ECR.
pub(super) fn pulling(expansion: &Expansion<'_>, image: &str) -> Vec<Value> {
    let Some((registry, rest)) = image.split_once('/') else { return Vec::new() };
    let parts: Vec<&str> = registry.split('.').collect();
    let [account, "dkr", "ecr", region, ..] = parts.as_slice() else { return Vec::new() };
    let rest = rest.split_once('@').map_or(rest, |(name, _)| name);
    let repository = rest.split_once(':').map_or(rest, |(name, _)| name);
    let arn = expansion.arn(&format!("ecr:{region}:{account}:repository/{repository}"));
    let actions = vec!["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
    vec![allow(actions, arn), allow(vec!["ecr:GetAuthorizationToken"], "*")]
}

fn balancer_group(stack: &str) -> ResourceAddress {
    ResourceAddress::new(stack, "LoadBalancerSecurityGroup")
}

/// The security groups of a public service and of its load balancer: one lets in only what comes from the other.
fn public_group(expansion: &mut Expansion<'_>, stack: &str, public: &Public, needs: &VpcUse) -> ResourceAddress {
    let own = ResourceAddress::new(stack, "SecurityGroup");
    let balancer = balancer_group(stack);
    let anywhere = || ("CidrIp", json!("0.0.0.0/0"));
    let mut inwards = vec![security_group::rule(80, anywhere(), "HTTP from anywhere")];
    if public.certificate.is_some() {
        inwards.push(security_group::rule(443, anywhere(), "HTTPS from anywhere"));
    }
    let described = format!("The load balancer of agent {stack}");
    security_group::put(expansion, &balancer, &described, &Value::Array(inwards), security_group::nothing_out());
    let egress = security_group::outwards(expansion, needs);
    security_group::put(expansion, &own, &format!("The containers of agent {stack}"), &json!([]), egress);
    security_group::to_endpoints(expansion, &own);
    let between = |group: &ResourceAddress, key: &str, peer: &ResourceAddress, what: &str| {
        properties(json!({
            "Description": what,
            "FromPort": public.port,
            "GroupId": attribute(group, "GroupId"),
            "IpProtocol": "tcp",
            key: attribute(peer, "GroupId"),
            "ToPort": public.port,
        }))
    };
    let into = between(&own, "SourceSecurityGroupId", &balancer, "from the load balancer");
    expansion.put(ResourceAddress::new(stack, "FromLoadBalancer"), "AWS::EC2::SecurityGroupIngress", into);
    let out = between(&balancer, "DestinationSecurityGroupId", &own, "to the containers");
    expansion.put(ResourceAddress::new(stack, "ToContainers"), "AWS::EC2::SecurityGroupEgress", out);
    own
}

fn load_balancer(expansion: &mut Expansion<'_>, stack: &str, public: &Public, scope: &Scope) {
    let at = |logical_id: &str| ResourceAddress::new(stack, logical_id);
    let made = json!({
        "IpAddressType": "ipv4",
        "LoadBalancerAttributes": [{ "Key": "routing.http.drop_invalid_header_fields.enabled", "Value": "true" }],
        "Scheme": "internet-facing",
        "SecurityGroups": [attribute(&balancer_group(stack), "GroupId")],
        "Subnets": Subnets::ids(&expansion.subnets.public),
        "Tags": scope.list(),
        "Type": "application",
    });
    let balancer = expansion.put(at("LoadBalancer"), "AWS::ElasticLoadBalancingV2::LoadBalancer", properties(made));
    // One that faces the internet needs a way to it.
    balancer.depends_on.insert(shared_address("InternetGatewayAttachment"));
    let made = json!({
        "HealthCheckIntervalSeconds": 30,
        "HealthCheckPath": public.health_path,
        "HealthCheckProtocol": "HTTP",
        "HealthCheckTimeoutSeconds": 5,
        "HealthyThresholdCount": 2,
        "Matcher": { "HttpCode": "200" },
        "Port": public.port,
        "Protocol": "HTTP",
        "Tags": scope.list(),
        "TargetGroupAttributes": [{ "Key": "deregistration_delay.timeout_seconds", "Value": "30" }],
        "TargetType": "ip",
        "UnhealthyThresholdCount": 3,
        "VpcId": reference(&network::address()),
    });
    expansion.put(at("TargetGroup"), "AWS::ElasticLoadBalancingV2::TargetGroup", properties(made));
    let forward = json!([{ "TargetGroupArn": reference(&at("TargetGroup")), "Type": "forward" }]);
    let balancer = reference(&at("LoadBalancer"));
    let scheme = if let Some(certificate) = &public.certificate {
        let made = json!({
            "Certificates": [{ "CertificateArn": certificate }],
            "DefaultActions": forward,
            "LoadBalancerArn": balancer,
            "Port": 443,
            "Protocol": "HTTPS",
            // https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
            "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
        });
        expansion.put(at("Listener"), "AWS::ElasticLoadBalancingV2::Listener", properties(made));
        let made = json!({
            "DefaultActions": [{
                "RedirectConfig": { "Port": "443", "Protocol": "HTTPS", "StatusCode": "HTTP_301" },
                "Type": "redirect",
            }],
            "LoadBalancerArn": balancer,
            "Port": 80,
            "Protocol": "HTTP",
        });
        expansion.put(at("RedirectListener"), "AWS::ElasticLoadBalancingV2::Listener", properties(made));
        "https"
    } else {
        let made = json!({ "DefaultActions": forward, "LoadBalancerArn": balancer, "Port": 80, "Protocol": "HTTP" });
        expansion.put(at("Listener"), "AWS::ElasticLoadBalancingV2::Listener", properties(made));
        expansion.notes.push(Note {
            code: Code::PlainHttp,
            span: public.span,
            message: format!("what is sent to agent `{stack}` and what it answers is not encrypted on its way"),
            help: "add a `certificate` of ACM, and HTTPS is spoken, to which HTTP is led".to_owned(),
        });
        "http"
    };
    let url = model::expression::join([json!(format!("{scheme}://")), attribute(&at("LoadBalancer"), "DNSName")]);
    expansion.outputs.insert(format!("{}Url", pascal(stack)), url);
}
