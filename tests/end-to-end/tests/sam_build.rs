//! What ships is built by `sam build` with cargo-lambda, not by the plain cargo that the other tests use. This shows that it
//! works, for `intake`, on a machine that has only Rust and Python 3.

use std::path::{Path, PathBuf};
use std::process::Command;

use local::Progress;
use local::venv::{self, Venv};

#[test]
fn sam_builds_intake_into_a_bootstrap_for_lambda() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let venv = Venv::ensure(&root.join("target/local/lint-venv"), venv::LINT, &Progress::silent()).unwrap();
    let build = root.join("target/local/sam-build");
    let mut paths = vec![venv.bin("")];
    paths.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let output = Command::new(venv.bin("sam"))
        .current_dir(&root)
        .args(["build", "IntakeFunction", "--beta-features", "--parameter-overrides", "Architecture=x86_64"])
        .arg("--build-dir")
        .arg(&build)
        .env("PATH", std::env::join_paths(paths).unwrap())
        .env("AWS_DEFAULT_REGION", local::emulator::REGION)
        .env("SAM_CLI_TELEMETRY", "0")
        // The way is the same without optimisation, and takes a third of the time.
        .env("SAM_BUILD_MODE", "debug")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");

    let bootstrap: PathBuf = build.join("IntakeFunction/bootstrap");
    let bytes = std::fs::read(&bootstrap).unwrap_or_else(|error| panic!("{}: {error}\n{said}", bootstrap.display()));
    assert_eq!(bytes.get(..4), Some(b"\x7fELF".as_slice()), "an executable for Linux");
    assert_eq!(bytes.get(18..20), Some([0x3e, 0].as_slice()), "for x86_64");
    let template = std::fs::read_to_string(build.join("template.yaml")).unwrap();
    assert!(template.contains("CodeUri: IntakeFunction"), "the built template names it");
}
