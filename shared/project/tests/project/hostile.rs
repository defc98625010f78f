//! Projects that somebody made to hurt: small to upload, and large once they are read.

use std::time::{Duration, Instant};

use super::*;

/// What is told, which must not take long: far more time than it takes, and far less than without bounds.
fn told_in_time(mut files: Files) -> Vec<String> {
    let began = Instant::now();
    let told = told(&mut files);
    let took = began.elapsed();
    assert!(took < Duration::from_secs(180), "{took:?}");
    told
}

fn agents(count: usize, path: impl Fn(usize) -> String) -> String {
    let agent = |n| format!("- {{ name: a{n}, path: {}, runtime: python3.12, handler: main.run }}\n", path(n));
    (0..count).map(agent).collect()
}

/// Many folders.
fn folders() -> Files {
    Files((0..5_000).map(|n| (format!("f{n}/g/main.py"), b"x".to_vec())).collect())
}

#[test]
fn thousands_of_agents_are_refused_and_two_thousand_are_told_where_their_folders_are_not() {
    let config = |count| format!("{HEAD}agents:\n{}", agents(count, |n| format!("missing{n}")));
    let many = told_in_time(folders().with("strands.yaml", config(12_000)));
    let expected =
        "strands.yaml:4:3 config::too-many | there are 12000 agents, and at most 2000 are read | split the project";
    assert_eq!(many, [expected]);
    let missing = told_in_time(folders().with("strands.yaml", config(2_000)));
    assert_eq!(missing.len(), 201, "the first 200, and that there are more");
    assert!(missing[0].contains("the folder `missing0` of agent `a0` is not in the bundle"), "{}", missing[0]);
}

#[test]
fn environments_are_bounded_by_what_they_have_together() {
    let environments: String = (0..31).map(|n| format!("  e{n}: {{}}\n")).collect();
    let queues: String = (0..25_000).map(|n| format!("    q{n}: {{}}\n")).collect();
    let config = format!("{HEAD}{environments}shared:\n  queues:\n{queues}agents: []\n").replace(" } }\n", " }\n");
    let config = config.replace("environments: { dev: { account: '123456789012' }\n", "environments:\n  dev: {}\n");
    let told = told_in_time(Files::default().with("strands.yaml", config));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with("strands.yaml:3:3 config::too-many | 32 environments of this config have 80"),
        "{told:?}"
    );
}

/// An assembly of so many stacks that all have the same assets.
fn assembly(stacks: usize, assets: usize) -> Files {
    let destinations = r#""destinations":{"c":{"bucketName":"b","objectKey":"k"}}"#;
    let file = |n| format!(r#""a{n}":{{"source":{{"path":"asset.x","packaging":"zip"}},{destinations}}}"#);
    let files: Vec<String> = (0..assets).map(file).collect();
    let stack = |n| {
        let properties = r#""properties":{"templateFile":"t.json"},"dependencies":["A"]"#;
        format!("\n\"S{n}\":{{\"type\":\"aws:cloudformation:stack\",{properties}}},")
    };
    let stacks: String = (0..stacks).map(stack).collect();
    let own = r#""A":{"type":"cdk:asset-manifest","properties":{"file":"assets.json"}}"#;
    project("- { name: cdk, assembly: cdk.out }\n")
        .with("cdk.out/manifest.json", format!(r#"{{"version":"1","artifacts":{{{stacks}{own}}}}}"#))
        .with("cdk.out/assets.json", format!(r#"{{"version":"1","files":{{{}}}}}"#, files.join(",")))
        .with("cdk.out/t.json", r#"{"Resources":{"Tasks":{"Type":"AWS::SQS::Queue"}}}"#)
        .with("cdk.out/asset.x/main.py", "x")
}

#[test]
fn assets_are_bounded_in_all_stacks_that_have_them() {
    let told = told_in_time(assembly(490, 5));
    assert_eq!(told.len(), 90, "those of the first four hundred are taken");
    assert!(
        told[0].starts_with(
            "cdk.out/manifest.json:402:1 template::too-many | with this stack there are more than 2000 assets"
        ),
        "{}",
        told[0]
    );
    assert!(!told_in_time(assembly(100, 10_000)).is_empty());
}

#[test]
fn what_several_name_is_in_one_place() {
    let mut files = assembly(1, 200);
    let examined = examined(&mut files).unwrap();
    assert_eq!(examined.code.len(), 200);
    let places = examined.places();
    let named: Vec<_> = places.iter().map(|(place, named)| (place.to_string(), named.len())).collect();
    assert_eq!(named, [("cdk.out/asset.x".to_owned(), 200)]);
}

/// A project whose files are said to be larger than they are.
struct Large(Files);

impl Contents for Large {
    fn paths(&self) -> Vec<String> {
        self.0.paths()
    }
    fn size(&self, path: &str) -> Option<u64> {
        let size = self.0.size(path)?;
        Some(if path.ends_with(".bin") { 100 << 20 } else { size })
    }
    fn read(&mut self, path: &str) -> Result<Vec<u8>, ReadError> {
        self.0.read(path)
    }
    fn pack(&mut self, folder: &str, to: &mut Vec<u8>) -> Result<Packed, PackError> {
        self.0.pack(folder, to)
    }
}

#[test]
fn folders_within_folders_count_each_as_a_whole() {
    let deep = |depth: usize| vec!["d"; depth].join("/");
    let config = |depth: usize| format!("{HEAD}agents:\n{}", agents(depth, |n| deep(n + 1)));
    let project = |depth: usize| {
        let main = (1..=depth).fold(Files::default(), |files, n| files.with(&format!("{}/main.py", deep(n)), "x"));
        Large(main.with(&format!("{}/data.bin", deep(depth)), "x").with("strands.yaml", config(depth)))
    };
    assert_eq!(told(&mut project(10)), Vec::<String>::new());
    let expected = "strands.yaml:14:22 config::too-large | with the code of `a10` there is more than 1 GiB of code and assets | \
                    folders that contain others count as a whole: let each hold the code of one agent";
    assert_eq!(told(&mut project(11)), [expected]);
}

#[test]
fn one_large_template_may_be_many_stacks() {
    let stacks: String = (0..40).map(|n| format!("- {{ name: s{n}, template: t.yaml }}\n")).collect();
    let (items, uses) = ("x, ".repeat(400), "*a, ".repeat(450));
    let template = format!(
        "Resources:\n  P:\n    Type: AWS::SSM::Parameter\n    Properties:\n      Type: String\n      \
         Value: !Join ['', [&a !Join ['', [{items}]], {uses}]]\n"
    );
    assert_eq!(told_in_time(project(&stacks).with("t.yaml", template)), Vec::<String>::new());
}

#[test]
fn many_places_of_agents_are_held_against_many_files_in_time() {
    let patterns: String = (0..100).map(|n| format!("- '{}/{}{n}'\n", "*x".repeat(12), "*x".repeat(9))).collect();
    let long = "x".repeat(240);
    let files = (0..5_000).map(|n| (format!("{long}{n}/{long}{n}/agent.yaml"), b"name: a".to_vec())).collect();
    let told = told_in_time(Files(files).with("strands.yaml", format!("{HEAD}discover:\n{patterns}")));
    assert!(!told.is_empty());
}
