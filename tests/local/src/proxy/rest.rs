//! Operations of the services that have paths instead of operation names.

/// An operation and what its path names.
pub(super) struct Rest {
    pub(super) operation: String,
    pub(super) resource: Option<String>,
}

/// Tells the operation by method and path; `GET /path` where no table has it.
pub(super) fn operation(service: &str, method: &str, path: &str, query: &str, copies: bool) -> Rest {
    let segments: Vec<String> = path.split('/').filter(|s| !s.is_empty()).map(decoded).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let known = match service {
        "s3" => Some(s3(method, path, query, copies)),
        "lambda" => lambda(method, &segments),
        "apigateway" => apigateway(method, &segments),
        _ => None,
    };
    known.unwrap_or_else(|| Rest { operation: format!("{method} {path}"), resource: None })
}

fn found(operation: &str, resource: Option<String>) -> Option<Rest> {
    Some(Rest { operation: operation.to_owned(), resource })
}

fn lambda(method: &str, segments: &[&str]) -> Option<Rest> {
    let (_version, rest) = segments.split_first()?;
    match (method, rest) {
        ("POST", ["functions"]) => found("CreateFunction", None),
        ("GET", ["functions"]) => found("ListFunctions", None),
        (_, ["tags", arn]) => {
            let operation = match method {
                "GET" => "ListTags",
                "POST" => "TagResource",
                _ => "UntagResource",
            };
            found(operation, Some(super::fields::short(arn).to_owned()))
        }
        (_, ["layers", layer, "versions", of @ ..]) => {
            let operation = match (method, of) {
                ("POST", []) => "PublishLayerVersion",
                ("GET", []) => "ListLayerVersions",
                ("GET", [_]) => "GetLayerVersion",
                ("DELETE", [_]) => "DeleteLayerVersion",
                _ => return None,
            };
            let name = super::fields::short(layer);
            found(operation, Some(of.first().map_or_else(|| name.to_owned(), |number| format!("{name}:{number}"))))
        }
        (_, ["event-source-mappings"]) => {
            found(if method == "POST" { "CreateEventSourceMapping" } else { "ListEventSourceMappings" }, None)
        }
        (_, ["event-source-mappings", id]) => {
            let verb = match method {
                "GET" => "Get",
                "PUT" => "Update",
                _ => "Delete",
            };
            found(&format!("{verb}EventSourceMapping"), Some((*id).to_owned()))
        }
        (_, ["functions", function, of @ ..]) => {
            let name = super::fields::short(function);
            let name = name.strip_prefix("function:").unwrap_or(name);
            let (operation, sub) = lambda_function(method, of)?;
            found(operation, Some(sub.map_or_else(|| name.to_owned(), |sub| format!("{name}:{sub}"))))
        }
        _ => None,
    }
}

fn lambda_function<'a>(method: &str, of: &[&'a str]) -> Option<(&'static str, Option<&'a str>)> {
    let operation = match (method, of) {
        ("GET", []) => "GetFunction",
        ("DELETE", []) => "DeleteFunction",
        ("PUT", ["code"]) => "UpdateFunctionCode",
        ("GET", ["configuration"]) => "GetFunctionConfiguration",
        ("PUT", ["configuration"]) => "UpdateFunctionConfiguration",
        ("POST", ["invocations"]) => "Invoke",
        ("POST", ["versions"]) => "PublishVersion",
        ("GET", ["versions"]) => "ListVersionsByFunction",
        ("GET", ["policy"]) => "GetPolicy",
        ("POST", ["policy"]) => "AddPermission",
        ("DELETE", ["policy", statement]) => return Some(("RemovePermission", Some(statement))),
        ("GET", ["aliases"]) => "ListAliases",
        ("POST", ["aliases"]) => "CreateAlias",
        ("GET", ["aliases", alias]) => return Some(("GetAlias", Some(alias))),
        ("PUT", ["aliases", alias]) => return Some(("UpdateAlias", Some(alias))),
        ("DELETE", ["aliases", alias]) => return Some(("DeleteAlias", Some(alias))),
        ("GET", ["url"]) => "GetFunctionUrlConfig",
        ("POST", ["url"]) => "CreateFunctionUrlConfig",
        ("PUT", ["url"]) => "UpdateFunctionUrlConfig",
        ("DELETE", ["url"]) => "DeleteFunctionUrlConfig",
        ("GET", ["urls"]) => "ListFunctionUrlConfigs",
        ("GET", ["concurrency"]) => "GetFunctionConcurrency",
        ("PUT", ["concurrency"]) => "PutFunctionConcurrency",
        ("DELETE", ["concurrency"]) => "DeleteFunctionConcurrency",
        ("GET", ["event-invoke-config"]) => "GetFunctionEventInvokeConfig",
        ("PUT", ["event-invoke-config"]) => "PutFunctionEventInvokeConfig",
        ("POST", ["event-invoke-config"]) => "UpdateFunctionEventInvokeConfig",
        ("DELETE", ["event-invoke-config"]) => "DeleteFunctionEventInvokeConfig",
        _ => return None,
    };
    Some((operation, None))
}

fn apigateway(method: &str, segments: &[&str]) -> Option<Rest> {
    let verb = match method {
        "GET" => "Get",
        "POST" => "Create",
        "PATCH" | "PUT" => "Update",
        "DELETE" => "Delete",
        _ => return None,
    };
    match segments {
        ["v2", "tags", arn] => {
            let operation = match method {
                "GET" => "GetTags",
                "POST" => "TagResource",
                _ => "UntagResource",
            };
            found(operation, Some(super::fields::short(arn).to_owned()))
        }
        ["v2", "apis"] if method == "GET" => found("GetApis", None),
        ["v2", "apis"] => found("CreateApi", None),
        ["v2", "apis", api] => found(&format!("{verb}Api"), Some((*api).to_owned())),
        ["v2", "apis", api, "cors"] => found("DeleteCorsConfiguration", Some((*api).to_owned())),
        ["v2", "apis", api, "stages", stage, "accesslogsettings"] => {
            found("DeleteAccessLogSettings", Some(format!("{api}/{stage}")))
        }
        ["v2", "apis", api, kind] => {
            let singular = kind_name(kind)?;
            let plural = if method == "GET" { "s" } else { "" };
            found(&format!("{verb}{singular}{plural}"), Some((*api).to_owned()))
        }
        ["v2", "apis", api, kind, id] => found(&format!("{verb}{}", kind_name(kind)?), Some(format!("{api}/{id}"))),
        _ => None,
    }
}

fn kind_name(path_segment: &str) -> Option<&'static str> {
    Some(match path_segment {
        "routes" => "Route",
        "integrations" => "Integration",
        "stages" => "Stage",
        "deployments" => "Deployment",
        "authorizers" => "Authorizer",
        "models" => "Model",
        _ => return None,
    })
}

fn s3(method: &str, path: &str, query: &str, copies: bool) -> Rest {
    let path = path.trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let (bucket, key) = (decoded(bucket), decoded(key));
    let has = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    let verb = match method {
        "GET" => "Get",
        "HEAD" => "Head",
        "DELETE" => "Delete",
        _ => "Put",
    };
    let operation = if bucket.is_empty() {
        "ListBuckets".to_owned()
    } else if key.is_empty() {
        s3_bucket(verb, method, &has)
    } else {
        s3_object(verb, method, copies, &has)
    };
    let resource = match (bucket.is_empty(), key.is_empty()) {
        (true, _) => None,
        (false, true) => Some(bucket),
        (false, false) => Some(format!("{bucket}/{key}")),
    };
    Rest { operation, resource }
}

fn s3_bucket(verb: &str, method: &str, has: &dyn Fn(&str) -> bool) -> String {
    const SETTINGS: &[(&str, &str)] = &[
        ("versioning", "BucketVersioning"),
        ("encryption", "BucketEncryption"),
        ("publicAccessBlock", "PublicAccessBlock"),
        ("policy", "BucketPolicy"),
        ("policyStatus", "BucketPolicyStatus"),
        ("tagging", "BucketTagging"),
        ("lifecycle", "BucketLifecycleConfiguration"),
        ("notification", "BucketNotificationConfiguration"),
        ("ownershipControls", "BucketOwnershipControls"),
        ("cors", "BucketCors"),
        ("logging", "BucketLogging"),
        ("acl", "BucketAcl"),
        ("website", "BucketWebsite"),
        ("location", "BucketLocation"),
        ("object-lock", "ObjectLockConfiguration"),
        ("accelerate", "BucketAccelerateConfiguration"),
        ("replication", "BucketReplication"),
    ];
    if let Some((_, setting)) = SETTINGS.iter().find(|(name, _)| has(name)) {
        return format!("{verb}{setting}");
    }
    let operation = match method {
        "GET" if has("versions") => "ListObjectVersions",
        "GET" if has("uploads") => "ListMultipartUploads",
        "GET" if has("list-type") => "ListObjectsV2",
        "GET" => "ListObjects",
        "HEAD" => "HeadBucket",
        "POST" if has("delete") => "DeleteObjects",
        "DELETE" => "DeleteBucket",
        _ => "CreateBucket",
    };
    operation.to_owned()
}

fn s3_object(verb: &str, method: &str, copies: bool, has: &dyn Fn(&str) -> bool) -> String {
    match method {
        _ if has("tagging") => format!("{verb}ObjectTagging"),
        _ if has("acl") => format!("{verb}ObjectAcl"),
        _ if has("retention") => format!("{verb}ObjectRetention"),
        "GET" if has("attributes") => "GetObjectAttributes".to_owned(),
        "GET" if has("uploadId") => "ListParts".to_owned(),
        "POST" if has("uploads") => "CreateMultipartUpload".to_owned(),
        "POST" if has("uploadId") => "CompleteMultipartUpload".to_owned(),
        "POST" if has("select") => "SelectObjectContent".to_owned(),
        "PUT" if has("uploadId") => "UploadPart".to_owned(),
        "DELETE" if has("uploadId") => "AbortMultipartUpload".to_owned(),
        "PUT" if copies => "CopyObject".to_owned(),
        _ => format!("{verb}Object"),
    }
}

/// The value of one parameter of a query or a form.
pub(super) fn query_value(query: &str, name: &str) -> Option<String> {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=').map(decoded))
}

/// Without percent escapes and plus signs.
pub(super) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        let hex = |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
        match (first, tail.get(..2).and_then(hex)) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            (b'+', _) => bytes.push(b' '),
            _ => bytes.push(first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_and_what_is_none_stays() {
        for (text, expected) in [("a%2Fb", "a/b"), ("a+b", "a b"), ("100%", "100%"), ("%zz", "%zz"), ("%C3%A9", "é")] {
            assert_eq!(decoded(text), expected);
        }
    }
}
