//! Stacks within stacks: which templates they are, what they are called, what is wrong with where they come from.

use serde_json::json;

use super::project::{Project, project, properties};

const SITE: &str = "stacks: [{ name: site, template: stacks/site.yaml, tags: { team: desk } }]\n";
const TOPIC: &str = "Resources:\n  Topic: { Type: AWS::SNS::Topic }\nOutputs: { Arn: { Value: !Ref Topic } }\n";

/// A template with a queue and a stack within it.
fn outer(url: &str) -> String {
    format!(
        "Resources:
  Work: {{ Type: AWS::SQS::Queue, Properties: {{ KmsMasterKeyId: !GetAtt Inner.Outputs.Arn }} }}
  Inner: {{ Type: AWS::CloudFormation::Stack, Properties: {{ TemplateURL: {url} }} }}
"
    )
}

/// The project of a template that names another one.
fn site(url: &str) -> Project {
    project(SITE).with("stacks/site.yaml", outer(url))
}

fn addresses(project: &Project) -> Vec<String> {
    project.expanded().desired.resources.keys().map(ToString::to_string).collect()
}

#[test]
fn a_template_that_is_named_by_its_path_from_another_one_is_a_stack_named_after_where_it_stands() {
    for (url, path) in [
        ("./inner.yaml", "stacks/inner.yaml"),
        ("inner.yaml", "stacks/inner.yaml"),
        ("deep/inner.yaml", "stacks/deep/inner.yaml"),
        ("../inner.yaml", "inner.yaml"),
    ] {
        let project = site(url).with(path, TOPIC);
        assert_eq!(addresses(&project), ["site/Work", "site-Inner/Topic"], "{url}");
        let expanded = project.expanded();
        assert_eq!(properties(&expanded, "site/Work")["KmsMasterKeyId"], json!({ "Ref": "site-Inner/Topic" }));
        assert!(expanded.desired.outputs.is_empty(), "what is nested gives its outputs to the outer stack alone");
        let place = expanded.places[&"site-Inner/Topic".parse().unwrap()];
        assert_eq!(expanded.files.slice(place), "Topic");
    }
}

#[test]
fn the_texts_of_nested_stacks_are_asked_for_as_far_as_they_are_known() {
    let project = site("inner.yaml");
    let nested = project.config().nested("dev", &project.sources);
    assert_eq!(nested.keys().collect::<Vec<_>>(), ["stacks/inner.yaml"]);
    let project = project.with("stacks/inner.yaml", outer("more/deep.yaml"));
    let nested = project.config().nested("dev", &project.sources);
    assert_eq!(nested.keys().collect::<Vec<_>>(), ["stacks/more/deep.yaml"]);
    let project = project.with("stacks/more/deep.yaml", TOPIC);
    assert!(project.config().nested("dev", &project.sources).is_empty());
    assert!(project.config().nested("prod", &project.sources).is_empty());
}

#[test]
fn what_is_nested_has_the_tags_of_what_it_is_in_and_its_own() {
    let project = project(SITE)
        .with(
            "stacks/site.yaml",
            "Resources:
  Inner: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: inner.yaml, Tags: [{ Key: part, Value: inner }] } }
",
        )
        .with(
            "stacks/inner.yaml",
            "Resources:
  Deep: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: deep.yaml, Tags: [{ Key: team, Value: deep }] } }
",
        )
        .with("stacks/deep.yaml", TOPIC);
    let expanded = project.expanded();
    let tags = &properties(&expanded, "site-Inner-Deep/Topic")["Tags"];
    for (name, value) in [("part", "inner"), ("team", "deep"), ("strands:project", "desk")] {
        assert!(tags.as_array().unwrap().contains(&json!({ "Key": name, "Value": value })), "{name}: {tags}");
    }
}

#[test]
fn a_tag_of_a_nested_stack_is_held_against_what_tags_may_be() {
    let project = project(SITE)
        .with(
            "stacks/site.yaml",
            "Resources:
  Inner: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: inner.yaml, Tags: [{ Key: 'strands:agent', Value: a }] } }
",
        )
        .with("stacks/inner.yaml", TOPIC);
    assert_eq!(
        project.problems(),
        [
            "stacks/site.yaml:2:99 template::wrong-tag | a tag cannot be named `strands:agent` | `strands:` is Strandline's own: choose another prefix"
        ]
    );
}

#[test]
fn where_a_template_cannot_come_from_is_told() {
    const ELSEWHERE: &str = "template::unsupported | the template of this nested stack is elsewhere, and nothing is fetched for a deployment | bring it along, and name it by its path from this template, e.g. `TemplateURL: ./child.yaml`";
    const WRITTEN: &str = "template::unsupported | the path of a nested stack's template must be written out: it is looked for before anything is evaluated | write plain text, e.g. `TemplateURL: ./child.yaml`";
    const PATH: &str =
        "a path starts at the folder that this template is in, has `/` between its parts, and cannot leave the bundle";
    let wrong = |path: &str| format!("template::wrong-path | `{path}` cannot be the path of a template | {PATH}");
    for (url, expected) in [
        ("https://a.s3.amazonaws.com/inner.yaml", ELSEWHERE.to_owned()),
        ("s3://a/inner.yaml", ELSEWHERE.to_owned()),
        ("!Sub 'https://a.${AWS::URLSuffix}/inner.yaml'", ELSEWHERE.to_owned()),
        ("!Join ['', ['https://a.', !Ref AWS::URLSuffix, /inner.yaml]]", ELSEWHERE.to_owned()),
        ("!Sub '${AWS::Region}/inner.yaml'", WRITTEN.to_owned()),
        ("!Sub ./inner.yaml", WRITTEN.to_owned()),
        ("!Ref Where", WRITTEN.to_owned()),
        ("[inner.yaml]", ELSEWHERE.to_owned()),
        ("../../inner.yaml", wrong("../../inner.yaml")),
        ("/etc/inner.yaml", wrong("/etc/inner.yaml")),
        ("'a\\b.yaml'", wrong("a\\\\b.yaml")),
        ("..", wrong("..")),
    ] {
        // A function is where its first argument is.
        let column = 73 + if url.starts_with('!') { url.find(' ').map_or(0, |at| at + 1) } else { 0 };
        assert_eq!(site(url).problems(), [format!("stacks/site.yaml:3:{column} {expected}")], "{url}");
    }
    let without =
        project(SITE).with("stacks/site.yaml", "Resources: { Inner: { Type: AWS::CloudFormation::Stack } }\n");
    assert_eq!(
        without.problems(),
        [
            "stacks/site.yaml:1:14 template::missing-key | a nested stack needs the key `TemplateURL` in its `Properties` | add `TemplateURL: …`, the path of its template from this one"
        ]
    );
    assert_eq!(
        site("inner.yaml").with("stacks/innr.yaml", TOPIC).problems(),
        [
            "stacks/site.yaml:3:73 template::file-missing | the file `stacks/inner.yaml` is not in the bundle | did you mean `stacks/innr.yaml`?"
        ]
    );
}

#[test]
fn what_is_wrong_in_a_nested_template_is_told_there_and_once_for_each_place() {
    let project = site("inner.yaml").with("stacks/inner.yaml", TOPIC.replace("SNS::Topic", "SNS::Topc"));
    assert_eq!(
        project.problems(),
        [
            "stacks/inner.yaml:2:18 template::unknown-type | there is no type `AWS::SNS::Topc` | did you mean `AWS::SNS::Topic`?"
        ]
    );
}

#[test]
fn a_template_within_itself_is_told() {
    let itself = site("site.yaml");
    assert_eq!(
        itself.problems(),
        [
            "stacks/site.yaml:3:73 template::cycle | this template is nested within itself: `stacks/site.yaml` → `stacks/site.yaml` | name another template"
        ]
    );
    let inner = format!("{}Outputs: {{ Arn: {{ Value: a }} }}\n", outer("./x/../site.yaml"));
    let project = site("inner.yaml").with("stacks/inner.yaml", inner);
    assert_eq!(
        project.problems(),
        [
            "stacks/inner.yaml:3:73 template::cycle | this template is nested within itself: `stacks/site.yaml` → `stacks/inner.yaml` → `stacks/site.yaml` | name another template"
        ]
    );
}

#[test]
fn stacks_are_nested_five_deep_and_no_deeper() {
    let nested = |depth: usize| {
        let inner = |at: usize| match at == depth {
            true => TOPIC.to_owned(),
            false => format!(
                "{}Outputs: {{ Arn: {{ Value: !GetAtt Inner.Outputs.Arn }} }}\n",
                outer(&format!("{}.yaml", at + 1))
            ),
        };
        let start = site("1.yaml");
        (1..=depth).fold(start, |project, at| project.with(&format!("stacks/{at}.yaml"), inner(at)))
    };
    assert_eq!(addresses(&nested(5)).len(), 6);
    assert_eq!(
        nested(6).problems(),
        [
            "stacks/5.yaml:3:3 template::too-deep | stacks are nested more than 5 deep | make some of them stacks of their own under `stacks:`"
        ]
    );
}

#[test]
fn templates_that_multiply_are_told_soon() {
    let many = |next: &str| {
        let one = |at: usize| {
            format!("  Inner{at}: {{ Type: AWS::CloudFormation::Stack, Properties: {{ TemplateURL: {next}.yaml }} }}\n")
        };
        format!("Resources:\n{}", (0..100).map(one).collect::<String>())
    };
    let project = ["a", "b", "c", "d"]
        .iter()
        .zip(["b", "c", "d", "e"])
        .fold(project(SITE), |project, (name, next)| project.with(&format!("stacks/{name}.yaml"), many(next)));
    let project = project.with("stacks/site.yaml", many("a")).with("stacks/e.yaml", TOPIC);
    let problems = project.problems();
    assert!(
        problems.iter().any(|told| told.contains("too-many | there are more than 200 nested stacks")),
        "{problems:?}"
    );
}

#[test]
fn names_that_a_nested_stack_cannot_have_are_told() {
    let taken = project("stacks: [{ name: site, template: site.yaml }, { name: site-inner, template: inner.yaml }]\n")
        .with("site.yaml", outer("inner.yaml").replace("Inner", "inner"))
        .with("inner.yaml", TOPIC);
    assert_eq!(
        taken.problems(),
        [
            "site.yaml:3:3 template::duplicate-name | this nested stack would be called `site-inner`, and another one is already | give it another logical id"
        ]
    );
}

#[test]
fn resources_of_the_config_hold_no_nested_stack() {
    let project = project(
        "resources: { Inner: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: inner.yaml } } }\n",
    )
    .with("inner.yaml", TOPIC);
    assert_eq!(
        project.problems(),
        [
            "strands.yaml:3:29 config::unsupported | a nested stack cannot be made here | write it out among the `Resources` of a template of its own: `Fn::ForEach` and the config make none"
        ]
    );
}

#[test]
fn parameters_of_the_config_are_for_the_outer_stack() {
    let text = "stacks: [{ name: site, template: site.yaml, parameters: { Word: hello } }]\n";
    let within = "Parameters: { Word: { Type: String } }\nResources:\n  Note: { Type: AWS::SSM::Parameter, Properties: { Type: String, Value: !Ref Word } }\n";
    let project = project(text).with("inner.yaml", within).with(
        "site.yaml",
        "Parameters: { Word: { Type: String } }
Resources:
  Inner: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: inner.yaml, Parameters: { Word: !Sub '${Word}!' } } }
",
    );
    assert_eq!(properties(&project.expanded(), "site-Inner/Note")["Value"], "hello!");
}

#[test]
fn changes_of_what_is_nested_are_ignored_by_its_logical_id() {
    let text = SITE.replace(" }]", ", ignore_changes: { Topic: [DisplayName] } }]");
    let expanded =
        project(&text).with("stacks/site.yaml", outer("inner.yaml")).with("stacks/inner.yaml", TOPIC).expanded();
    let topic = &expanded.desired.resources[&"site-Inner/Topic".parse().unwrap()];
    assert_eq!(topic.ignore_changes.iter().map(|path| path.0.as_str()).collect::<Vec<_>>(), ["DisplayName"]);
}

/// What CDK writes of two stacks, the second after the first, which has another one within it; `url` is where that is published.
fn assembly(url: &str) -> Project {
    let stack = |name: &str, after: &[&str]| {
        json!({
            "type": "aws:cloudformation:stack",
            "environment": "aws://unknown-account/unknown-region",
            "properties": { "templateFile": format!("{name}.template.json") },
            "dependencies": after,
        })
    };
    let assets = json!({ "type": "cdk:asset-manifest", "properties": { "file": "Data.assets.json" } });
    let manifest = json!({
        "version": "48.0.0",
        "artifacts": {
            "Data.assets": assets,
            "Data": stack("Data", &["Data.assets"]),
            "Site": stack("Site", &["Data"]),
        },
    });
    let file = |path: &str, key: &str| {
        let destination = json!({ "bucketName": "cdk-assets-${AWS::AccountId}", "objectKey": key });
        json!({ "source": { "path": path, "packaging": "file" }, "destinations": { "here": destination } })
    };
    let files = json!({
        "version": "48.0.0",
        "files": {
            "one": file("Data.template.json", "data.json"),
            "two": file("DataInner.nested.template.json", "some/inner.json"),
            "three": file("asset.own.yaml", "own.yaml"),
        },
    });
    let data = format!(
        r#"{{ "Resources": {{ "InnerNestedStackInnerNestedStackResource0123ABCD": {{ "Type": "AWS::CloudFormation::Stack", "Properties": {{ "TemplateURL": {url} }} }} }} }}"#
    );
    project("stacks: [{ name: app, assembly: cdk.out }]\n")
        .with("cdk.out/manifest.json", manifest.to_string())
        .with("cdk.out/Data.assets.json", files.to_string())
        .with("cdk.out/Data.template.json", data)
        .with("cdk.out/DataInner.nested.template.json", TOPIC)
        .with("cdk.out/Site.template.json", "Resources:\n  Work: { Type: AWS::SQS::Queue }\n")
}

#[test]
fn an_asset_of_the_assembly_is_found_by_where_it_is_published() {
    for url in [
        r#"{ "Fn::Join": ["", ["https://s3.", { "Ref": "AWS::Region" }, "/cdk-assets/some/inner.json"]] }"#,
        r#"{ "Fn::Sub": "https://s3.${AWS::Region}.${AWS::URLSuffix}/cdk-assets-${AWS::AccountId}/some/inner.json" }"#,
        r#""https://s3.eu-central-1.amazonaws.com/cdk-assets-123456789012/some/inner.json""#,
    ] {
        let project = assembly(url);
        assert_eq!(addresses(&project), ["Data-Inner/Topic", "Site/Work"], "{url}");
        let assets = project.config().assets("dev", &project.sources).unwrap();
        let kept: Vec<&str> = assets.iter().map(|asset| asset.path.as_str()).collect();
        assert_eq!(kept, ["cdk.out/asset.own.yaml"], "what CDK wrote as the template of a nested stack is not kept");
    }
}

#[test]
fn a_template_that_is_an_asset_like_others_is_asked_for() {
    let project = assembly(r#"{ "Fn::Sub": "https://s3.${AWS::Region}.amazonaws.com/cdk-assets/own.yaml" }"#);
    let nested = project.config().nested("dev", &project.sources);
    assert_eq!(nested.keys().collect::<Vec<_>>(), ["cdk.out/asset.own.yaml"]);
    assert_eq!(addresses(&project.with("cdk.out/asset.own.yaml", TOPIC)), ["Data-Inner/Topic", "Site/Work"]);
}

#[test]
fn what_is_published_by_nobody_is_no_template() {
    for url in [
        r#""https://s3.amazonaws.com/others/inner.json""#,
        r#""./DataInner.nested.template.json""#,
        r#"{ "Ref": "AWS::Region" }"#,
        r#"{ "Fn::Join": ["-", ["https:/", "/some/inner.json"]] }"#,
    ] {
        assert_eq!(
            assembly(url).problems(),
            [
                "cdk.out/Data.template.json:1:141 template::unsupported | the template of this nested stack is no asset of the assembly | make the stack with `NestedStack` of aws-cdk-lib, and run `cdk synth` anew"
            ],
            "{url}"
        );
    }
}

#[test]
fn a_stack_that_comes_after_another_one_comes_after_all_that_is_nested_in_it() {
    let expanded = assembly(r#""/some/inner.json""#).expanded();
    let work = &expanded.desired.resources[&"Site/Work".parse().unwrap()];
    assert_eq!(work.depends_on.iter().map(ToString::to_string).collect::<Vec<_>>(), ["Data-Inner/Topic"]);
}

#[test]
fn agents_use_what_is_nested_by_its_address() {
    let agent = "agents: [{ name: bot, path: agents/bot, runtime: python3.12, handler: h.h, environment: { TOPIC: !Ref site-Inner/Topic }, permissions: [{ resource: site-Inner/Topic, access: write }] }]\n";
    let project = project(&format!("{SITE}{agent}"))
        .with("stacks/site.yaml", outer("inner.yaml"))
        .with("stacks/inner.yaml", TOPIC);
    let expanded = project.expanded();
    let variables = &properties(&expanded, "bot/Function")["Environment"]["Variables"];
    assert_eq!(variables["TOPIC"], json!({ "Ref": "site-Inner/Topic" }));
    let policies = expanded.desired.resources.values().map(|one| one.properties.to_value().to_string());
    assert!(policies.into_iter().any(|one| one.contains("sns:Publish") && one.contains("site-Inner/Topic")));
}
