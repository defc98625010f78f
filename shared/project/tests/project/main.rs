//! Projects as they are handed in: which files are read, what is told where, all at once.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on ends here"
)]

mod hostile;
mod nested;

use std::collections::BTreeMap;

use bundle::{PackError, Packed, ReadError, Source};
use model::{Environment, EnvironmentId, Snapshot};
use project::{Bare, Contents, Examined, Location, Rejected};

const HEAD: &str =
    "project: { name: shop, region: eu-central-1 }\nenvironments: { dev: { account: '123456789012' } }\n";
const TEMPLATE: &str = "Resources:\n  Tasks:\n    Type: AWS::SQS::Queue\n";

/// Files in memory.
#[derive(Debug, Clone, Default)]
struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    fn with(mut self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.0.insert(path.to_owned(), content.into());
        self
    }
}

impl Contents for Files {
    fn paths(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    fn size(&self, path: &str) -> Option<u64> {
        self.0.get(path).map(|content| content.len() as u64)
    }

    fn read(&mut self, path: &str) -> Result<Vec<u8>, ReadError> {
        self.0.get(path).cloned().ok_or_else(|| ReadError::NotFound(path.to_owned()))
    }

    fn pack(&mut self, folder: &str, to: &mut Vec<u8>) -> Result<Packed, PackError> {
        let beneath = self.0.iter().filter_map(|(path, content)| {
            let path = path.strip_prefix(folder)?.strip_prefix('/')?.to_owned();
            Some(Source { path, executable: false, content: content.as_slice() })
        });
        bundle::pack(beneath, to)
    }
}

fn project(stacks: &str) -> Files {
    Files::default().with("strands.yaml", format!("{HEAD}stacks:\n{stacks}"))
}

fn environment() -> Environment {
    Environment::new(EnvironmentId::new("shop", "dev").unwrap(), "123456789012", "eu-central-1")
}

fn examined(contents: &mut impl Contents) -> Result<Examined, Rejected> {
    project::open(contents)?.examine(contents, &environment())
}

/// What is told, a line each.
fn told(contents: &mut impl Contents) -> Vec<String> {
    let report = match examined(contents) {
        Ok(examined) => {
            let around = ("engine", &Snapshot::default());
            match examined.expand(&environment(), &BTreeMap::new(), around) {
                Ok(_) => return Vec::new(),
                Err(report) => report.refusals(),
            }
        }
        Err(rejected) => rejected.refusals(),
    };
    let line = |one: model::Refusal| {
        format!(
            "{} {} | {} | {}",
            one.place().unwrap_or_else(|| "-".to_owned()),
            one.code,
            one.message,
            one.help.unwrap_or_default()
        )
    };
    report.into_iter().map(line).collect()
}

#[test]
fn the_texts_that_a_config_names_are_read_and_no_others() {
    let mut files = project("  - { name: tasks, template: stacks/tasks.yaml }\n")
        .with("stacks/tasks.yaml", TEMPLATE)
        .with("stacks/other.yaml", "Resources: [")
        .with("README.md", "about");
    let examined = examined(&mut files).unwrap();
    assert_eq!(examined.sources, [("stacks/tasks.yaml".to_owned(), TEMPLATE.to_owned())].into());
    assert_eq!(told(&mut files), Vec::<String>::new());
}

#[test]
fn a_file_that_is_missing_is_told_where_it_is_named_with_everything_else() {
    let mut files =
        project("  - { name: tasks, template: stacks/tasks.yml }\n  - { name: more, template: more.yaml }\n")
            .with("stacks/tasks.yaml", TEMPLATE)
            .with("more.yaml", "Resources:\n  Tasks:\n    Type: AWS::SQS::Quue\n");
    let told = told(&mut files);
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told[0].starts_with("strands.yaml:4:30 config::file-missing | "), "{told:#?}");
    assert!(told[0].ends_with("| did you mean `stacks/tasks.yaml`?"), "{told:#?}");
    assert!(told[1].starts_with("more.yaml:3:11 template::unknown-type | "), "{told:#?}");
}

#[test]
fn what_is_wrong_with_templates_is_told_together_with_what_is_wrong_with_agents() {
    let config = format!(
        "{HEAD}agents:\n  - {{ name: desk, path: desk, runtime: python9, handler: handler.handle }}\n\
         stacks:\n  - {{ name: tasks, template: tasks.yaml, parameters: {{ Sise: 3 }} }}\n  - {{ name: gone, template: gone.yaml }}\n\
         resources:\n  Alerts: {{ Type: AWS::SNS::Topik }}\n  Rights:\n    Type: AWS::SNS::Topic\n    \
         Properties: {{ DisplayName: !Ref desk/Function, TopicName: !Ref DocumentsBucket }}\n"
    );
    let template = "Parameters:\n  Size: { Type: Number, MaxValue: 5, Default: 1 }\nResources:\n  Tasks:\n    Type: AWS::SQS::Queue\n    \
                    Properties: { DelaySecond: !Ref Size, QueueName: !Ref Nothing, KmsMasterKeyId: !Ref shared/Key }\n";
    let told = told(&mut Files::default().with("strands.yaml", config).with("tasks.yaml", template));
    let places: Vec<&str> = told.iter().filter_map(|line| line.split(" | ").next()).collect();
    let expected = [
        "strands.yaml:4:40 config::unknown-runtime",
        "strands.yaml:6:56 config::unknown-parameter",
        "strands.yaml:7:29 config::file-missing",
        "strands.yaml:9:19 config::unknown-type",
        "tasks.yaml:6:19 template::unknown-key",
        "tasks.yaml:6:59 template::unknown-resource",
    ];
    assert_eq!(
        places, expected,
        "{told:#?}\nWhat the agents and what they share would make is not known, and nothing is wrong with naming it"
    );
}

#[test]
fn code_that_is_named_and_not_stored_is_told_with_everything_else() {
    let digest = "0123".repeat(16);
    let config = format!(
        "{HEAD}agents:\n  - {{ name: bot, artifact: '{digest}', runtime: python3.12, handler: handler.handle }}\n\
         resources:\n  Alerts: {{ Type: AWS::SNS::Topik }}\n"
    );
    let mut project = examined(&mut Files::default().with("strands.yaml", config)).unwrap();
    let stored: Vec<String> = project.stored().map(|(agent, digest)| format!("{agent} {digest}")).collect();
    assert_eq!(stored, [format!("bot {digest}")]);
    let codes = |project: &Examined| {
        let report = project.expand(&environment(), &BTreeMap::new(), ("engine", &Snapshot::default())).unwrap_err();
        report.refusals().into_iter().map(|one| one.code).collect::<Vec<_>>()
    };
    assert_eq!(codes(&project), ["config::unknown-type"], "whether it is stored is for others to find out");
    project.lacks(&["bot".to_owned()].into(), &environment()).unwrap();
    assert_eq!(codes(&project), ["config::artifact-missing", "config::unknown-type"]);
}

#[test]
fn beside_a_broken_config_nothing_is_told_that_only_another_account_would_be_told() {
    let template = "Mappings: { Sizes: { '210987654321': { Small: 1 } } }\nResources:\n  Tasks:\n    Type: AWS::SQS::Queue\n    \
                    Properties: { DelaySeconds: !FindInMap [Sizes, !Ref AWS::AccountId, Small] }\n";
    let told = |environment: &str| {
        let config = format!(
            "project: {{ name: shop }}\nagents: 3\nstacks: [{{ name: tasks, template: tasks.yaml }}]\n\
             environments: {{ dev: {environment} }}\n"
        );
        let told = told(&mut Files::default().with("strands.yaml", config).with("tasks.yaml", template));
        told.iter().filter_map(|line| Some(line.split(" | ").next()?.to_owned())).collect::<Vec<_>>()
    };
    let agents = "strands.yaml:2:9 config::wrong-type";
    assert_eq!(told("{}"), [agents]);
    assert_eq!(told("{ account: '210987654321', region: eu-central-1 }"), [agents]);
    let of_another = told("{ account: '123456789012', region: eu-central-1 }");
    assert_eq!(of_another, [agents, "tasks.yaml:5:57 template::unknown-mapping"]);
}

#[test]
fn beside_a_broken_config_a_few_environments_are_looked_at_and_those_that_are_alike_once() {
    let told_of = |overridden: usize| {
        let own = |n: usize| {
            format!("  e{n}: {{ overrides: {{ resources: {{ Own{n}: {{ Type: 'AWS::SNS::Topik' }} }} }} }}\n")
        };
        let plain: String = (0..8).map(|n| format!("  a{n}: {{}}\n")).collect();
        let own: String = (0..overridden).map(own).collect();
        let config = format!(
            "project: {{ name: shop }}\nagents: 3\nresources: {{ Fine: {{ Type: 'AWS::SQS::Queue' }} }}\nenvironments:\n{plain}{own}"
        );
        let told = told(&mut Files::default().with("strands.yaml", config));
        told.iter().filter(|line| line.contains("config::unknown-type")).count()
    };
    assert_eq!([told_of(2), told_of(3), told_of(9)], [2, 3, 3], "eight are alike, and are the first");
}

#[test]
fn a_config_that_was_uploaded_alone_says_what_to_upload() {
    let bytes = format!("{HEAD}stacks:\n  - {{ name: tasks, template: stacks/tasks.yaml }}\n").into_bytes();
    let told = told(&mut Bare { name: "strands.yaml".to_owned(), bytes });
    let message = "`stacks/tasks.yaml` is not here: the config was uploaded alone";
    let help = "upload a `bundle.zip` with everything that the config names";
    assert_eq!(told, [format!("strands.yaml:4:30 config::file-missing | {message} | {help}")]);
}

#[test]
fn what_is_no_text_is_told_with_the_byte_where_it_ends_to_be_one() {
    let mut files =
        project("  - { name: tasks, template: tasks.yaml }\n").with("tasks.yaml", b"Resources: \xff\xfe".to_vec());
    let told = told(&mut files);
    let message = "`tasks.yaml` is not UTF-8 text (byte 11)";
    assert_eq!(told.first(), Some(&format!("strands.yaml:4:30 config::not-text | {message} | save it as UTF-8")));
}

#[test]
fn texts_are_bounded_one_by_one_and_together() {
    let large = format!("{TEMPLATE}{}", " ".repeat(1 << 20));
    let told_of_one = told(&mut project("  - { name: tasks, template: tasks.yaml }\n").with("tasks.yaml", large));
    assert!(
        told_of_one[0].starts_with("strands.yaml:4:30 config::too-large | `tasks.yaml` is 1048622 bytes long"),
        "{told_of_one:#?}"
    );

    let mut files = project("");
    let mut stacks = String::new();
    for number in 0..18 {
        stacks.push_str(&format!("  - {{ name: s{number}, template: {number:02}.yaml }}\n"));
        files = files.with(&format!("{number:02}.yaml"), format!("{TEMPLATE}{}", "#".repeat(1_000_000)));
    }
    let mut files = files.with("strands.yaml", format!("{HEAD}stacks:\n{stacks}"));
    let told = told(&mut files);
    let of_too_many: Vec<&String> = told.iter().filter(|one| one.contains("config::too-many")).collect();
    assert_eq!(of_too_many.len(), 1, "{told:#?}");
    assert!(of_too_many[0].starts_with("strands.yaml:20:28 "), "{of_too_many:#?}");
}

#[test]
fn of_an_assembly_the_insides_of_assets_are_not_read() {
    let mut files = project("  - { name: app, assembly: cdk.out }\n")
        .with("cdk.out/manifest.json", r#"{"version": "48.0.0", "artifacts": {"App": {"type": "aws:cloudformation:stack", "environment": "aws://unknown-account/unknown-region", "properties": {"templateFile": "App.template.json"}, "dependencies": ["App.assets"]}, "App.assets": {"type": "cdk:asset-manifest", "properties": {"file": "App.assets.json"}}}}"#)
        .with("cdk.out/App.template.json", r#"{"Resources": {"Tasks": {"Type": "AWS::SQS::Queue"}}}"#)
        .with("cdk.out/App.assets.json", r#"{"version": "48.0.0", "files": {"aa": {"source": {"path": "asset.aa", "packaging": "zip"}, "destinations": {"here": {"bucketName": "b", "objectKey": "aa.zip"}}}}}"#)
        .with("cdk.out/tree.json", "{}")
        .with("cdk.out/asset.aa/package.json", "{}")
        .with("cdk.out/asset.aa/index.js", "1");
    let examined = examined(&mut files).unwrap();
    let names: Vec<&str> = examined.sources.keys().map(String::as_str).collect();
    assert_eq!(names, ["cdk.out/App.assets.json", "cdk.out/App.template.json", "cdk.out/manifest.json"]);
    assert_eq!(told(&mut files), Vec::<String>::new());
    let code: Vec<(&str, &Location)> = examined.code.iter().map(|code| (code.key.as_str(), &code.at)).collect();
    assert_eq!(code, [("App/aa", &Location::Folder("cdk.out/asset.aa".to_owned()))]);
    let packed = examined.code[0].at.pack(&mut files).unwrap().unwrap();
    assert!(packed.bytes.starts_with(b"PK") && packed.artifact.size == packed.bytes.len() as u64);

    files.0.retain(|path, _| !path.starts_with("cdk.out/asset.aa/"));
    let told = told(&mut files);
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].contains("config::file-missing | `cdk.out/asset.aa`"), "{told:#?}");
}

#[test]
fn a_type_that_nothing_makes_is_told_at_its_line() {
    let text = "Resources:\n  Tasks:\n    Type: AWS::SQS::Queue\n  Group:\n    Type: AWS::EC2::SecurityGroup\n    Properties: { GroupDescription: g }\n";
    let told = told(&mut project("  - { name: tasks, template: tasks.yaml }\n").with("tasks.yaml", text));
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].starts_with("tasks.yaml:4:3 template::not-provided | "), "{told:#?}");
}

#[test]
fn agents_are_found_by_their_manifests_which_are_kept_with_the_other_texts() {
    let mut files = Files::default()
        .with("strands.yaml", format!("{HEAD}discover: agents/*\n"))
        .with("agents/order/agent.yaml", "runtime: python3.12\nhandler: handler.handle\n")
        .with("agents/order/handler.py", "def handle(event, context): ...\n")
        .with("agents/README.md", "about");
    let examined = examined(&mut files).unwrap();
    assert_eq!(examined.sources.keys().collect::<Vec<_>>(), ["agents/order/agent.yaml"]);
    assert_eq!(examined.code.iter().map(|code| code.key.as_str()).collect::<Vec<_>>(), ["order"]);
    assert_eq!(told(&mut files), Vec::<String>::new());
    let again = config::parse_with(&examined.name, &examined.text, &examined.sources);
    assert_eq!(again, Ok(examined.config), "what was kept is enough to read it again");
}

#[test]
fn a_config_that_is_uploaded_alone_finds_no_agents() {
    let mut bare = Bare { name: "strands.yaml".into(), bytes: format!("{HEAD}discover: agents/*\n").into() };
    let told = told(&mut bare);
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].starts_with("strands.yaml:3:11 config::file-missing | "), "{told:#?}");
    assert!(told[0].contains("uploaded alone"), "{told:#?}");
}

#[test]
fn a_manifest_that_is_no_text_is_told_by_its_name() {
    let mut files = Files::default()
        .with("strands.yaml", format!("{HEAD}discover: agents/*\n"))
        .with("agents/order/agent.yaml", vec![b'a', 0xff]);
    let told = told(&mut files);
    assert_eq!(told, ["- intake::not-text | `agents/order/agent.yaml` is not UTF-8 text (byte 1) | save it as UTF-8"]);
}
