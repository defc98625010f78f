//! Any text as a template: whatever it is, it is read and expanded, or what is wrong with it is told.
#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use libfuzzer_sys::{Corpus, fuzz_target};
use model::{Environment, EnvironmentId, Snapshot};
use source::{Area, Files, Report, Span};
use template::{Context, Stack, expand};

static ENVIRONMENT: LazyLock<Environment> = LazyLock::new(|| {
    let id = EnvironmentId::new("shop", "dev").expect("the names are right");
    Environment::new(id, "123456789012", "eu-central-1")
});

fuzz_target!(|text: &str| -> Corpus { run(text) });

fn run(text: &str) -> Corpus {
    let mut files = Files::config("strands.yaml", "");
    let file = files.add("template.yaml", Area::Template, text);
    let mut findings = Vec::new();
    if let Some(root) = source::tree(&files, file, &mut findings) {
        let stack = Stack {
            name: "stack".to_owned(),
            span: Span::default(),
            root,
            parameters: Vec::new(),
            within: None,
            assets: Vec::new(),
            values: Vec::new(),
        };
        let (known, snapshot) = (BTreeMap::new(), Snapshot::default());
        let context = Context {
            environment: &ENVIRONMENT,
            artifact_bucket: "artifacts",
            known: &known,
            snapshot: &snapshot,
            files: &files,
        };
        expand(&[stack], &context, &mut findings);
    }
    let report = Report::of(&files, findings);
    report.refusals();
    let _ = report.to_string();
    Corpus::Keep
}
