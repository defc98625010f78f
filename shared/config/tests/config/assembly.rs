//! Assemblies of CDK.

use serde_json::{Value, json};

use super::project::{Project, artifact, lines, project, properties};

/// What `cdk synth` writes of two stacks, of which the second takes a value from the first.
fn manifest() -> Value {
    let stack = |name: &str, dependencies: &[&str]| {
        json!({
            "type": "aws:cloudformation:stack",
            "environment": "aws://unknown-account/unknown-region",
            "properties": {
                "templateFile": format!("{name}.template.json"),
                "terminationProtection": false,
                "validateOnSynth": false,
                "requiresBootstrapStackVersion": 6,
                "stackTemplateAssetObjectUrl": "s3://cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}/x.json",
                "additionalDependencies": [format!("{name}.assets")],
                "stackName": format!("{name}-Dev"),
                "tags": { "stage": "cdk" },
            },
            "dependencies": dependencies,
            "displayName": name,
        })
    };
    let assets =
        |name: &str| json!({ "type": "cdk:asset-manifest", "properties": { "file": format!("{name}.assets.json") } });
    json!({
        "version": "44.0.0",
        "artifacts": {
            "SiteStack": stack("SiteStack", &["DataStack", "SiteStack.assets"]),
            "SiteStack.assets": assets("SiteStack"),
            "DataStack": stack("DataStack", &["DataStack.assets"]),
            "DataStack.assets": assets("DataStack"),
            "Tree": { "type": "cdk:tree", "properties": { "file": "tree.json" } },
        },
        "minimumCliVersion": "2.1005.0",
    })
}

fn assets(template: &str, files: Value) -> String {
    let bucket = "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}";
    let mut all = json!({
        "template": {
            "displayName": "Template",
            "source": { "path": template, "packaging": "file" },
            "destinations": { "current_account-current_region": { "bucketName": bucket, "objectKey": "template.json" } },
        },
    });
    for (id, source) in files.as_object().unwrap() {
        let destination = json!({ "bucketName": bucket, "objectKey": format!("{id}.zip"), "assumeRoleArn": "arn:x" });
        all[id] = json!({ "source": source, "destinations": { "current_account-current_region": destination } });
    }
    json!({ "version": "44.0.0", "files": all, "dockerImages": {} }).to_string()
}

const BOOTSTRAP: &str = r#""Parameters": { "BootstrapVersion": { "Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk-bootstrap/hnb659fds/version", "Description": "x" }, "Stage": { "Type": "String", "Default": "none" } },
 "Rules": { "CheckBootstrapVersion": { "Assertions": [ { "Assert": { "Fn::Not": [ { "Fn::Contains": [ [ "1" ], { "Ref": "BootstrapVersion" } ] } ] }, "AssertDescription": "x" } ] } }"#;

fn data() -> String {
    format!(
        r#"{{ "Resources": {{ "Work97EF": {{ "Type": "AWS::SQS::Queue", "UpdateReplacePolicy": "Delete", "DeletionPolicy": "Delete", "Metadata": {{ "aws:cdk:path": "DataStack/Work/Resource" }} }} }},
 "Outputs": {{ "ExportsOutputFnGetAttWork97EFArn": {{ "Value": {{ "Fn::GetAtt": ["Work97EF", "Arn"] }}, "Export": {{ "Name": "DataStack:ExportsOutputFnGetAttWork97EFArn" }} }} }},
 {BOOTSTRAP} }}"#
    )
}

fn site() -> String {
    format!(
        r#"{{ "Resources": {{
  "Role1": {{ "Type": "AWS::IAM::Role", "Properties": {{ "AssumeRolePolicyDocument": {{ "Version": "2012-10-17", "Statement": [{{ "Effect": "Allow", "Principal": {{ "Service": "lambda.amazonaws.com" }}, "Action": "sts:AssumeRole" }}] }} }} }},
  "Handler886CB40B": {{ "Type": "AWS::Lambda::Function", "DependsOn": ["Role1"], "Properties": {{
    "Code": {{ "S3Bucket": {{ "Fn::Sub": "cdk-hnb659fds-assets-${{AWS::AccountId}}-${{AWS::Region}}" }}, "S3Key": "aaaa.zip" }},
    "Environment": {{ "Variables": {{ "WORK": {{ "Fn::ImportValue": "DataStack:ExportsOutputFnGetAttWork97EFArn" }}, "STAGE": {{ "Ref": "Stage" }} }} }},
    "Handler": "index.handler", "Role": {{ "Fn::GetAtt": ["Role1", "Arn"] }}, "Runtime": "nodejs22.x" }} }} }},
 {BOOTSTRAP} }}"#
    )
}

fn assembly(entry: &str) -> Project {
    project(&format!("stacks: [{{ name: app, assembly: cdk.out{entry} }}]\n"))
        .with("cdk.out/manifest.json", manifest().to_string())
        .with("cdk.out/DataStack.assets.json", assets("DataStack.template.json", json!({})))
        .with("cdk.out/DataStack.template.json", data())
        .with(
            "cdk.out/SiteStack.assets.json",
            assets("SiteStack.template.json", json!({ "aaaa": { "path": "asset.aaaa", "packaging": "zip" } })),
        )
        .with("cdk.out/SiteStack.template.json", site())
}

/// The assembly with its manifest changed.
fn changed(entry: &str, change: impl FnOnce(&mut Value)) -> Project {
    let mut manifest = manifest();
    change(&mut manifest);
    assembly(entry).with("cdk.out/manifest.json", manifest.to_string())
}

#[test]
fn every_stack_of_an_assembly_is_a_stack_under_the_name_that_cdk_gave_it() {
    let expanded = assembly("").expanded();
    let addresses: Vec<String> = expanded.desired.resources.keys().map(ToString::to_string).collect();
    assert_eq!(addresses, ["DataStack-Dev/Work97EF", "SiteStack-Dev/Handler886CB40B", "SiteStack-Dev/Role1"]);
    assert!(expanded.lookups.is_empty(), "nothing is asked of CDK's bootstrap stack");
    let function = properties(&expanded, "SiteStack-Dev/Handler886CB40B");
    assert_eq!(
        function["Environment"]["Variables"]["WORK"],
        json!({ "Fn::GetAtt": ["DataStack-Dev/Work97EF", "Arn"] })
    );
    let tags = function["Tags"].as_array().unwrap();
    assert!(tags.contains(&json!({ "Key": "stage", "Value": "cdk" })), "{tags:?}");
    let output = &expanded.desired.outputs["DataStackDevExportsOutputFnGetAttWork97EFArn"];
    assert_eq!(*output, json!({ "Fn::GetAtt": ["DataStack-Dev/Work97EF", "Arn"] }));
}

#[test]
fn assets_are_what_the_template_needs_besides_itself_and_are_read_from_the_engines_bucket() {
    let project = assembly("");
    let assets = project.config().assets("dev", &project.sources).unwrap();
    let told: Vec<_> = assets.iter().map(|asset| (asset.key.as_str(), asset.path.as_str(), asset.packaging)).collect();
    assert_eq!(told, [("SiteStack-Dev/aaaa", "cdk.out/asset.aaaa", config::Packaging::Zip)]);
    let expanded = project.expanded();
    let code = &properties(&expanded, "SiteStack-Dev/Handler886CB40B")["Code"];
    let key = model::Artifact::key(&artifact("SiteStack-Dev/aaaa").digest);
    assert_eq!(*code, json!({ "S3Bucket": "strands-deployments", "S3Key": key }));
    let report = project.config().asset_missing(&assets[0]);
    assert_eq!(
        lines(&Err(report)),
        [
            "strands.yaml:3:33 config::file-missing | `cdk.out/asset.aaaa`, which is an asset of `SiteStack-Dev/aaaa`, is not in the bundle | run `cdk synth` anew and zip all that it writes, the folders `asset.…` included"
        ]
    );
}

#[test]
fn what_belongs_into_an_expansion_of_an_assembly_is_what_cdk_wrote_as_json() {
    let config = assembly("").config();
    let needed = config.needed("dev");
    assert_eq!((needed.len(), needed[0].path, needed[0].kind), (1, "cdk.out", config::NeededKind::Assembly));
    let takes = |path: &str| needed[0].takes(path);
    assert!(
        takes("cdk.out/manifest.json")
            && takes("cdk.out/assembly-Prod/manifest.json")
            && takes("cdk.out/S.template.json")
    );
    assert!(!takes("cdk.out/SiteStack.metadata.json") && !takes("cdk.out/validation-report.json"));
    assert!(!takes("cdk.out/tree.json") && !takes("cdk.out/asset.aaaa/package.json") && !takes("cdk.out/cdk.out"));
    assert!(!takes("cdk.outside/manifest.json") && !takes("manifest.json"));
}

#[test]
fn parameters_are_for_every_stack_that_has_them_or_for_one() {
    let stage = |entry: &str| {
        let expanded = assembly(entry).expanded();
        properties(&expanded, "SiteStack-Dev/Handler886CB40B")["Environment"]["Variables"]["STAGE"].clone()
    };
    assert_eq!(stage(""), "none");
    assert_eq!(stage(", parameters: { Stage: all }"), "all");
    assert_eq!(stage(", parameters: { Stage: all, SiteStack: { Stage: one } }"), "one");
    assert_eq!(stage(", parameters: { Stage: all, DataStack-Dev: { Stage: one } }"), "all");
    assert_eq!(
        assembly(", parameters: { Stag: x, Site: { Stage: y } }").problems(),
        [
            "strands.yaml:3:56 config::unknown-parameter | none of these stacks has a parameter `Stag` | did you mean `Stage`?",
            "strands.yaml:3:65 config::unknown-stack | the assembly in `cdk.out` has no stack `Site` | did you mean `SiteStack-Dev`?",
        ]
    );
}

#[test]
fn stacks_are_chosen_by_any_of_their_names_and_with_what_they_depend_on() {
    let stacks = |entry: &str| {
        let keys = assembly(entry).expanded().desired.resources.into_keys();
        keys.map(|address| address.stack).collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    };
    assert_eq!(stacks(", stacks: [DataStack]"), ["DataStack-Dev"]);
    assert_eq!(stacks(", stacks: [SiteStack-Dev, DataStack]"), ["DataStack-Dev", "SiteStack-Dev"]);
    assert_eq!(
        assembly(", stacks: [DataStak, DataStack]").problems(),
        [
            "strands.yaml:3:51 config::unknown-stack | the assembly in `cdk.out` has no stack `DataStak` | did you mean `DataStack`?"
        ]
    );
    assert_eq!(
        assembly(", stacks: [SiteStack]").problems()[0],
        "strands.yaml:3:51 config::unknown-stack | the stack `SiteStack-Dev` depends on `DataStack`, which is not among the stacks | add `DataStack` to `stacks`"
    );
}

#[test]
fn an_order_that_no_template_tells_is_kept() {
    let site = site().replace(r#"{ "Fn::ImportValue": "DataStack:ExportsOutputFnGetAttWork97EFArn" }"#, "\"x\"");
    let expanded = assembly("").with("cdk.out/SiteStack.template.json", site).expanded();
    let waits = |address: &str| {
        let resource = &expanded.desired.resources[&address.parse().unwrap()];
        resource.depends_on.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(waits("SiteStack-Dev/Role1"), ["DataStack-Dev/Work97EF"]);
    assert_eq!(waits("SiteStack-Dev/Handler886CB40B"), ["SiteStack-Dev/Role1"]);
    let told = assembly("").expanded();
    assert!(told.desired.resources[&"SiteStack-Dev/Role1".parse().unwrap()].depends_on.is_empty());
}

#[test]
fn an_assembly_for_another_account_or_region_is_told_at_the_stack() {
    let project = changed("", |manifest| {
        manifest["artifacts"]["DataStack"]["environment"] = json!("aws://111111111111/us-east-1");
    });
    assert_eq!(
        project.problems(),
        [
            "strands.yaml:3:33 config::account-mismatch | the stack `DataStack-Dev` was made for account `111111111111`, and the record of `desk/dev` says `000000000000` | give the stack another `env` in the CDK application, or choose others by `stacks`",
            "strands.yaml:3:33 config::region-mismatch | the stack `DataStack-Dev` was made for region `us-east-1`, and the record of `desk/dev` says `eu-central-1` | give the stack another `env` in the CDK application, or choose others by `stacks`",
        ]
    );
    let same = changed("", |manifest| {
        manifest["artifacts"]["DataStack"]["environment"] = json!("aws://000000000000/eu-central-1");
    });
    assert_eq!(same.problems(), [""; 0]);
}

#[test]
fn image_assets_and_made_assets_are_refused_with_a_word() {
    let images =
        assets("SiteStack.template.json", json!({})).replace(r#""dockerImages":{}"#, r#""dockerImages":{"b":{}}"#);
    assert_eq!(
        assembly("").with("cdk.out/SiteStack.assets.json", images).problems()[0],
        "strands.yaml:3:33 config::unsupported | the stack `SiteStack-Dev` has an image asset, and images are not built for a deployment | let the function have its code as a folder (`Code.fromAsset`), or push the image and name it by its URI"
    );
    let made = assets("SiteStack.template.json", json!({ "aaaa": { "executable": ["make"] } }));
    let problems = assembly("").with("cdk.out/SiteStack.assets.json", made).problems();
    assert!(problems[0].starts_with("cdk.out/SiteStack.assets.json:1:"), "{problems:?}");
    assert!(problems[0].ends_with(
        " template::unsupported | this asset is made by a program, and none is run for a deployment | make the file before `cdk synth`, and let the asset name it"
    ));
}

#[test]
fn paths_that_leave_an_assembly_are_refused() {
    for path in ["../secrets", "/etc/passwd", "asset.a/../../../x"] {
        let assets = assets("SiteStack.template.json", json!({ "aaaa": { "path": path, "packaging": "zip" } }));
        let problems = assembly("").with("cdk.out/SiteStack.assets.json", assets).problems();
        assert!(
            problems[0].contains(&format!("template::wrong-path | `{path}` leads out of the assembly | ")),
            "{problems:?}"
        );
        let project = changed("", |manifest| {
            manifest["artifacts"]["SiteStack"]["properties"]["templateFile"] = json!(path);
        });
        assert!(project.problems()[0].contains("leads out of the assembly"), "{path}");
    }
}

#[test]
fn stages_are_assemblies_within_an_assembly_and_share_its_assets() {
    let manifest = json!({ "version": "44.0.0", "artifacts": {
        "assembly-Prod": { "type": "cdk:cloud-assembly", "properties": { "directoryName": "assembly-Prod", "displayName": "Prod" } },
        "again": { "type": "cdk:cloud-assembly", "properties": { "directoryName": "." } },
    } });
    let stage = json!({ "version": "44.0.0", "artifacts": {
        "ProdSite1234": {
            "type": "aws:cloudformation:stack",
            "properties": { "templateFile": "ProdSite1234.template.json", "stackName": "Prod-Site" },
            "dependencies": ["ProdSite1234.assets"],
            "displayName": "Prod/Site (Prod-Site)",
        },
        "ProdSite1234.assets": { "type": "cdk:asset-manifest", "properties": { "file": "ProdSite1234.assets.json" } },
    } });
    let project = project("stacks: [{ name: app, assembly: cdk.out, stacks: [Prod/Site] }]\n")
        .with("cdk.out/manifest.json", manifest.to_string())
        .with("cdk.out/assembly-Prod/manifest.json", stage.to_string())
        .with(
            "cdk.out/assembly-Prod/ProdSite1234.assets.json",
            assets("ProdSite1234.template.json", json!({ "aaaa": { "path": "../asset.aaaa", "packaging": "zip" } })),
        )
        .with("cdk.out/assembly-Prod/ProdSite1234.template.json", data());
    let assets = project.config().assets("dev", &project.sources).unwrap();
    assert_eq!(assets[0].path, "cdk.out/asset.aaaa");
    assert!(project.expanded().desired.resources.contains_key(&"Prod-Site/Work97EF".parse().unwrap()));
}

#[test]
fn an_assembly_that_is_not_whole_is_told() {
    let missing = project("stacks: [{ name: app, assembly: cdk.ot }]\n").with("cdk.out/manifest.json", "{}");
    assert_eq!(
        missing.problems(),
        [
            "strands.yaml:3:33 config::file-missing | there is no assembly in `cdk.ot`: it has no `manifest.json` | did you mean `cdk.out`?"
        ]
    );
    let lookups = changed("", |manifest| {
        manifest["missing"] = json!([{ "key": "vpc-provider:account=1", "provider": "vpc-provider" }])
    });
    assert!(lookups.problems()[0].contains(" template::incomplete | CDK could not finish this assembly: it had to look up `vpc-provider:account=1` | run `cdk synth` with credentials, and keep `cdk.context.json`"));
    let mut without = assembly("");
    without.sources.remove("cdk.out/DataStack.template.json");
    let problems = without.problems();
    assert!(problems[0].starts_with("cdk.out/manifest.json:1:"), "{problems:?}");
    assert!(
        problems[0]
            .contains(" template::file-missing | the file `cdk.out/DataStack.template.json` is not in the bundle | ")
    );
    let empty = changed("", |manifest| manifest["artifacts"] = json!({}));
    assert_eq!(
        empty.problems(),
        [
            "strands.yaml:3:33 config::unknown-stack | the assembly in `cdk.out` has no stacks | name the folder that `cdk synth` wrote, or remove this entry"
        ]
    );
}

#[test]
fn a_manifest_of_anything_else_is_told_and_never_panics() {
    let alien = r#"{"artifacts": {"a": 1, "b": {}, "c": {"type": "aws:cloudformation:stack"}}}"#;
    for text in ["", "[]", "{", r#"{"artifacts": []}"#, alien, "null"] {
        let problems = assembly("").with("cdk.out/manifest.json", text).problems();
        assert!(!problems.is_empty(), "{text}");
    }
    for text in
        ["", "[]", "{", r#"{"files": []}"#, r#"{"files": {"a": {}, "b": {"source": {}, "destinations": []}}}"#, "null"]
    {
        let problems = assembly("").with("cdk.out/SiteStack.assets.json", text).problems();
        assert!(!problems.is_empty(), "{text}");
    }
}

#[test]
fn names_of_stacks_that_are_too_much_alike_are_told() {
    let text = "stacks: [{ name: app, assembly: cdk.out }, { name: data-stack-dev, template: a.json }]\n";
    let mut project = project(text).with("a.json", data());
    project.sources.extend(assembly("").sources);
    let problems = project.problems();
    assert_eq!(
        problems[0],
        "strands.yaml:3:52 config::duplicate-name | the stack `data-stack-dev` is too much like stack `DataStack-Dev`: their outputs would have the same names | give one of them another name"
    );
}

#[test]
fn one_template_for_very_many_stacks_is_refused_before_it_is_expanded() {
    let resources: Vec<String> = (0..450).map(|n| format!(r#""Q{n}": {{ "Type": "AWS::SQS::Queue" }}"#)).collect();
    let stack = |n: usize| {
        let properties = json!({ "templateFile": "DataStack.template.json", "stackName": format!("S{n}") });
        (format!("S{n}"), json!({ "type": "aws:cloudformation:stack", "properties": properties }))
    };
    let artifacts: serde_json::Map<String, Value> = (0..50).map(stack).collect();
    let project = changed("", |manifest| manifest["artifacts"] = Value::Object(artifacts))
        .with("cdk.out/DataStack.template.json", format!(r#"{{ "Resources": {{ {} }} }}"#, resources.join(", ")));
    assert_eq!(
        project.problems(),
        [
            "strands.yaml:3:33 config::too-many | with this stack there are more than 20000 resources, or 32 MiB of templates | split the project"
        ]
    );
}

#[test]
fn stacks_that_depend_on_each_other_in_a_circle_are_told() {
    let project = changed("", |manifest| {
        manifest["artifacts"]["DataStack"]["dependencies"] = json!(["SiteStack", "DataStack.assets"]);
    });
    let expected = " template::cycle | the stack `DataStack-Dev` depends on itself, by way of those that it depends on | run `cdk synth` anew: an assembly is not written by hand";
    assert!(project.problems()[0].ends_with(expected), "{:?}", project.problems());
}

proptest::proptest! {
    /// Whatever stands at any place of a manifest, or nothing.
    #[test]
    fn a_manifest_with_anything_in_any_place_is_read_or_told(
        path in proptest::collection::vec(0_usize..6, 1..6),
        what in proptest::sample::select(vec![json!(null), json!(7), json!(""), json!("x"), json!([]), json!({}), json!(["x"]), json!({ "x": {} }), json!("../x"), json!(true)]),
        in_assets: bool,
    ) {
        fn put(value: &mut Value, path: &[usize], what: Value) {
            let Some((first, rest)) = path.split_first() else { return *value = what };
            match value {
                Value::Object(map) if !map.is_empty() => {
                    let at = first % map.len();
                    put(map.values_mut().nth(at).unwrap(), rest, what);
                }
                Value::Array(items) if !items.is_empty() => {
                    let at = first % items.len();
                    put(&mut items[at], rest, what);
                }
                _ => *value = what,
            }
        }
        let name = if in_assets { "cdk.out/SiteStack.assets.json" } else { "cdk.out/manifest.json" };
        let project = assembly("");
        let mut changed: Value = serde_json::from_str(&project.sources[name]).unwrap();
        put(&mut changed, &path, what);
        project.with(name, changed.to_string()).problems();
    }
}
