//! What is uploaded where, and what its author is told.

use crate::bundles::{SMALL, bomb_of_aliases, changed, extended, small, with_entry_named, with_link, with_zeros};

/// One bad upload.
pub(crate) struct Case {
    /// The object's key in the inbox.
    pub(crate) key: &'static str,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// Everything that is wrong with it, in order, each as `line:column code | message | help`; `-` where no line is meant.
    pub(crate) told: &'static [&'static str],
}

/// Where bundles go.
pub(crate) const BUNDLE: &str = "support-desk/dev/bundle.zip";
const CONFIG: &str = "support-desk/dev/strands.yaml";

fn bundle(bytes: Vec<u8>, told: &'static [&'static str]) -> Case {
    Case { key: BUNDLE, bytes, told }
}

fn config(text: &str, told: &'static [&'static str]) -> Case {
    Case { key: CONFIG, bytes: text.as_bytes().to_vec(), told }
}

fn at(key: &'static str, told: &'static [&'static str]) -> Case {
    Case { key, bytes: small().bundle(), told }
}

/// Every one.
pub(crate) fn all() -> Vec<Case> {
    [texts(), values(), code(), archives(), places()].into_iter().flatten().collect()
}

/// What is no config, or none that this engine understands.
fn texts() -> Vec<Case> {
    vec![
        config(
            "project: {name: desk\nagents: ]\n",
            &[
                "2:7 config::syntax | this is not YAML: while parsing a flow mapping, did not find expected ',' or '}' | look at the indentation and the quotes of this line and of the one before it",
            ],
        ),
        config(
            &bomb_of_aliases(),
            &[
                "14:15 config::too-large | this grows too large once its aliases are followed | write out what is meant, without aliases",
            ],
        ),
        config("", &["- intake::empty | the upload is empty | upload the file again"]),
        config(
            "\u{1}\u{2}",
            &[
                r"1:1 config::syntax | this is not YAML: unexpected character: `\u{1}' | look at the indentation and the quotes of this line and of the one before it",
            ],
        ),
        Case {
            key: CONFIG,
            bytes: vec![0xff, 0xfe, b'a'],
            told: &["- intake::not-text | the config is not UTF-8 text (byte 0) | save it as UTF-8"],
        },
        Case {
            key: CONFIG,
            bytes: vec![b' '; (1 << 20) + 1],
            told: &[
                "- intake::config-too-large | the config has more than 1 MiB | a config describes; move data elsewhere",
            ],
        },
        config(
            &format!("{SMALL}share: {{}}\n"),
            &["8:1 config::unknown-key | a config has no key `share` | did you mean `shared`?"],
        ),
        bundle(
            extended("    memroy: 512\n"),
            &["8:5 config::unknown-key | an agent has no key `memroy` | did you mean `memory`?"],
        ),
        bundle(
            extended("    memory: 512MB\n    dlq: yes\n"),
            &[
                "8:13 config::wrong-type | `memory` must be a whole number, not the text `512MB` | write `512`: it is a number of MB",
                "9:10 config::wrong-type | `dlq` must be `true` or `false`, not the text `yes` | write `true`",
            ],
        ),
    ]
}

/// Values that AWS or the engine would not take.
fn values() -> Vec<Case> {
    vec![
        bundle(
            changed("name: support-desk", "name: Support Desk"),
            &[
                "1:18 config::wrong-name | `Support Desk` cannot name a project | a name has at most 24 lower-case letters, digits and single inner hyphens, starting with a letter, e.g. `support-desk`",
            ],
        ),
        bundle(
            changed("us-east-1", "us-eest-1"),
            &["1:40 config::wrong-region | AWS has no region `us-eest-1` | did you mean `us-east-1`?"],
        ),
        bundle(
            changed("\"123456789012\"", "12345"),
            &[
                "2:33 config::wrong-account | `12345` is not an account | an account has twelve digits; put them between quotes",
            ],
        ),
        bundle(
            extended("    memory: 64\n    timeout: 901\n"),
            &[
                "8:13 config::out-of-range | `memory` cannot be `64` | it goes from 128 to 10240 MB",
                "9:14 config::out-of-range | `timeout` cannot be `901` | it goes from 1 to 900 seconds",
            ],
        ),
        bundle(
            changed("python3.11", "cobol"),
            &[
                "6:14 config::unknown-runtime | Lambda has no runtime `cobol` | it has `python3.11`, `python3.12`, `python3.13`, `python3.14`, `nodejs22.x`, `nodejs24.x`, `java11`, `java17`, `java21`, `java25`, `dotnet10`, `ruby3.3`, `ruby3.4`, `provided.al2` and `provided.al2023`",
            ],
        ),
        bundle(
            extended("  - { name: bot, path: agents/bot, runtime: python3.11, handler: handler.handle }\n"),
            &[
                "8:13 config::duplicate-agent | there are two agents named `bot` | an agent's name is that of its stack: give one of them another",
            ],
        ),
        bundle(
            extended("    managed_policies: ['arn:aws:iam::aws:policy/AdministratorAccess']\n"),
            &[
                "8:24 config::administrator | the policy `AdministratorAccess` makes an administrator | name what the agent needs under `permissions`",
            ],
        ),
        bundle(
            extended("    permissions: [{ actions: ['*'], resources: ['*'] }]\n"),
            &[
                "8:31 config::administrator | `*` allows everything | name the actions that the agent needs, e.g. `bedrock:InvokeModel`",
            ],
        ),
        // Everything at once.
        bundle(
            small()
                .with("strands.yaml", "python3.11", "python2.7")
                .with("strands.yaml", "agents/bot", "../bot")
                .with("strands.yaml", "name: bot", "name: BOT")
                .bundle(),
            &[
                "4:11 config::wrong-name | `BOT` cannot name an agent | a name has at most 40 lower-case letters, digits and single inner hyphens, starting with a letter, e.g. `bot`",
                "5:11 config::wrong-path | `../bot` cannot be the path of an agent | a path cannot leave the bundle: move it below the folder that `strands.yaml` is in",
                "6:14 config::unknown-runtime | Lambda no longer supports the runtime `python2.7` | move to `python3.14`",
            ],
        ),
    ]
}

/// Configs that name code which is not there.
fn code() -> Vec<Case> {
    let without = |path: &str| {
        let mut project = small();
        project.files.remove(path);
        project.files.insert("agents/bto/main.py".to_owned(), Vec::new());
        project
    };
    let mut other_file = small();
    other_file.files.remove("agents/bot/handler.py");
    other_file.files.insert("agents/bot/main.py".to_owned(), Vec::new());
    vec![
        bundle(
            without("agents/bot/handler.py").bundle(),
            &[
                "5:11 config::folder-missing | the folder `agents/bot` of agent `bot` is not in the bundle | did you mean `agents/bto`?",
            ],
        ),
        bundle(
            other_file.bundle(),
            &[
                "7:14 config::handler-missing | the folder of agent `bot` has no `handler.py` or `handler/__init__.py` for its handler | a handler of `python3.11` is written `module.function`: `handler.handle` is `def handle` in `handler.py`",
            ],
        ),
        bundle(
            without("strands.yaml").bundle(),
            &[
                "- intake::no-config | the bundle has no `strands.yaml` | zip the contents of the project's folder, not the folder itself",
            ],
        ),
        config(
            SMALL,
            &[
                "5:11 config::artifact-missing | agent `bot` has its code in `agents/bot`, and no bundle was uploaded | upload a `bundle.zip` with the agent's folder; a bare config can only name code that was deployed before",
            ],
        ),
        config(
            &SMALL.replace(
                "path: agents/bot",
                "artifact: 0123456789012345678901234567890123456789012345678901234567890123",
            ),
            &[
                "5:15 config::artifact-missing | no code `0123456789012345678901234567890123456789012345678901234567890123` is stored for agent `bot` | upload a `bundle.zip` with the agent's folder; a bare config can only name code that was deployed before",
            ],
        ),
    ]
}

/// What is no archive, or one that was made to hurt.
fn archives() -> Vec<Case> {
    let whole = small().bundle();
    vec![
        bundle(
            Vec::new(),
            &["- bundle::empty-object | the object is empty | upload a zip archive: `zip -r bundle.zip .`"],
        ),
        bundle(
            b"hello".to_vec(),
            &["- bundle::not-a-zip | the object is not a zip archive | make it with `zip -r bundle.zip .`"],
        ),
        bundle(
            whole[..whole.len() - 40].to_vec(),
            &[
                "- bundle::truncated | the archive has no readable end | it was probably cut off: upload it again, completely",
            ],
        ),
        bundle(
            with_entry_named("../../etc/cron.d/evil"),
            &[
                "- bundle::path-escape | the path `../../etc/cron.d/evil` leads out of the archive | make the archive from inside the project, without `..`",
            ],
        ),
        bundle(
            with_entry_named("/etc/passwd"),
            &[
                "- bundle::absolute-path | the path `/etc/passwd` is absolute | make the archive from inside the project: `zip -r bundle.zip .`",
            ],
        ),
        bundle(
            with_entry_named("C:\\evil.exe"),
            &[
                r"- bundle::backslash | the path `C:\evil.exe` holds a backslash | make the archive with `/` between folders, as the zip format asks",
                r"- bundle::drive-letter | the path `C:\evil.exe` begins with a drive letter | make the archive from inside the project, with relative paths",
            ],
        ),
        bundle(
            with_link(),
            &[
                "- bundle::link | `agents/bot/shadow` is a symbolic link | put the file itself in its place: `zip` does so without `-y`",
            ],
        ),
        bundle(
            with_zeros(64),
            &[
                "- bundle::bomb | `agents/bot/zeros` unpacks to more than 200 times its packed size | leave it out, or make it at run time",
            ],
        ),
        bundle(
            with_zeros(1024),
            &[
                "- bundle::file-too-large | `agents/bot/zeros` unpacks to 1 GiB, and at most 250 MiB are allowed | no Lambda function can hold it: keep it in a bucket",
            ],
        ),
        // The largest upload that is read is 256 MiB. Nothing of what is larger is fetched into the function's memory.
        bundle(
            vec![0; 257 << 20],
            &[
                "- intake::too-large | the upload has 269484032 bytes; at most 268435456 are accepted | leave out what the agents do not need",
            ],
        ),
    ]
}

/// Uploads to a place that is not theirs.
fn places() -> Vec<Case> {
    vec![
        at(
            "support-desk/prod/bundle.zip",
            &[
                "- intake::unknown-environment | no environment `support-desk/prod` is registered | check the upload's path, or ask an administrator to register it",
            ],
        ),
        at(
            "nobody/dev/bundle.zip",
            &[
                "- intake::unknown-environment | no environment `nobody/dev` is registered | check the upload's path, or ask an administrator to register it",
            ],
        ),
        at(
            "Support Desk/dev/bundle.zip",
            &[
                "- intake::path | `Support Desk` is not a project name: at most 24 lower-case letters, digits and single inner hyphens, starting with a letter | upload to `{project}/{environment}/bundle.zip`",
            ],
        ),
        at(
            "bundle.zip",
            &[
                "- intake::path | `bundle.zip` is not below a project and an environment | upload to `{project}/{environment}/bundle.zip`",
            ],
        ),
        at(
            "support-desk/dev/notes.txt",
            &[
                "- intake::unknown-file | `notes.txt` is neither a bundle nor a config nor a rollback | upload a `bundle.zip`, a bare `strands.yaml` whose agents name stored artifacts, or a `rollback.json`",
            ],
        ),
        // Registered, but not in the config; of another project; in another account and region.
        at(
            "support-desk/test/bundle.zip",
            &[
                "2:17 config::unknown-environment | the config has no environment `test` | it has `dev`; the environment is the second part of the upload's path",
            ],
        ),
        at(
            "shop/dev/bundle.zip",
            &[
                "1:18 config::project-mismatch | the config is of project `support-desk`, and was uploaded to `shop/dev` | upload it to its own project, or change the name here",
            ],
        ),
        Case {
            key: "support-desk/staging/bundle.zip",
            bytes: changed("dev: { account: \"123456789012\" }", "staging: { account: \"123456789012\" }"),
            told: &[
                "1:40 config::region-mismatch | the config says region `us-east-1` for `support-desk/staging`, and the environment's record says `eu-west-1` | the record is an administrator's: change the config, or ask for another environment",
                "2:37 config::account-mismatch | the config says account `123456789012` for `support-desk/staging`, and the environment's record says `210987654321` | the record is an administrator's: change the config, or ask for another environment",
            ],
        },
    ]
}
