//! Installs the engine and target roles into the embedded account through CloudFormation, as a user would.
//!
//! What `sam package` does is done here: code goes to a bucket, and the template that is installed points there. Besides,
//! only what the emulator would misjudge is changed, by [`contracts::emulated`].

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use aws_sdk_cloudformation::types::{Capability, Parameter, StackEvent};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{LocalError, Progress, clients::Clients, package};

/// Name of the engine's stack.
pub const ENGINE_STACK: &str = "strandline";
/// Bucket of the code that stacks are made from.
const CODE_BUCKET: &str = "strandline-local-code";
/// CloudFormation's limit for a template in the request itself; larger ones go by way of S3.
const INLINE_TEMPLATE: usize = 51_200;
/// Far more than a stack of this size takes.
const STACK_LIMIT: Duration = Duration::from_secs(180);

/// What to install, and how.
#[derive(Clone, Debug)]
pub struct Installation {
    /// The checkout: has `template.yaml`, `statemachine/` and `bootstrap/`.
    pub root: PathBuf,
    /// Where the function binaries are.
    pub binaries: PathBuf,
    /// Parameters of `template.yaml`; the architecture is set already.
    pub parameters: Vec<(String, String)>,
}

/// Makes the engine's stack.
///
/// # Errors
/// A binary is not built, or the stack fails; then the error has its failed events.
pub async fn engine(clients: &Clients, installation: &Installation, progress: &Progress) -> Result<(), LocalError> {
    progress.say("packaging the functions");
    let created = clients.s3.create_bucket().bucket(CODE_BUCKET).send().await;
    created.map_err(|e| LocalError::aws("s3:CreateBucket", e))?;
    let mut template = read_template(&installation.root.join("template.yaml"))?;
    for function in package::functions(&installation.binaries, package::Packing::Stored)? {
        let size = function.zip.len();
        let key = put(clients, function.zip, "zip").await?;
        progress.say(format!("{}: {:.1} MB", function.binary, size as f64 / 1e6));
        let at = format!("/Resources/{}/Properties", function.logical_id);
        let unreadable = || LocalError::Unreadable { what: "template.yaml", message: format!("has no `{at}`") };
        let properties = template.pointer_mut(&at).and_then(Value::as_object_mut).ok_or_else(unreadable)?;
        properties.insert("CodeUri".into(), json!({"Bucket": CODE_BUCKET, "Key": key}));
    }
    upload_definitions(clients, &installation.root, &mut template).await?;
    let mut parameters = vec![("Architecture".to_owned(), "x86_64".to_owned())];
    parameters.extend(installation.parameters.iter().cloned());
    create(clients, ENGINE_STACK, &template, &parameters, progress).await
}

/// Makes the stack with the target role and the boundary of one environment.
///
/// # Errors
/// The stack fails; then the error has its failed events.
pub async fn target_role(
    clients: &Clients,
    root: &Path,
    project: &str,
    environment: &str,
    progress: &Progress,
) -> Result<(), LocalError> {
    let template = read_template(&root.join("bootstrap/target-role.yaml"))?;
    let parameters = [("Project", project), ("Environment", environment)].map(|(k, v)| (k.to_owned(), v.to_owned()));
    create(clients, &target_stack(project, environment), &template, &parameters, progress).await
}

/// Name of the stack that an environment's target role is in.
pub fn target_stack(project: &str, environment: &str) -> String {
    format!("strandline-target-{project}-{environment}")
}

/// Deletes a stack, and waits until it is gone. What it retains stays.
///
/// # Errors
/// It cannot be deleted.
pub async fn remove(clients: &Clients, stack: &str) -> Result<(), LocalError> {
    let deleted = clients.cloudformation.delete_stack().stack_name(stack).send().await;
    deleted.map_err(|e| LocalError::aws("cloudformation:DeleteStack", e))?;
    let began = std::time::Instant::now();
    while outputs(clients, stack).await.is_ok() {
        if began.elapsed() > STACK_LIMIT {
            return Err(LocalError::Unreadable { what: "a stack", message: format!("`{stack}` is still there") });
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// A stack's outputs, by key.
///
/// # Errors
/// There is no such stack.
pub async fn outputs(clients: &Clients, stack: &str) -> Result<Vec<(String, String)>, LocalError> {
    let described = clients.cloudformation.describe_stacks().stack_name(stack).send().await;
    let described = described.map_err(|e| LocalError::aws("cloudformation:DescribeStacks", e))?;
    let outputs = described.stacks().iter().flat_map(|s| s.outputs());
    Ok(outputs.filter_map(|o| Some((o.output_key()?.to_owned(), o.output_value()?.to_owned()))).collect())
}

/// A template in the form that the emulator judges as AWS would judge the original.
fn read_template(path: &Path) -> Result<Value, LocalError> {
    let read = contracts::template::load(path);
    let mut template = read.map_err(|e| LocalError::Unreadable { what: "a template", message: e.to_string() })?;
    contracts::emulated::adapt(&mut template);
    Ok(template)
}

/// Uploads what `DefinitionUri`s point to.
async fn upload_definitions(clients: &Clients, root: &Path, template: &mut Value) -> Result<(), LocalError> {
    let resources = template.get_mut("Resources").and_then(Value::as_object_mut);
    for resource in resources.into_iter().flat_map(|r| r.values_mut()) {
        let Some(definition) = resource.pointer_mut("/Properties/DefinitionUri") else { continue };
        let Some(path) = definition.as_str() else { continue };
        let path = root.join(path);
        let text = fs::read(&path).map_err(|e| LocalError::io(format!("read `{}`", path.display()), e))?;
        let key = put(clients, text, "json").await?;
        *definition = json!({"Bucket": CODE_BUCKET, "Key": key});
    }
    Ok(())
}

/// Puts something under the digest of its content, and says under which key.
async fn put(clients: &Clients, bytes: Vec<u8>, extension: &str) -> Result<String, LocalError> {
    let key = format!("{}.{extension}", hex::encode(Sha256::digest(&bytes)));
    let put = clients.s3.put_object().bucket(CODE_BUCKET).key(&key).body(bytes.into()).send().await;
    put.map_err(|e| LocalError::aws("s3:PutObject", e))?;
    Ok(key)
}

async fn create(
    clients: &Clients,
    stack: &str,
    template: &Value,
    parameters: &[(String, String)],
    progress: &Progress,
) -> Result<(), LocalError> {
    progress.say(format!("creating stack {stack}"));
    let body = template.to_string();
    let mut request = clients.cloudformation.create_stack().stack_name(stack);
    request = if body.len() > INLINE_TEMPLATE {
        let key = put(clients, body.into_bytes(), "json").await?;
        request.template_url(format!("https://{CODE_BUCKET}.s3.amazonaws.com/{key}"))
    } else {
        request.template_body(body)
    };
    for capability in [Capability::CapabilityIam, Capability::CapabilityNamedIam, Capability::CapabilityAutoExpand] {
        request = request.capabilities(capability);
    }
    for (key, value) in parameters {
        request = request.parameters(Parameter::builder().parameter_key(key).parameter_value(value).build());
    }
    request.send().await.map_err(|e| LocalError::aws("cloudformation:CreateStack", e))?;
    wait(clients, stack, progress).await
}

async fn wait(clients: &Clients, stack: &str, progress: &Progress) -> Result<(), LocalError> {
    let started = std::time::Instant::now();
    let mut reported = BTreeSet::new();
    loop {
        let described = clients.cloudformation.describe_stacks().stack_name(stack).send().await;
        let described = described.map_err(|e| LocalError::aws("cloudformation:DescribeStacks", e))?;
        let status = described
            .stacks()
            .first()
            .and_then(|s| s.stack_status())
            .map(|s| s.as_str().to_owned())
            .unwrap_or_default();
        let events = events(clients, stack).await?;
        for event in events.iter().rev() {
            if let Some(line) = completed(event)
                && reported.insert(line.clone())
            {
                progress.say(line);
            }
        }
        match status.as_str() {
            "CREATE_COMPLETE" => return Ok(()),
            "CREATE_IN_PROGRESS" if started.elapsed() < STACK_LIMIT => {}
            _ => {
                let failed: Vec<String> = events.iter().rev().filter_map(failure).collect();
                return Err(LocalError::Stack { stack: stack.to_owned(), status, events: failed.join("\n") });
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn events(clients: &Clients, stack: &str) -> Result<Vec<StackEvent>, LocalError> {
    let events = clients.cloudformation.describe_stack_events().stack_name(stack).send().await;
    Ok(events.map_err(|e| LocalError::aws("cloudformation:DescribeStackEvents", e))?.stack_events.unwrap_or_default())
}

fn completed(event: &StackEvent) -> Option<String> {
    let done = event.resource_status()?.as_str() == "CREATE_COMPLETE";
    done.then(|| {
        format!("{} {}", event.resource_type().unwrap_or_default(), event.logical_resource_id().unwrap_or_default())
    })
}

fn failure(event: &StackEvent) -> Option<String> {
    let failed = event.resource_status()?.as_str().ends_with("FAILED");
    let text = || {
        format!(
            "{} {}: {}",
            event.resource_type().unwrap_or_default(),
            event.logical_resource_id().unwrap_or_default(),
            event.resource_status_reason().unwrap_or("no reason given")
        )
    };
    failed.then(text)
}
