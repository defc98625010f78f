//! Secrets, and permissions in words.

use serde_json::{Value, json};

use super::errors::found;
use super::{small, sound};

fn told(rest: &str) -> Vec<String> {
    found(&small(rest))
}

fn variables(expanded: &config::Expanded) -> Value {
    let function = &expanded.desired.resources[&"bot/Function".parse().unwrap()];
    function.properties.get("Environment").map(|environment| environment["Variables"].clone()).unwrap_or_default()
}

/// The statements of the agent's role besides that on logs: actions and resources.
fn allowed(expanded: &config::Expanded) -> Vec<(Vec<String>, Value)> {
    let function = &expanded.desired.resources[&"bot/Function".parse().unwrap()];
    let role = function.properties.get("Role").unwrap()["Fn::GetAtt"][0].as_str().unwrap().parse().unwrap();
    let policies = expanded.desired.resources[&role].properties.get("Policies").unwrap().clone();
    let statements = policies[0]["PolicyDocument"]["Statement"].as_array().unwrap().clone();
    let read = |statement: &Value| {
        let actions = statement["Action"].as_array().unwrap().iter().map(|action| action.as_str().unwrap().to_owned());
        (actions.collect::<Vec<_>>(), statement["Resource"].clone())
    };
    statements.iter().skip(1).map(read).collect()
}

fn names(actions: &[&str]) -> Vec<String> {
    actions.iter().map(|action| (*action).to_owned()).collect()
}

#[test]
fn a_secret_is_made_up_by_aws_and_stays_when_it_leaves_the_config() {
    let secrets = sound(&small(
        "shared: { secrets: { api-key: {}, login: { length: 40, punctuation: false, key: password, with: { user: desk }, on_removal: delete } } }\n",
    ));
    let at = |address: &str| secrets.desired.resources[&address.parse().unwrap()].clone();
    let key = at("shared/ApiKeySecret");
    let how = key.properties.get("GenerateSecretString").unwrap();
    assert_eq!((how["PasswordLength"].clone(), how["ExcludePunctuation"].clone()), (json!(32), json!(false)));
    assert_eq!(key.retention, model::Retention::Retain);
    assert!(key.properties.get("SecretString").is_none());
    let login = at("shared/LoginSecret");
    let how = login.properties.get("GenerateSecretString").unwrap();
    assert_eq!(how["GenerateStringKey"], "password");
    assert_eq!(how["SecretStringTemplate"], r#"{"user":"desk"}"#);
    assert_eq!((how["PasswordLength"].clone(), how["ExcludePunctuation"].clone()), (json!(40), json!(true)));
    assert_eq!(login.retention, model::Retention::Delete);
    assert_eq!(secrets.desired.outputs["ApiKeySecretArn"], json!({ "Ref": "shared/ApiKeySecret" }));
}

#[test]
fn an_agent_finds_the_arn_of_a_secret_and_may_read_it_and_nothing_else() {
    let generated =
        sound(&small("    permissions: [{ resource: api-key, access: read }]\nshared: { secrets: { api-key: {} } }\n"));
    let arn = json!({ "Ref": "shared/ApiKeySecret" });
    assert_eq!(variables(&generated)["API_KEY_SECRET_ARN"], arn);
    let read = names(&["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]);
    assert_eq!(allowed(&generated), [(read.clone(), arn)]);

    let existing = |arn: &str| {
        let rest = format!(
            "    permissions: [{{ resource: partner, access: read }}]\nshared: {{ secrets: {{ partner: {{ arn: '{arn}' }} }} }}\n"
        );
        let secrets = sound(&small(&rest));
        assert!(
            secrets.desired.resources.values().all(|resource| resource.kind.as_str() != "AWS::SecretsManager::Secret")
        );
        assert_eq!(variables(&secrets)["PARTNER_SECRET_ARN"], arn);
        let [(actions, on)] = allowed(&secrets).try_into().unwrap();
        assert_eq!(actions, read);
        on
    };
    let whole = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:partner-AbCdEf";
    assert_eq!(existing(whole), whole);
    let short = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:partner";
    assert_eq!(existing(short), format!("{short}-??????"));
}

#[test]
fn the_value_of_a_secret_is_never_taken() {
    let help = "a config is kept and shown in the history: leave the value out, and AWS makes one up; or store it in Secrets \
                Manager yourself and name it by `arn`";
    let cases = [("api-key: { value: x }", "8:33"), ("api-key: { password: x }", "8:33"), ("api-key: hunter2", "8:31")];
    for (secret, place) in cases {
        let expected = format!("{place} secret | the value of a secret is never in a config | {help}");
        assert_eq!(told(&format!("shared: {{ secrets: {{ {secret} }} }}\n")), [expected], "{secret}");
    }
    let cases = [
        (
            "shared: { secrets: { a: { with: { user: x } } } }\n",
            "8:33 missing-key | a secret `with` more around it needs the key `key` | add `key: password`: under which name the secret itself goes",
        ),
        (
            "shared: { secrets: { a: { arn: mine } } }\n",
            "8:32 wrong-arn | `mine` is not the ARN that `arn` takes | it is written `arn:aws:secretsmanager:region:account:secret:…`",
        ),
        (
            "shared: { secrets: { a: { length: 4 } } }\n",
            "8:35 out-of-range | `length` cannot be `4` | it goes from 8 to 4096 characters",
        ),
    ];
    for (rest, expected) in cases {
        assert_eq!(told(rest), [expected], "{rest}");
    }
}

#[test]
fn words_come_to_the_least_statements() {
    let key = "arn:aws:kms:eu-central-1:000000000000:key/0a1b2c3d";
    let machine = "arn:aws:states:eu-central-1:000000000000:stateMachine:refund";
    let model = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"];
    let cases: Vec<(String, Vec<&str>, Value)> = vec![
        (
            "{ model: 'amazon.nova-lite-v1:0' }".into(),
            model.to_vec(),
            json!("arn:aws:bedrock:eu-central-1::foundation-model/amazon.nova-lite-v1:0"),
        ),
        (
            "{ model: 'eu.anthropic.claude-sonnet-4-20250514-v1:0', access: invoke }".into(),
            model.to_vec(),
            json!([
                "arn:aws:bedrock:*::foundation-model/anthropic.claude-sonnet-4-20250514-v1:0",
                "arn:aws:bedrock:eu-central-1:000000000000:inference-profile/eu.anthropic.claude-sonnet-4-20250514-v1:0",
            ]),
        ),
        (
            format!("{{ state_machine: '{machine}' }}"),
            vec!["states:DescribeStateMachine", "states:StartExecution"],
            json!(machine),
        ),
        (
            "{ event_bus: default }".into(),
            vec!["events:PutEvents"],
            json!("arn:aws:events:eu-central-1:000000000000:event-bus/default"),
        ),
        (format!("{{ kms_key: '{key}', access: decrypt }}"), vec!["kms:Decrypt", "kms:DescribeKey"], json!(key)),
        (
            format!("{{ kms_key: '{key}' }}"),
            vec!["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"],
            json!(key),
        ),
    ];
    for (permission, actions, on) in cases {
        let granted = sound(&small(&format!("    permissions: [{permission}]\n")));
        assert_eq!(allowed(&granted), [(names(&actions), on)], "{permission}");
    }
}

#[test]
fn an_agent_may_call_another_by_its_alias_where_it_has_one() {
    let other = |more: &str| {
        let rest = format!(
            "    permissions: [{{ agent: other }}]\n  - {{ name: other, path: b, runtime: python3.12, handler: h.h{more} }}\n"
        );
        let called = sound(&small(&rest));
        let [(actions, on)] = allowed(&called).try_into().unwrap();
        assert_eq!(actions, ["lambda:InvokeFunction"]);
        assert_eq!(variables(&called)["OTHER_AGENT_ARN"], on);
        on
    };
    assert_eq!(other(""), json!({ "Fn::GetAtt": ["other/Function", "Arn"] }));
    assert_eq!(other(", alias: live"), json!({ "Ref": "other/Alias" }));
}

#[test]
fn what_is_encrypted_with_a_key_of_ones_own_comes_with_the_use_of_the_key() {
    let key = "arn:aws:kms:eu-central-1:000000000000:key/0a1b2c3d";
    let access = |access: &str| {
        let rest = format!(
            "    permissions: [{{ resource: work, access: {access} }}]\nshared: {{ queues: {{ work: {{ kms_key: '{key}' }} }} }}\n"
        );
        let granted = allowed(&sound(&small(&rest)));
        granted.into_iter().find(|(_, on)| *on == key).unwrap().0
    };
    assert_eq!(access("read"), ["kms:Decrypt", "kms:DescribeKey"]);
    assert_eq!(access("write"), ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"]);
}

#[test]
fn words_that_mean_nothing_are_told() {
    let agent = |permission: &str| format!("    permissions: [{permission}]\n");
    let cases = [
        (
            agent("{ model: claude }"),
            "8:28 wrong-model | `claude` does not name a model of Bedrock | a model is named by its id, e.g. `anthropic.claude-3-5-haiku-20241022-v1:0`, or by a beginning of it, with a `*` at the end: `anthropic.claude-*`",
        ),
        (
            agent("{ agent: other }"),
            "8:19 unknown-agent | there is no agent `other` to call | a permission names an agent that stands under `agents`",
        ),
        (
            agent("{ agent: bot }"),
            "8:19 cycle | agent `bot` may call itself | each would have to exist before the other: let one send to a queue that wakes the other",
        ),
        (
            agent("{ model: a.b, agent: bot }"),
            "8:19 wrong-choice | a permission is for one thing | write a permission for each, e.g. `{ agent: billing }` and `{ model: amazon.nova-lite-v1:0 }`",
        ),
        (
            agent("{ state_machine: refund }"),
            "8:36 wrong-arn | `refund` is not the ARN that `state_machine` takes | it is written `arn:aws:states:region:account:stateMachine:…`",
        ),
        (
            agent("{ event_bus: 'a b' }"),
            "8:32 wrong-name | `a b` cannot name a bus | letters, digits and `. _ - /`; the bus that every account has is `default`",
        ),
        (agent("{ model: a.b, access: read }"), "8:41 wrong-choice | `access` cannot be `read` | it may be `invoke`"),
    ];
    for (rest, expected) in cases {
        assert_eq!(told(&rest), [expected], "{rest}");
    }
    let circle = "    permissions: [{ agent: b }]\n  - { name: b, path: b, runtime: python3.12, handler: h.h, permissions: [{ agent: c }] }\n  \
                  - { name: c, path: c, runtime: python3.12, handler: h.h, permissions: [{ agent: bot }] }\n";
    let found = told(circle);
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(found.iter().all(|line| line.contains(" cycle | agents `")));
    // A line is no circle, however long it is.
    let agent = |name: &str, calls: &str| {
        format!(
            "  - {{ name: {name}, path: b, runtime: python3.12, handler: h.h, permissions: [{{ agent: {calls} }}] }}\n"
        )
    };
    let last = "  - { name: e, path: e, runtime: python3.12, handler: h.h }\n";
    let line =
        ["    permissions: [{ agent: b }]\n".to_owned(), agent("b", "c"), agent("c", "d"), agent("d", "e")].concat();
    assert_eq!(told(&format!("{line}{last}")), Vec::<String>::new());
    let container =
        "    permissions: [{ agent: c }]\n  - { name: c, kind: container, image: 'a/b:1' }\nshared: { vpc: true }\n";
    assert_eq!(
        told(container),
        [
            "8:19 wrong-choice | `c` is a container, which nobody calls by its name | make it `public`, and call the address that its output `…Url` has"
        ]
    );
}
