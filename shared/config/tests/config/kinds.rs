//! Agents that are no functions.

use model::DesiredResource;
use serde_json::{Value, json};

use super::errors::found;
use super::sound;

const HEAD: &str = "project: { name: desk, region: eu-central-1 }\nenvironments: { dev: {} }\n";

fn with(agent: &str, shared: &str) -> String {
    format!("{HEAD}agents:\n  - {{ name: bot, {agent} }}\n{shared}")
}

fn at<'e>(expanded: &'e config::Expanded, address: &str) -> &'e DesiredResource {
    let resource = expanded.desired.resources.get(&address.parse().unwrap());
    resource.unwrap_or_else(|| panic!("no {address}: {:#?}", expanded.desired.resources.keys()))
}

fn role_of(expanded: &config::Expanded, value: &Value) -> DesiredResource {
    at(expanded, value["Fn::GetAtt"][0].as_str().unwrap()).clone()
}

const CODE: &str = "kind: agentcore, path: agents/bot, runtime: python3.12, handler: main.py";
const IMAGE: &str = "image: 000000000000.dkr.ecr.eu-central-1.amazonaws.com/desk/bot:1.4.2";
const VPC: &str = "shared: { vpc: true }\n";

#[test]
fn a_runtime_of_agentcore_runs_code_of_the_bundle_and_its_endpoint_stays_on_one_version() {
    let core = sound(&with(CODE, ""));
    let runtime = at(&core, "bot/Runtime");
    let code = &runtime.properties.get("AgentRuntimeArtifact").unwrap()["CodeConfiguration"];
    assert_eq!(code["Runtime"], "PYTHON_3_12");
    assert_eq!(code["EntryPoint"], json!(["main.py"]));
    assert_eq!(code["Code"]["S3"]["Bucket"], "strands-deployments");
    assert!(code["Code"]["S3"]["Prefix"].as_str().unwrap().starts_with("artifacts/"));
    assert_eq!(runtime.properties.text("AgentRuntimeName"), Some("desk_dev_bot"));
    assert_eq!(runtime.properties.get("NetworkConfiguration"), Some(&json!({ "NetworkMode": "PUBLIC" })));
    let endpoint = at(&core, "bot/Endpoint");
    let version = json!({ "Fn::GetAtt": ["bot/Runtime", "AgentRuntimeVersion"] });
    assert_eq!(endpoint.properties.get("AgentRuntimeVersion"), Some(&version));
    assert_eq!(endpoint.properties.text("Name"), Some("live"));
    assert_eq!(core.desired.outputs["BotRuntimeArn"], json!({ "Fn::GetAtt": ["bot/Runtime", "AgentRuntimeArn"] }));

    let config = super::valid(&with(CODE, ""));
    let sources = config.agents_with_paths("dev").unwrap();
    assert_eq!(sources[0].handler_files(), ["main.py"]);
}

#[test]
fn a_name_that_is_too_long_for_agentcore_is_cut_and_still_its_own() {
    let name = |last: char| {
        let agent = format!("a{}{last}", "-very-long".repeat(3));
        let text = with(CODE, "")
            .replace("name: bot", &format!("name: {agent}"))
            .replace("name: desk", "name: a-project-of-some-length");
        let core = sound(&text);
        at(&core, &format!("{agent}/Runtime")).properties.text("AgentRuntimeName").unwrap().to_owned()
    };
    assert!(name('a').len() <= 48);
    assert_ne!(name('a'), name('b'));
}

#[test]
fn the_role_of_a_runtime_is_taken_on_by_agentcore_for_this_account_alone() {
    let core = sound(&with(&format!("{CODE}, permissions: [{{ model: 'anthropic.claude-*' }}]"), ""));
    let role = role_of(&core, at(&core, "bot/Runtime").properties.get("RoleArn").unwrap());
    let trust = &role.properties.get("AssumeRolePolicyDocument").unwrap()["Statement"][0];
    assert_eq!(trust["Principal"]["Service"], "bedrock-agentcore.amazonaws.com");
    assert_eq!(trust["Condition"]["StringEquals"]["aws:SourceAccount"], "000000000000");
    let text = role.properties.get("Policies").unwrap().to_string();
    assert!(text.contains("arn:aws:bedrock:eu-central-1::foundation-model/anthropic.claude-*"));
    assert!(text.contains("log-group:/aws/bedrock-agentcore/runtimes/desk_dev_*"));
    assert!(!text.contains("ecr:"));
}

#[test]
fn a_runtime_from_an_image_may_fetch_that_image_and_no_other() {
    let core = sound(&with(&format!("kind: agentcore, {IMAGE}"), ""));
    let role = role_of(&core, at(&core, "bot/Runtime").properties.get("RoleArn").unwrap());
    let text = role.properties.get("Policies").unwrap().to_string();
    assert!(text.contains("arn:aws:ecr:eu-central-1:000000000000:repository/desk/bot\""), "{text}");
    let artifact = at(&core, "bot/Runtime").properties.get("AgentRuntimeArtifact").unwrap();
    assert!(artifact["ContainerConfiguration"]["ContainerUri"].as_str().unwrap().ends_with("/desk/bot:1.4.2"));
    assert!(super::valid(&with(&format!("kind: agentcore, {IMAGE}"), "")).agents_with_paths("dev").unwrap().is_empty());
}

#[test]
fn a_container_runs_in_private_subnets_and_nobody_reaches_it_who_was_not_let_in() {
    let service = sound(&with(&format!("kind: container, {IMAGE}, count: 2, environment: {{ MODE: quiet }}"), VPC));
    let made = at(&service, "bot/Service");
    let network = &made.properties.get("NetworkConfiguration").unwrap()["AwsvpcConfiguration"];
    assert_eq!(network["AssignPublicIp"], "DISABLED");
    assert_eq!(network["Subnets"], json!([{ "Ref": "shared/PrivateSubnet1" }, { "Ref": "shared/PrivateSubnet2" }]));
    assert_eq!(made.properties.number("DesiredCount"), Some(2));
    let rollback = &made.properties.get("DeploymentConfiguration").unwrap()["DeploymentCircuitBreaker"];
    assert_eq!(*rollback, json!({ "Enable": true, "Rollback": true }));
    let group = network["SecurityGroups"][0]["Fn::GetAtt"][0].as_str().unwrap();
    assert!(at(&service, group).properties.get("SecurityGroupIngress").is_none());
    let task = at(&service, "bot/Task");
    assert_eq!((task.properties.text("Cpu"), task.properties.text("Memory")), (Some("256"), Some("512")));
    let container = &task.properties.get("ContainerDefinitions").unwrap()[0];
    assert_eq!(container["Environment"], json!([{ "Name": "MODE", "Value": "quiet" }]));
    assert_eq!(container["LogConfiguration"]["Options"]["awslogs-group"], json!({ "Ref": "bot/LogGroup" }));
    // What fetches the image is not what the program may do.
    assert_ne!(task.properties.get("ExecutionRoleArn"), task.properties.get("TaskRoleArn"));
    assert!(service.notes.is_empty());
}

#[test]
fn a_public_container_stands_behind_a_load_balancer_that_alone_reaches_it() {
    let certificate = "arn:aws:acm:eu-central-1:000000000000:certificate/0a1b2c3d";
    let public = format!(
        "kind: container, {IMAGE}, public: {{ port: 3000, health_path: /health, certificate: '{certificate}' }}"
    );
    let service = sound(&with(&public, VPC));
    let rule = at(&service, "bot/FromLoadBalancer");
    assert_eq!(rule.properties.number("FromPort"), Some(3000));
    let balancer = json!({ "Fn::GetAtt": ["bot/LoadBalancerSecurityGroup", "GroupId"] });
    assert_eq!(rule.properties.get("SourceSecurityGroupId"), Some(&balancer));
    assert!(at(&service, "bot/SecurityGroup").properties.get("SecurityGroupIngress").is_none());
    let listener = at(&service, "bot/Listener");
    assert_eq!((listener.properties.text("Protocol"), listener.properties.number("Port")), (Some("HTTPS"), Some(443)));
    assert_eq!(listener.properties.text("SslPolicy"), Some("ELBSecurityPolicy-TLS13-1-2-2021-06"));
    let redirect = &at(&service, "bot/RedirectListener").properties.get("DefaultActions").unwrap()[0];
    assert_eq!(redirect["RedirectConfig"]["Protocol"], "HTTPS");
    let target = at(&service, "bot/TargetGroup");
    assert_eq!(target.properties.text("HealthCheckPath"), Some("/health"));
    assert!(at(&service, "bot/Service").depends_on.contains(&"bot/Listener".parse().unwrap()));
    assert_eq!(service.desired.outputs["BotUrl"]["Fn::Join"][1][0], "https://");
    assert!(service.notes.is_empty());
}

#[test]
fn a_public_container_without_a_certificate_is_noted_and_made() {
    let service = sound(&with(&format!("kind: container, {IMAGE}, public: true"), VPC));
    let [note] = service.notes.as_slice() else { panic!("{:?}", service.notes) };
    assert_eq!(note.code, config::Code::PlainHttp);
    assert_eq!(note.message, "what is sent to agent `bot` and what it answers is not encrypted on its way");
    assert_eq!(service.desired.outputs["BotUrl"]["Fn::Join"][1][0], "http://");
}

#[test]
fn agents_of_different_kinds_never_share_a_role() {
    let permissions = "permissions: [{ model: 'anthropic.claude-*' }]";
    let function = format!("  - {{ name: f, path: f, runtime: python3.12, handler: h.h, {permissions} }}\n");
    let core = format!("  - {{ name: core, {CODE}, {permissions} }}\n");
    let all = sound(&with(&format!("kind: container, {IMAGE}, {permissions}"), &format!("{function}{core}{VPC}")));
    let roles = all.desired.resources.iter().filter(|(address, _)| address.logical_id.starts_with("Role"));
    let mut services: Vec<String> = roles
        .map(|(_, role)| {
            role.properties.get("AssumeRolePolicyDocument").unwrap()["Statement"][0]["Principal"]["Service"].clone()
        })
        .map(|service| service.as_str().unwrap().to_owned())
        .collect();
    services.sort();
    assert_eq!(services, ["bedrock-agentcore.amazonaws.com", "ecs-tasks.amazonaws.com", "lambda.amazonaws.com"]);
}

#[test]
fn services_share_a_cluster() {
    let other = format!("  - {{ name: other, kind: container, {IMAGE} }}\n{VPC}");
    let both = sound(&with(&format!("kind: container, {IMAGE}"), &other));
    let clusters = both.desired.resources.values().filter(|resource| resource.kind.as_str() == "AWS::ECS::Cluster");
    assert_eq!(clusters.count(), 1);
}

#[test]
fn a_service_is_watched_for_what_it_uses_and_whether_its_containers_are_well() {
    let shared = "shared: { vpc: true, monitoring: { alarms: { cpu_percent: 80, memory_percent: 80, unhealthy_containers: 1 } } }\n";
    let dimensions = |public: &str| {
        let service = sound(&with(&format!("kind: container, {IMAGE}, public: {public}"), shared));
        let alarms =
            service.desired.resources.iter().filter(|(_, made)| made.kind.as_str() == "AWS::CloudWatch::Alarm");
        let read = |made: &DesiredResource| {
            let names = made.properties.get("Dimensions").unwrap().as_array().unwrap().clone();
            names.iter().map(|dimension| dimension["Name"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
        };
        alarms.map(|(address, made)| format!("{address}: {}", read(made))).collect::<Vec<_>>()
    };
    let own = ["bot/CpuAlarm: ClusterName ServiceName", "bot/MemoryAlarm: ClusterName ServiceName"];
    assert_eq!(dimensions("false"), own);
    assert_eq!(dimensions("true"), [own[0], own[1], "bot/UnhealthyAlarm: LoadBalancer TargetGroup"]);
}

#[test]
fn keys_that_do_not_fit_a_kind_are_told() {
    let cases = [
        (
            with("kind: lamda, path: a, runtime: python3.12, handler: h.h", ""),
            "4:24 wrong-choice | `kind` cannot be `lamda` | did you mean `lambda`?",
        ),
        (
            with(&format!("{CODE}, memory: 512"), ""),
            "4:92 unknown-key | an agent of kind `agentcore` has no key `memory` | it may have `name`, `kind`, `image`, `path`, `artifact`, `runtime`, `handler`, `protocol`, `endpoint`, `authorizer`, `idle_timeout`, `lifetime`, `vpc`, `tags`, `permissions`, `managed_policies`, `environment` and `ignore_changes`",
        ),
        (
            with(&format!("kind: container, {IMAGE}, route: GET /x"), VPC),
            "4:106 unknown-key | an agent of kind `container` has no key `route` | it may have `name`, `kind`, `image`, `architecture`, `cpu`, `memory`, `count`, `command`, `public`, `vpc`, `tags`, `permissions`, `managed_policies`, `environment` and `ignore_changes`",
        ),
        (
            with(&format!("kind: container, {IMAGE}"), ""),
            "4:18 vpc-missing | a container runs in a network, and there is none | add `vpc: { nat: one }` under `shared`",
        ),
        (
            with("kind: container, image: 'desk/bot:latest'", VPC),
            "4:42 wrong-image | `desk/bot:latest` does not name one image | name a tag that stays what it is, or a digest (`name@sha256:…`): of `latest` nobody knows what runs, and nothing changes when it does",
        ),
        (
            with("kind: agentcore, image: 'docker.io/desk/bot:1.4.2'", ""),
            "4:42 wrong-image | AgentCore does not fetch `docker.io/desk/bot:1.4.2`: it is not in ECR | push it to a repository of your own: `123456789012.dkr.ecr.region.amazonaws.com/name:tag`",
        ),
        (
            with(&format!("kind: container, {IMAGE}, vpc: false"), VPC),
            "4:111 wrong-choice | a container cannot do without a network | remove `vpc`, or name the `ports` that it may connect to",
        ),
        (
            with("kind: container, image: 'desk bot:1'", VPC),
            "4:42 wrong-image | `desk bot:1` does not name one image | an image is written `registry/name:tag` or `registry/name@sha256:…`",
        ),
        (
            with(&format!("kind: container, {IMAGE}, cpu: 256, memory: 1000"), VPC),
            "4:124 out-of-range | a container of 256 CPU units cannot have 1000 MB | it may have from 512 to 2048 MB, in steps of 512",
        ),
        (
            with(&format!("kind: container, {IMAGE}, cpu: 256, memory: 4096"), VPC),
            "4:124 out-of-range | a container of 256 CPU units cannot have 4096 MB | it may have from 512 to 2048 MB, in steps of 512",
        ),
        (
            with(&format!("kind: agentcore, {IMAGE}, handler: main.py"), ""),
            "4:106 wrong-choice | an agent with an `image` has no `handler` | the image holds its program: keep one of the two",
        ),
        (
            with("kind: agentcore, path: a, runtime: ruby3.4, handler: main.rb", ""),
            "4:53 unknown-runtime | AgentCore has no runtime `ruby3.4` for code | it has `python3.11`, `python3.12`, `python3.13`, `python3.14` and `nodejs22.x`; or give it an `image`",
        ),
        (
            with("kind: agentcore, path: a, runtime: python3.12, handler: handler.handle", ""),
            "4:74 wrong-handler | `handler.handle` is not a program of `python3.12` | of AgentCore, the handler is the file that is run, e.g. `main.py`",
        ),
        (
            with(&format!("{CODE}, endpoint: DEFAULT"), ""),
            "4:102 wrong-name | `DEFAULT` cannot name an endpoint | letters, digits and `_`, beginning with a letter, and not `DEFAULT`; e.g. `live`",
        ),
        (
            with(&format!("{CODE}, idle_timeout: 900, lifetime: 600"), ""),
            "4:92 out-of-range | `idle_timeout` (900) is longer than `lifetime` (600) | a session that is over cannot be idle: write a shorter time",
        ),
        (
            with(
                &format!(
                    "{CODE}, authorizer: {{ discovery_url: 'https://id.example.com/.well-known/openid-configuration' }}"
                ),
                "",
            ),
            "4:104 missing-key | `authorizer` lets every token of the issuer in | name the `audiences` or the `clients` that tokens may be of",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(found(&text), [expected], "{text}");
    }
}
