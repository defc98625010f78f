//! Every code, with its exact place, words and help.

use std::collections::BTreeSet;

use super::{SMALL, small};

/// What is wrong, a line each: `line:column code | message | help`.
pub(super) fn found(text: &str) -> Vec<String> {
    let Err(report) = config::parse("strands.yaml", text) else {
        super::json_schema::takes(text);
        return Vec::new();
    };
    let line = |refusal: model::Refusal| {
        let (line, column) = (refusal.line.unwrap(), refusal.column.unwrap());
        let code = refusal.code.strip_prefix("config::").unwrap().to_owned();
        format!("{line}:{column} {code} | {} | {}", refusal.message, refusal.help.unwrap())
    };
    report.refusals().into_iter().map(line).collect()
}

/// `text`, and what is wrong with it.
fn check(text: &str, expected: &[&str]) {
    assert_eq!(found(text), expected, "\n{text}");
}

/// The small config with more in its agent or after it.
fn check_added(rest: &str, expected: &[&str]) {
    check(&small(rest), expected);
}

/// The small config with one part of it changed.
fn check_changed(from: &str, to: &str, expected: &[&str]) {
    assert!(SMALL.contains(from));
    check(&SMALL.replacen(from, to, 1), expected);
}

#[test]
fn the_small_config_is_valid() {
    check(SMALL, &[]);
}

#[test]
fn text_that_is_not_yaml_is_told() {
    check(
        "project: {name: desk\nagents: ]\n",
        &[
            "2:7 syntax | this is not YAML: while parsing a flow mapping, did not find expected ',' or '}' | look at the indentation and the quotes of this line and of the one before it",
        ],
    );
    check(
        "a: b: c\n",
        &[
            "1:5 syntax | this is not YAML: mapping values are not allowed in this context | look at the indentation and the quotes of this line and of the one before it",
        ],
    );
    check(
        "a:\n	- b\n",
        &[
            "2:2 syntax | this is not YAML: tabs disallowed within this context (block indentation) | look at the indentation and the quotes of this line and of the one before it",
        ],
    );
    check(
        "project: desk\n  name: x\n",
        &[
            "2:7 syntax | this is not YAML: mapping values are not allowed in this context | look at the indentation and the quotes of this line and of the one before it",
        ],
    );
}

#[test]
fn a_file_without_a_config_is_told() {
    check("", &["1:1 empty | there is no config in this file | begin with `project:` and its `name`"]);
    check(
        "# only a comment\n",
        &["1:1 empty | there is no config in this file | begin with `project:` and its `name`"],
    );
    check("~\n", &["1:1 empty | there is no config in this file | begin with `project:` and its `name`"]);
}

#[test]
fn a_config_that_is_no_mapping_is_told() {
    check(
        "hello\n",
        &["1:1 wrong-type | a config must be a mapping, not the text `hello` | write it as `key: value` lines"],
    );
    check("- a\n- b\n", &["1:1 wrong-type | a config must be a mapping, not a list | write it as `key: value` lines"]);
}

#[test]
fn a_second_document_is_told() {
    check_added(
        "---\nproject: {}\n",
        &[
            "8:1 several-documents | there is a second document in this file | a file is one document: remove the line `---` and what follows it",
        ],
    );
}

#[test]
fn a_key_that_stands_twice_is_told() {
    check_added(
        "    memory: 512\n    memory: 256\n",
        &[
            "9:5 duplicate-key | the key `memory` stands twice in one mapping | keep one of the two: the other would be lost",
        ],
    );
    check(
        r#"{"project": 1, "project": 2}"#,
        &[
            "1:1 missing-key | a config needs the key `agents` | add `agents: …`",
            "1:1 missing-key | a config needs the key `environments` | add `environments: …`",
            "1:13 wrong-type | `project` must be a mapping, not the number `1` | write it as `key: value` lines",
            "1:16 duplicate-key | the key `project` stands twice in one mapping | keep one of the two: the other would be lost",
        ],
    );
}

#[test]
fn aliases_that_lead_nowhere_are_told() {
    check_added(
        "    memory: *nowhere\n",
        &["8:13 alias | this alias has no anchor before it | an anchor is written `&name`, before the alias `*name`"],
    );
    check_added(
        "    environment: &self { SELF: *self }\n",
        &["8:32 alias | `*self` stands inside of what it repeats | write out what is meant"],
    );
}

#[test]
fn tags_of_yaml_are_told() {
    check_added(
        "    memory: !Ref Memory\n",
        &["8:18 wrong-type | `memory` must be a whole number, not the function `Ref` | it goes from 128 to 10240 MB"],
    );
    check_added(
        "    memory: !Reff Memory\n",
        &[
            "8:19 wrong-type | `memory` must be a whole number, not the text `Memory` | it goes from 128 to 10240 MB",
            "8:19 yaml-tag | the tag `!Reff` means nothing here | did you mean `!Ref`?",
        ],
    );
}

#[test]
fn keys_that_nothing_knows_are_told() {
    check_added("    memroy: 512\n", &["8:5 unknown-key | an agent has no key `memroy` | did you mean `memory`?"]);
    check_added(
        "    layers: []\n",
        &[
            "8:5 unknown-key | an agent has no key `layers` | it may have `name`, `kind`, `path`, `artifact`, `runtime`, `handler`, `memory`, `timeout`, `architecture`, `concurrency`, `dlq`, `url`, `route`, `alias`, `shift`, `events`, `health`, `tracing`, `vpc`, `tags`, `permissions`, `managed_policies`, `environment` and `ignore_changes`",
        ],
    );
    check_added("share: {}\n", &["8:1 unknown-key | a config has no key `share` | did you mean `shared`?"]);
    check_added(
        "shared: { tabels: {} }\n",
        &["8:11 unknown-key | `shared` has no key `tabels` | did you mean `tables`?"],
    );
    check_changed(
        "region: eu",
        "regoin: eu",
        &["1:24 unknown-key | `project` has no key `regoin` | did you mean `region`?"],
    );
    check_changed(
        "dev: {}",
        "dev: { acount: 1 }",
        &["2:24 unknown-key | an environment has no key `acount` | did you mean `account`?"],
    );
    check_added(
        "    permissions: [{ resources: orders, acess: read }]\n",
        &[
            r#"8:19 missing-key | a permission has `resource` and `access`, or `actions` and `resources` | e.g. `{ resource: orders, access: read }`, or `{ actions: ["bedrock:InvokeModel"], resources: ["arn:…"] }`"#,
            "8:40 unknown-key | a permission has no key `acess` | did you mean `access`?",
        ],
    );
}

#[test]
fn keys_that_are_missing_are_told() {
    check_changed(
        "  - name: bot\n    path",
        "  - path",
        &["4:5 missing-key | an agent needs the key `name` | add `name: …`"],
    );
    check_changed(
        "    path: agents/bot\n",
        "",
        &[
            "4:5 missing-key | an agent needs the key `path` | add `path: …`, the folder of its code; or `artifact: …`, code that is stored already",
        ],
    );
    check_changed(
        "    runtime: python3.12\n",
        "",
        &["4:5 missing-key | an agent needs the key `runtime` | add `runtime: …`"],
    );
    check_changed(
        "    handler: handler.handle\n",
        "    handler:\n",
        &["7:5 missing-key | an agent needs the key `handler` | `handler` has no value: give it one"],
    );
    check_changed(
        "environments: { dev: {} }\n",
        "",
        &["1:1 missing-key | a config needs the key `environments` | add `environments: …`"],
    );
    check_changed(
        "{ dev: {} }",
        "{}",
        &["2:15 missing-key | `environments` has no environment | name at least one, e.g. `dev: {}`"],
    );
    check(
        "{}",
        &[
            "1:1 missing-key | a config needs the key `agents` | add `agents: …`",
            "1:1 missing-key | a config needs the key `environments` | add `environments: …`",
            "1:1 missing-key | a config needs the key `project` | add `project: …`",
        ],
    );
    check_added(
        "    permissions: [{ resource: orders }]\nshared: { tables: { orders: { key: { PK: S } } } }\n",
        &[
            "8:19 missing-key | a permission on a resource needs the key `access` | add `access: read`, `write` or `full`",
        ],
    );
    check_added(
        "    permissions: [{ actions: ['s3:GetObject'] }]\n",
        &[
            r#"8:19 missing-key | a permission has `resource` and `access`, or `actions` and `resources` | e.g. `{ resource: orders, access: read }`, or `{ actions: ["bedrock:InvokeModel"], resources: ["arn:…"] }`"#,
        ],
    );
    check_added(
        "shared: { tables: { orders: { ttl: until } } }\n",
        &["8:29 missing-key | a table needs the key `key` | add `key: …`"],
    );
    check_added(
        "shared: { api_gateway: { cors: { methods: ['GET'] } } }\n",
        &[
            r#"8:32 missing-key | `cors` needs the key `origins` | name the pages that may call, e.g. `origins: ["https://example.com"]`"#,
        ],
    );
    check_added("    url: {}\n", &["8:10 missing-key | `url` needs the key `auth` | add `auth: …`"]);
}

#[test]
fn values_of_another_type_are_told() {
    check_added(
        "    memory: '512'\n",
        &["8:13 wrong-type | `memory` must be a whole number, not the text `512` | remove the quotes: `512`"],
    );
    check_added(
        "    memory: 512MB\n",
        &[
            "8:13 wrong-type | `memory` must be a whole number, not the text `512MB` | write `512`: it is a number of MB",
        ],
    );
    check_added(
        "    memory: [512]\n",
        &["8:13 wrong-type | `memory` must be a whole number, not a list | it goes from 128 to 10240 MB"],
    );
    check_added(
        "    timeout: 1.5\n",
        &["8:14 wrong-type | `timeout` must be a whole number, not the number `1.5` | it goes from 1 to 900 seconds"],
    );
    check_added(
        "    timeout: 5m\n",
        &[
            "8:14 wrong-type | `timeout` must be a whole number, not the text `5m` | write `300`: it is a number of seconds",
        ],
    );
    check_added(
        "    memory: 1 GB\n",
        &[
            "8:13 wrong-type | `memory` must be a whole number, not the text `1 GB` | write `1024`: it is a number of MB",
        ],
    );
    check_added(
        "    dlq: yes\n",
        &["8:10 wrong-type | `dlq` must be `true` or `false`, not the text `yes` | write `true`"],
    );
    check_added(
        "    dlq: 'true'\n",
        &["8:10 wrong-type | `dlq` must be `true` or `false`, not the text `true` | write `true`"],
    );
    check_added(
        "    tracing: 1\n",
        &[
            "8:14 wrong-type | `tracing` must be `true` or `false`, not the number `1` | write one of the two, without quotes",
        ],
    );
    check_changed(
        "name: bot",
        "name: 7",
        &[r#"4:11 wrong-type | the agent's name must be text, not the number `7` | put it between quotes: `"7"`"#],
    );
    check_changed(
        "handler: handler.handle",
        "handler: { file: x }",
        &["7:14 wrong-type | `handler` must be text, not a mapping | write one text"],
    );
    check_added(
        "    tags: [a]\n",
        &["8:11 wrong-type | `tags` must be a mapping of names to texts, not a list | write it as `name: …` lines"],
    );
    check_added(
        "    environment: [a]\n",
        &[
            "8:18 wrong-type | `environment` must be a mapping of names to texts, not a list | write it as `name: …` lines",
        ],
    );
    check_added(
        "    permissions: { resource: a }\n",
        &[
            "8:18 wrong-type | `permissions` must be a list of permissions, not a mapping | write it as `- …` lines, or between `[` and `]`",
        ],
    );
    check_changed(
        "agents:\n  - name: bot",
        "agents:\n    name: bot",
        &[
            "4:5 wrong-type | `agents` must be a list of agents, not a mapping | write it as `- …` lines, or between `[` and `]`",
        ],
    );
    check_added(
        "shared: { tables: { orders: } }\n",
        &["8:27 wrong-type | a table must be a mapping, not left empty | write it as `key: value` lines"],
    );
    check_added(
        "shared: { tables: { orders: { key: { PK: S, SK: S } } } }\n",
        &[
            "8:36 wrong-type | `key` has one attribute | write it as `{ PK: S }`; the second attribute of a key is `sort`",
        ],
    );
    check_added(
        "    environment: { MODEL: [a] }\n",
        &["8:27 wrong-type | a variable must be text, not a list | write one text"],
    );
    check_added("    ? [a]\n    : b\n", &["8:7 wrong-type | a key must be text | write `key: value`"]);
    check_added("    <<: 1\n", &["8:5 wrong-type | `<<` takes a mapping, or a list of mappings | write `<<: *anchor`"]);
}

#[test]
fn numbers_that_are_out_of_range_are_told() {
    check_added("    memory: 64\n", &["8:13 out-of-range | `memory` cannot be `64` | it goes from 128 to 10240 MB"]);
    check_added(
        "    memory: 10241\n",
        &["8:13 out-of-range | `memory` cannot be `10241` | it goes from 128 to 10240 MB"],
    );
    check_added("    memory: -1\n", &["8:13 out-of-range | `memory` cannot be `-1` | it goes from 128 to 10240 MB"]);
    check_added(
        "    memory: 99999999999999999999\n",
        &["8:13 out-of-range | `memory` cannot be `99999999999999999999` | it goes from 128 to 10240 MB"],
    );
    check_added("    timeout: 0\n", &["8:14 out-of-range | `timeout` cannot be `0` | it goes from 1 to 900 seconds"]);
    check_added(
        "    timeout: 901\n",
        &["8:14 out-of-range | `timeout` cannot be `901` | it goes from 1 to 900 seconds"],
    );
    check_added(
        "    concurrency: 20000\n",
        &["8:18 out-of-range | `concurrency` cannot be `20000` | it goes from 0 to 10000"],
    );
    check_added(
        "shared: { monitoring: { alarms: { duration_percent: 101 } } }\n",
        &["8:53 out-of-range | `duration_percent` cannot be `101` | it goes from 1 to 100 percent of the timeout"],
    );
    check_added(
        "shared: { queues: { work: { visibility: 43201 } } }\n",
        &["8:41 out-of-range | `visibility` cannot be `43201` | it goes from 0 to 43200 seconds"],
    );
    check_added(
        "shared: { queues: { work: { retention_days: 15 } } }\n",
        &["8:45 out-of-range | `retention_days` cannot be `15` | it goes from 1 to 14 days"],
    );
}

#[test]
fn words_that_are_not_among_a_few_are_told() {
    check_added(
        "    architecture: arm\n",
        &["8:19 wrong-choice | `architecture` cannot be `arm` | did you mean `arm64`?"],
    );
    check_added(
        "    architecture: riscv\n",
        &["8:19 wrong-choice | `architecture` cannot be `riscv` | it may be `x86_64` or `arm64`"],
    );
    check_added(
        "    url: { auth: open }\n",
        &["8:18 wrong-choice | `auth` cannot be `open` | it may be `iam` or `none`"],
    );
    check_added(
        "shared: { buckets: { documents: { on_removal: keep } } }\n",
        &["8:47 wrong-choice | `on_removal` cannot be `keep` | it may be `retain` or `delete`"],
    );
    check_added(
        "shared: { tables: { orders: { key: { PK: String } } } }\n",
        &["8:42 wrong-choice | an attribute's type cannot be `String` | it may be `S`, `N` or `B`"],
    );
    check_added(
        "shared: { monitoring: { log_retention_days: 10 } }\n",
        &[
            "8:45 wrong-choice | CloudWatch Logs keeps nothing for `10` days | the next longer is `14`; it has `1`, `3`, `5`, `7`, `14`, `30`, `60`, `90`, `120`, `150`, `180`, `365`, `400`, `545`, `731`, `1096`, `1827`, `2192`, `2557`, `2922`, `3288` and `3653`",
        ],
    );
    check_added(
        "    artifact: 0000000000000000000000000000000000000000000000000000000000000000\n",
        &[
            "8:5 wrong-choice | an agent has a `path` or an `artifact`, not both | `path` is a folder in a bundle, `artifact` is code that is stored already",
        ],
    );
    check_added(
        "    permissions: [{ resource: news, access: read }]\nshared: { topics: { news: {} } }\n",
        &[
            "8:45 wrong-choice | a topic cannot be read, only published to | write `access: write`; to receive, subscribe a queue and read that",
        ],
    );
}

#[test]
fn names_that_do_not_fit_are_told() {
    check_changed(
        "name: desk",
        "name: Support Desk",
        &[
            "1:18 wrong-name | `Support Desk` cannot name a project | a name has at most 24 lower-case letters, digits and single inner hyphens, starting with a letter, e.g. `support-desk`",
        ],
    );
    check_changed(
        "name: desk",
        "name: abcdefghijklmnopqrstuvwxy",
        &[
            "1:18 wrong-name | `abcdefghijklmnopqrstuvwxy` cannot name a project | a name has at most 24 lower-case letters, digits and single inner hyphens, starting with a letter, e.g. `abcdefghijklmnopqrstuvwx`",
        ],
    );
    check_changed(
        "dev: {}",
        "'Dev 1': {}",
        &[
            "2:17 wrong-name | `Dev 1` cannot name an environment | a name has at most 24 lower-case letters, digits and single inner hyphens, starting with a letter, e.g. `dev-1`",
        ],
    );
    check_changed(
        "name: bot",
        "name: my--bot",
        &[
            "4:11 wrong-name | `my--bot` cannot name an agent | a name has at most 40 lower-case letters, digits and single inner hyphens, starting with a letter, e.g. `my-bot`",
        ],
    );
    check_changed(
        "name: bot",
        "name: 4xxx",
        &[
            "4:11 wrong-name | `4xxx` cannot name an agent | a name has at most 40 lower-case letters, digits and single inner hyphens, starting with a letter",
        ],
    );
    check_changed(
        "name: bot",
        "name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        &[
            "4:11 wrong-name | `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` cannot name an agent | a name has at most 40 lower-case letters, digits and single inner hyphens, starting with a letter, e.g. `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`",
        ],
    );
    check_added(
        "shared: { tables: { Orders_2: { key: { PK: S } } } }\n",
        &[
            "8:21 wrong-name | `Orders_2` cannot name a table | a name has at most 40 lower-case letters, digits and single inner hyphens, starting with a letter, e.g. `orders-2`",
        ],
    );
    check_added(
        "    alias: '7'\n",
        &[
            "8:12 wrong-name | `7` cannot name an alias | letters, digits, `-` and `_`, and not digits alone; e.g. `live`",
        ],
    );
}

#[test]
fn names_that_are_taken_are_told() {
    check_changed(
        "name: desk",
        "name: strandline-x",
        &["1:18 reserved-name | a project cannot be named `strandline-x` | \
        Strandline's own resources are named so: choose a name that begins with another word"],
    );
    check_changed(
        "name: bot",
        "name: shared",
        &[
            "4:11 reserved-name | an agent cannot be named `shared` | that is the stack of what agents share: give it another name",
        ],
    );
    check_added(
        "    environment: { AWS_REGION: x, LAMBDA_X: y, _HANDLER: z }\n",
        &[
            "8:20 reserved-name | `AWS_REGION` is a variable of Lambda's own | choose a name without `AWS_` or `LAMBDA_`",
            "8:35 reserved-name | `LAMBDA_X` is a variable of Lambda's own | choose a name without `AWS_` or `LAMBDA_`",
            "8:48 reserved-name | `_HANDLER` is a variable of Lambda's own | choose a name without `AWS_` or `LAMBDA_`",
        ],
    );
    check_added(
        "    environment: { ORDERS_TABLE: x }\n    permissions: [{ resource: orders, access: read }]\nshared: { tables: { orders: { key: { PK: S } } } }\n",
        &[
            "8:20 reserved-name | `ORDERS_TABLE` is set by Strandline: it holds what a permission of this agent gives it | remove it, or choose another name",
        ],
    );
}

#[test]
fn agents_of_one_name_are_told() {
    check_added(
        "  - { name: bot, path: b, runtime: python3.12, handler: a.b }\n",
        &[
            "8:13 duplicate-agent | there are two agents named `bot` | an agent's name is that of its stack: give one of them another",
        ],
    );
}

#[test]
fn shared_resources_that_cannot_be_told_apart_are_told() {
    check_added(
        "shared:\n  tables: { work: { key: { PK: S } } }\n  queues: { work: {} }\n",
        &[
            "10:13 duplicate-name | `work` is the name of another shared resource already | permissions name resources by their name alone: give one of them another",
        ],
    );
    check_added(
        "shared: { queues: { a-1: {}, a1: {} } }\n",
        &[
            "8:30 duplicate-name | `a1` and `a-1` are too much alike: both become `A1` | permissions name resources by their name alone: give one of them another",
        ],
    );
}

#[test]
fn paths_that_leave_the_bundle_are_told() {
    check_changed(
        "path: agents/bot",
        "path: ../bot",
        &[
            "5:11 wrong-path | `../bot` cannot be the path of an agent | a path cannot leave the bundle: move it below the folder that `strands.yaml` is in",
        ],
    );
    check_changed(
        "path: agents/bot",
        "path: /etc",
        &[
            "5:11 wrong-path | `/etc` cannot be the path of an agent | a path starts at the folder that `strands.yaml` is in, and has `/` between its parts",
        ],
    );
    check_changed(
        "path: agents/bot",
        "path: agents/../../x",
        &[
            "5:11 wrong-path | `agents/../../x` cannot be the path of an agent | a path cannot leave the bundle: move it below the folder that `strands.yaml` is in",
        ],
    );
    check_changed(
        "path: agents/bot",
        "path: .",
        &["5:11 wrong-path | `.` cannot be the path of an agent | name one of its own, e.g. `agents/support`"],
    );
    check_changed(
        "path: agents/bot",
        "path: agents//bot",
        &["5:11 wrong-path | `agents//bot` cannot be the path of an agent | write it without empty parts and `.`"],
    );
    check_changed(
        "path: agents/bot",
        r#"path: 'C:\bot'"#,
        &[
            r#"5:11 wrong-path | `C:\\bot` cannot be the path of an agent | a path starts at the folder that `strands.yaml` is in, and has `/` between its parts"#,
        ],
    );
}

#[test]
fn digests_that_are_none_are_told() {
    check_changed(
        "path: agents/bot",
        "artifact: abc",
        &[
            "5:15 wrong-digest | `abc` is not the digest of an artifact | a digest has 64 lower-case hexadecimal digits; an earlier deployment's record has it",
        ],
    );
}

#[test]
fn runtimes_that_lambda_does_not_have_are_told() {
    check_changed(
        "python3.12",
        "python3.8",
        &["6:14 unknown-runtime | Lambda no longer supports the runtime `python3.8` | move to `python3.14`"],
    );
    check_changed(
        "python3.12",
        "nodejs20.x",
        &["6:14 unknown-runtime | Lambda no longer supports the runtime `nodejs20.x` | move to `nodejs24.x`"],
    );
    check_changed(
        "python3.12",
        "python3.12.1",
        &["6:14 unknown-runtime | Lambda has no runtime `python3.12.1` | did you mean `python3.12`?"],
    );
    check_changed(
        "python3.12",
        "cobol",
        &[
            "6:14 unknown-runtime | Lambda has no runtime `cobol` | it has `python3.11`, `python3.12`, `python3.13`, `python3.14`, `nodejs22.x`, `nodejs24.x`, `java11`, `java17`, `java21`, `java25`, `dotnet10`, `ruby3.3`, `ruby3.4`, `provided.al2` and `provided.al2023`",
        ],
    );
    check_changed(
        "python3.12",
        "3.12",
        &[r#"6:14 wrong-type | `runtime` must be text, not the number `3.12` | put it between quotes: `"3.12"`"#],
    );
}

#[test]
fn handlers_that_cannot_be_found_are_told() {
    check_changed(
        "handler.handle",
        "handle",
        &[
            "7:14 wrong-handler | `handle` is not a handler of `python3.12` | a handler of `python3.12` is written `module.function`: `handler.handle` is `def handle` in `handler.py`",
        ],
    );
    check_changed(
        "handler.handle",
        "../x.handle",
        &[
            "7:14 wrong-handler | `../x.handle` is not a handler of `python3.12` | a handler of `python3.12` is written `module.function`: `handler.handle` is `def handle` in `handler.py`",
        ],
    );
    check_changed(
        "python3.12\n    handler: handler.handle",
        "java21\n    handler: 'a::'",
        &[
            "7:14 wrong-handler | `a::` is not a handler of `java21` | a handler of `java21` is written `package.Class::method`",
        ],
    );
}

#[test]
fn regions_and_accounts_that_aws_does_not_have_are_told() {
    check_changed(
        "eu-central-1",
        "eu-centrall-1",
        &["1:32 wrong-region | AWS has no region `eu-centrall-1` | did you mean `eu-central-1`?"],
    );
    check_changed(
        "eu-central-1",
        "mars",
        &["1:32 wrong-region | AWS has no region `mars` | a region is written like `eu-central-1`"],
    );
    check_changed(
        "dev: {}",
        "dev: { account: 1234, region: eu-west-9 }",
        &[
            "2:33 wrong-account | `1234` is not an account | an account has twelve digits; put them between quotes",
            "2:47 wrong-region | AWS has no region `eu-west-9` | did you mean `eu-west-1`?",
        ],
    );
    check_changed(
        "dev: {}",
        "dev: { account: 'x' }",
        &["2:33 wrong-account | `x` is not an account | an account has twelve digits; put them between quotes"],
    );
}

#[test]
fn variables_that_lambda_does_not_take_are_told() {
    check_added(
        "    environment: { 1A: x, 'A-B': y, A: z }\n",
        &[
            "8:20 wrong-variable | a variable cannot be named `1A` | names have at least two letters, digits and underscores, starting with a letter",
            "8:27 wrong-variable | a variable cannot be named `A-B` | names have at least two letters, digits and underscores, starting with a letter",
            "8:37 wrong-variable | a variable cannot be named `A` | names have at least two letters, digits and underscores, starting with a letter",
        ],
    );
}

#[test]
fn secrets_written_down_are_told() {
    check_added(
        "    environment: { KEY: AKIAIOSFODNN7EXAMPLE }\n",
        &[
            "8:25 secret | the variable `KEY` holds what looks like an AWS access key | a config is kept and shown in the history: store the secret in AWS Secrets Manager, give the agent its name, and let it read the value",
        ],
    );
    check_added(
        "    environment: { KEY: ghp_0123456789abcdefghij }\n",
        &[
            "8:25 secret | the variable `KEY` holds what looks like a GitHub token | a config is kept and shown in the history: store the secret in AWS Secrets Manager, give the agent its name, and let it read the value",
        ],
    );
    check_added(
        "shared: { parameters: { key: sk-ant-0123456789abcdefghij } }\n",
        &[
            "8:30 secret | this parameter holds what looks like an Anthropic API key | a config is kept and shown in the history: store the secret in AWS Secrets Manager",
        ],
    );
}

#[test]
fn tags_that_aws_does_not_take_are_told() {
    check_added(
        "    tags: { 'aws:x': y, 'Strands:x': y, '': y, 'a?': y, ok: 'no\\\\no' }\n",
        &[
            "8:13 wrong-tag | a tag cannot be named `aws:x` | `aws:` is AWS's own: choose another prefix",
            "8:25 wrong-tag | a tag cannot be named `Strands:x` | `strands:` is Strandline's own: choose another prefix",
            "8:41 wrong-tag | a tag cannot be named `` | names have 1 to 128 characters, values up to 256: letters, digits, spaces and `_ . : / = + - @`",
            "8:48 wrong-tag | a tag cannot be named `a?` | names have 1 to 128 characters, values up to 256: letters, digits, spaces and `_ . : / = + - @`",
            "8:61 wrong-tag | AWS does not take the value of the tag `ok` | names have 1 to 128 characters, values up to 256: letters, digits, spaces and `_ . : / = + - @`",
        ],
    );
}

#[test]
fn routes_that_an_api_cannot_have_are_told() {
    check_added(
        "    route: /support\nshared: { api_gateway: {} }\n",
        &["8:12 wrong-route | `/support` is not a route | write a method and a path, e.g. `POST /support`"],
    );
    check_added(
        "    route: post /support\nshared: { api_gateway: {} }\n",
        &["8:12 wrong-route | `post /support` is not a route | write the method as `POST`"],
    );
    check_added(
        "    route: FETCH /support\nshared: { api_gateway: {} }\n",
        &[
            "8:12 wrong-route | `FETCH /support` is not a route | its method is one of `ANY`, `DELETE`, `GET`, `HEAD`, `OPTIONS`, `PATCH`, `POST` and `PUT`",
        ],
    );
    check_added(
        "    route: [GET support, 'GET /a//b', 'GET /{a+}/b', 'GET /{}', 'GET /a b']\nshared: { api_gateway: {} }\n",
        &[
            "8:13 wrong-route | `GET support` is not a route | its path begins with `/`",
            "8:26 wrong-route | `GET /a//b` is not a route | its path has an empty part: remove the extra `/`",
            "8:39 wrong-route | `GET /{a+}/b` is not a route | `{a+}` takes the rest of the path: it must be last",
            "8:54 wrong-route | `GET /{}` is not a route | a parameter is written `{name}`, with letters, digits and `. _ -`",
            "8:65 wrong-route | `GET /a b` is not a route | its path has a character that no path has",
        ],
    );
    check_added(
        "    route: GET /support\n",
        &["8:12 api-missing | there is no API for this route | add `api_gateway: { type: http }` under `shared`"],
    );
    check_added(
        "    route: GET /x\n  - { name: other, path: b, runtime: python3.12, handler: a.b, route: GET /x }\nshared: { api_gateway: {} }\n",
        &[
            "9:71 duplicate-route | the route `GET /x` is taken by agent `bot` already | a route leads to one agent: give this one another path or method",
        ],
    );
}

#[test]
fn resources_that_do_not_exist_are_told() {
    check_added(
        "    permissions: [{ resource: order, access: read }]\nshared: { tables: { orders: { key: { PK: S } } } }\n",
        &["8:31 unknown-resource | there is no resource `order` | did you mean `orders`?"],
    );
    check_added(
        "    permissions: [{ resource: order, access: reed }]\nshared: { tables: { orders: { key: { PK: S } } } }\n",
        &[
            "8:31 unknown-resource | there is no resource `order` | did you mean `orders`?",
            "8:46 wrong-choice | `access` cannot be `reed` | did you mean `read`?",
        ],
    );
    check_added(
        "    permissions: [{ resource: zzz, access: read }]\n",
        &[
            "8:31 unknown-resource | there is no resource `zzz` | a permission names what stands under `shared` or `resources`, or `stack/LogicalId` in a template",
        ],
    );
}

#[test]
fn actions_and_arns_that_are_none_are_told() {
    check_added(
        "    permissions: [{ actions: [GetObject], resources: ['arn:aws:s3:::x/*'] }]\n",
        &[
            "8:31 wrong-action | `GetObject` is not an action | an action is written `service:Verb`, e.g. `bedrock:InvokeModel`",
        ],
    );
    check_added(
        "    permissions: [{ actions: ['s3:GetObject'], resources: [x] }]\n",
        &[
            "8:60 wrong-arn | `x` is not the ARN of a resource | an ARN is written `arn:aws:service:region:account:resource`; what stands under `shared` is named by `resource` and `access` instead",
        ],
    );
    check_added(
        "    managed_policies: [AdministratorAccess]\n",
        &[
            "8:24 wrong-arn | `AdministratorAccess` is not the ARN of a managed policy | e.g. `arn:aws:iam::aws:policy/AmazonBedrockLimitedAccess`",
        ],
    );
}

#[test]
fn an_agent_that_asks_for_everything_is_told() {
    check_added(
        "    permissions:\n      - { actions: ['*'], resources: ['*'] }\n      - { actions: ['*:*'], resources: ['*'] }\n      - { actions: ['iam:*'], resources: ['arn:aws:iam::123456789012:role/x'] }\n      - { actions: ['iam:PassRole'], resources: ['*'] }\n      - { actions: ['sts:AssumeRole'], resources: ['arn:aws:iam::*:role/x'] }\n      - { actions: ['organizations:LeaveOrganization'], resources: ['*'] }\n      - { NotAction: ['s3:*'], resources: ['*'] }\n      - { actions: ['dynamodb:*'], resources: ['*'] }\n      - { actions: ['dynamodb:*'], resources: ['arn:aws:*:*:*:*'] }\n",
        &[
            "9:21 administrator | `*` allows everything | name the actions that the agent needs, e.g. `bedrock:InvokeModel`",
            "10:21 administrator | `*:*` allows everything | name the actions that the agent needs, e.g. `bedrock:InvokeModel`",
            "11:21 administrator | `iam:*` on these resources makes an administrator | whoever may change or take on identities may do everything: name one action and one role, without `*`",
            "12:21 administrator | `iam:PassRole` on these resources makes an administrator | whoever may change or take on identities may do everything: name one action and one role, without `*`",
            "13:21 administrator | `sts:AssumeRole` on these resources makes an administrator | whoever may change or take on identities may do everything: name one action and one role, without `*`",
            "14:21 administrator | `organizations:LeaveOrganization` on these resources makes an administrator | whoever may change or take on identities may do everything: name one action and one role, without `*`",
            "15:11 administrator | `NotAction` would allow everything but what it names | name the `actions` and `resources` that the agent needs",
            "16:21 wildcard | `dynamodb:*` on `*` allows all of a service | name the actions that the agent needs, or the resources that it needs them on",
            "17:21 wildcard | `dynamodb:*` on `*` allows all of a service | name the actions that the agent needs, or the resources that it needs them on",
        ],
    );
    check_added(
        "    managed_policies: ['arn:aws:iam::aws:policy/AdministratorAccess', 'arn:aws:iam::aws:policy/IAMFullAccess', 'arn:aws:iam::aws:policy/PowerUserAccess']\n",
        &[
            "8:24 administrator | the policy `AdministratorAccess` makes an administrator | name what the agent needs under `permissions`",
            "8:71 administrator | the policy `IAMFullAccess` makes an administrator | name what the agent needs under `permissions`",
            "8:112 administrator | the policy `PowerUserAccess` makes an administrator | name what the agent needs under `permissions`",
        ],
    );
}

#[test]
fn e_mail_addresses_that_are_none_are_told() {
    check_added(
        "shared: { monitoring: { alarms: { email: ops } }, topics: { news: { emails: ['a@b', 'a b@c.de'] } } }\n",
        &[
            "8:42 wrong-email | `ops` is not an e-mail address | an address is written `name@example.com`",
            "8:78 wrong-email | `a@b` is not an e-mail address | an address is written `name@example.com`",
            "8:85 wrong-email | `a b@c.de` is not an e-mail address | an address is written `name@example.com`",
        ],
    );
}

#[test]
fn overrides_of_what_is_not_there_or_fixed_is_told() {
    check_changed(
        "dev: {}",
        "dev: { overrides: { agents: { bto: { memory: 256 }, bot: { path: x, memory: 64 } }, shred: {} } }",
        &[
            "2:47 unknown-agent | there is no agent `bto` to override | did you mean `bot`?",
            "2:76 fixed-key | an environment cannot override an agent's `path` | remove it: names and code are the same in every environment",
            "2:93 out-of-range | `memory` cannot be `64` | it goes from 128 to 10240 MB",
            "2:101 unknown-key | `overrides` has no key `shred` | did you mean `shared`?",
        ],
    );
}

#[test]
fn parameters_that_ssm_does_not_take_are_told() {
    check_added(
        "shared: { parameters: { empty: '' } }\n",
        &["8:32 too-large | a parameter cannot have 0 bytes | it goes from 1 to 4096 bytes"],
    );
}

#[test]
fn more_than_aws_takes_is_told() {
    let names = |count: usize, name: fn(usize) -> String| (0..count).map(name).collect::<Vec<_>>().join(", ");
    check_added(
        &format!("    environment: {{ BIG: '{}' }}\n", "x".repeat(4096)),
        &[
            "8:18 too-large | these variables have 4099 bytes, names included | Lambda takes 4096: put the rest into a file",
        ],
    );
    check_added(
        &format!("    managed_policies: [{}]\n", names(11, |index| format!("'arn:aws:iam::aws:policy/P{index}'"))),
        &["8:23 too-many | there are 11 managed policies | a role takes 10"],
    );
    check_changed(
        "region: eu-central-1 }",
        &format!("tags: {{ {} }} }}", names(41, |index| format!("t{index}: x"))),
        &[
            "1:30 too-many | there are 41 tags, inherited ones included | AWS takes 50, and Strandline's own are among them: \
           at most 40 are left",
        ],
    );
    check_changed(
        "dev: {}",
        &names(33, |index| format!("e{index}: {{}}")),
        &["2:15 too-many | there are 33 environments, and at most 32 are read | split the project"],
    );
}

#[test]
fn everything_that_is_wrong_is_told_at_once_in_the_order_of_the_text() {
    let text = "\
project: { name: Desk, region: mars }
environments:
  dev: { account: 12, overrides: { agents: { bot: { timeout: 901 } } } }
  prod: { overrides: { agents: { bot: { timeout: 902 } } } }
agents:
  - name: bot
    path: ../bot
    runtime: python3.7
    handler: handle
    memroy: 512
    memory: lots
";
    let codes: Vec<String> = found(text).iter().map(|line| line.split(" | ").next().unwrap().to_owned()).collect();
    let expected = [
        "1:18 wrong-name",
        "1:32 wrong-region",
        "3:19 wrong-account",
        "3:62 out-of-range",
        "4:50 out-of-range",
        "7:11 wrong-path",
        "8:14 unknown-runtime",
        "10:5 unknown-key",
        "11:13 wrong-type",
    ];
    assert_eq!(codes, expected);
}

#[test]
fn every_code_has_a_page_and_no_other() {
    let pages = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors/codes")).unwrap();
    let name = |page: std::io::Result<std::fs::DirEntry>| page.unwrap().file_name().into_string().unwrap();
    let explained: BTreeSet<String> = pages.map(|page| name(page).strip_suffix(".md").unwrap().to_owned()).collect();
    let codes: BTreeSet<String> = config::Code::ALL.iter().map(|code| code.as_str().to_owned()).collect();
    assert_eq!(explained, codes);
}

/// The sources of all tests below a folder.
fn texts_below(folder: &std::path::Path) -> String {
    let entries =
        std::fs::read_dir(folder).map(|entries| entries.map(|entry| entry.unwrap().path()).collect::<Vec<_>>());
    let text = |path: std::path::PathBuf| match path.is_dir() {
        true => texts_below(&path),
        false if path.extension().is_some_and(|ending| ending == "rs") => {
            let text = std::fs::read_to_string(path).unwrap();
            // Of a module with tests in it, the tests.
            let is_test = folder.components().any(|part| part.as_os_str() == "tests");
            let at = if is_test { Some(0) } else { text.find("#[cfg(test)]") };
            text.get(at.unwrap_or(text.len())..).unwrap_or_default().to_owned()
        }
        false => String::new(),
    };
    entries.unwrap_or_default().into_iter().map(text).collect()
}

#[test]
fn every_code_is_provoked_by_a_test() {
    let tests: String = [
        "tests/config",
        "../template/tests/template",
        "../template/tests/template/functions",
        "../source/src",
        "../template/src",
    ]
    .iter()
    .map(|folder| texts_below(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)))
    .collect();
    for code in config::Code::ALL {
        let short = code.as_str();
        let is_told = |area| {
            let full = code.within(area);
            tests.contains(&format!("\"{full}\"")) || tests.contains(&format!(" {full} | "))
        };
        let is_provoked = tests.contains(&format!(" {short} | "))
            || is_told(config::Area::Config)
            || is_told(config::Area::Template)
            || tests.contains(&format!("\"{short} at "))
            || tests.contains(&format!("Code::{code:?}"));
        assert!(is_provoked, "{short}");
    }
}

#[test]
fn actions_are_narrow_where_their_resources_are() {
    let allowed = [
        "{ actions: ['bedrock:InvokeModel*'], resources: ['arn:aws:bedrock:*::foundation-model/*'] }",
        "{ actions: ['iam:PassRole'], resources: ['arn:aws:iam::123456789012:role/one'] }",
        "{ actions: ['iam:GetRole', 'sts:GetCallerIdentity'], resources: ['*'] }",
        "{ actions: ['s3:*'], resources: ['arn:aws:s3:::mine', 'arn:aws:s3:::mine/*'] }",
        "{ actions: ['cloudwatch:PutMetricData'], resources: ['*'] }",
    ];
    for permission in allowed {
        check_added(&format!("    permissions: [{permission}]\n"), &[]);
    }
    let refused = [
        "{ actions: ['IAM:*'], resources: ['arn:aws:iam::123456789012:role/one'] }",
        "{ actions: ['iam:Put*'], resources: ['arn:aws:iam::123456789012:role/one'] }",
        "{ actions: ['sts:Get*'], resources: ['*'] }",
        "{ actions: ['s*:*'], resources: ['arn:aws:s3:::mine'] }",
        "{ actions: ['s3:*'], resources: ['arn:aws:s3:::*'] }",
    ];
    for permission in refused {
        let found = found(&small(&format!("    permissions: [{permission}]\n")));
        assert!(
            matches!(found.as_slice(), [one] if one.contains(" administrator | ") || one.contains(" wildcard | ")),
            "{permission}: {found:?}"
        );
    }
}

#[test]
fn notifications_are_known_and_stand_there_once() {
    check_added(
        "notifications: [deployd, failed, approval, failed, everything, [destroyed]]\n",
        &[
            "8:17 wrong-choice | a notification cannot be `deployd` | did you mean `deployed`?",
            "8:44 duplicate-item | `failed` stands in `notifications` twice | remove one of the two",
            "8:52 wrong-choice | a notification cannot be `everything` | it may be `approval`, `failed`, `refused`, `deployed`, `unchanged`, `rolled-back`, `destroyed` or `dropped`",
            "8:64 wrong-type | a notification must be text, not a list | write one text",
        ],
    );
    check_added(
        "notifications: deployed\n",
        &[
            "8:16 wrong-type | `notifications` must be a list of words, not the text `deployed` | write it as `- …` lines, or between `[` and `]`",
        ],
    );
}

#[test]
fn limits_are_known_and_within_range() {
    check_added(
        "limits: { resources: -1, deletions: many, removals: 3 }\n",
        &[
            "8:22 out-of-range | `resources` cannot be `-1` | it goes from 0 to 1000000",
            "8:37 wrong-type | `deletions` must be a whole number, not the text `many` | it goes from 0 to 1000000",
            "8:43 unknown-key | `limits` has no key `removals` | it may have `resources`, `changes`, `deletions` and `replacements`",
        ],
    );
}
