"""Prints as JSON what exists in an account, as boto3 sees it: kind, then name, then what is known of it.

Usage: look.py ENDPOINT REGION PREFIX. Without what changes by itself: times, revision ids, sizes of stores.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote, urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT, REGION, PREFIX = sys.argv[1:4]
if urlsplit(ENDPOINT).hostname not in ("127.0.0.1", "::1"):
    sys.exit(f"{ENDPOINT} is not loopback")

VOLATILE = {
    "ResponseMetadata", "RevisionId", "LastModified", "LastModifiedDate", "LastModifiedTime", "CreationDate", "CreateDate",
    "CreatedDate", "creationTime", "CreationDateTime", "storedBytes", "TableSizeBytes", "ItemCount", "LastUpdatedDate",
    "LastUpdatedTimestamp", "RoleLastUsed", "CreatedTimestamp", "LastModifiedTimestamp", "CreationTime", "StateUpdatedTimestamp",
    "AlarmConfigurationUpdatedTimestamp", "StateTransitionedTimestamp", "StateReason", "StateReasonData", "StateValue", "Version",
    "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessagesNotVisible",
    "TableId", "LatestStreamLabel", "RoleId", "PolicyId", "LastUpdateDateTime", "NextToken", "EvaluatedBy",
}


def client(name):
    config = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2}, proxies={})
    return boto3.client(name, endpoint_url=ENDPOINT, region_name=REGION, config=config)


def named(name):
    """Whether a name is meant: its own, or its part behind a leading path."""
    return name.startswith(PREFIX) or name.lstrip("/").startswith(PREFIX + "/") or name.rsplit("/", 1)[-1].startswith(PREFIX) \
        or name.lstrip("/").startswith(PREFIX.replace("-", "/", 1))


def clean(value):
    if isinstance(value, dict):
        return {k: clean(v) for k, v in sorted(value.items()) if k not in VOLATILE}
    if isinstance(value, list):
        return [clean(v) for v in value]
    if isinstance(value, (str, int, float, bool)) or value is None:
        return document(value)
    return str(value)


def document(value):
    """Policies come as text, some escaped, some not."""
    if isinstance(value, str) and value.startswith(("{", "%7B")):
        try:
            return json.loads(unquote(value) if value.startswith("%7B") else value)
        except ValueError:
            pass
    return value


def tags(items, key="Key", value="Value"):
    return {t[key]: t[value] for t in items}


def maybe(call, *path, **arguments):
    """What a call answers, or None where AWS says that there is nothing."""
    try:
        found = call(**arguments)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404 or code.startswith("NoSuch") or code.endswith("NotFoundError") \
                or code.endswith("NonExistentQueue") or code == "ParameterNotFound":
            return None
        raise
    for part in path:
        found = found.get(part) if found else None
    return found


def pages(of, operation, key, **arguments):
    return [item for page in of.get_paginator(operation).paginate(**arguments) for item in page.get(key, [])]


def roles():
    iam = client("iam")
    found = {}
    for role in pages(iam, "list_roles", "Roles"):
        name = role["RoleName"]
        if not named(name):
            continue
        role = iam.get_role(RoleName=name)["Role"]
        inline = pages(iam, "list_role_policies", "PolicyNames", RoleName=name)
        role["Tags"] = tags(pages(iam, "list_role_tags", "Tags", RoleName=name))
        role["InlinePolicies"] = {
            p: iam.get_role_policy(RoleName=name, PolicyName=p)["PolicyDocument"] for p in inline}
        role["ManagedPolicies"] = sorted(
            p["PolicyArn"] for p in pages(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=name))
        found[name] = role
    return found


def functions():
    lam = client("lambda")
    found = {}
    for config in pages(lam, "list_functions", "Functions"):
        name = config["FunctionName"]
        if not named(name):
            continue
        function = lam.get_function(FunctionName=name)
        aliases = pages(lam, "list_aliases", "Aliases", FunctionName=name)
        urls, policies = {}, {}
        for qualifier in [None, *(a["Name"] for a in aliases)]:
            at = {"FunctionName": name, **({"Qualifier": qualifier} if qualifier else {})}
            urls[qualifier or "$LATEST"] = maybe(lam.get_function_url_config, **at)
            policies[qualifier or "$LATEST"] = maybe(lam.get_policy, "Policy", **at)
        versions = [v["Version"] for v in pages(lam, "list_versions_by_function", "Versions", FunctionName=name)]
        found[name] = {
            "Configuration": function["Configuration"],
            "Tags": function.get("Tags", {}),
            "Concurrency": maybe(lam.get_function_concurrency, "ReservedConcurrentExecutions", FunctionName=name),
            "EventInvokeConfig": maybe(lam.get_function_event_invoke_config, FunctionName=name),
            "Urls": {q: u for q, u in urls.items() if u},
            "Policies": {q: p for q, p in policies.items() if p},
            "Aliases": {a["Name"]: {k: a.get(k) for k in ("FunctionVersion", "Description", "RoutingConfig")} for a in aliases},
            "PublishedVersions": [v for v in versions if v != "$LATEST"],
        }
    return found


def log_groups():
    logs = client("logs")
    found = {}
    for group in pages(logs, "describe_log_groups", "logGroups"):
        name = group["logGroupName"]
        if named(name):
            arn = group["arn"].removesuffix(":*")
            found[name] = {**group, "Tags": logs.list_tags_for_resource(resourceArn=arn).get("tags", {})}
    return found


def buckets():
    s3 = client("s3")
    found = {}
    for name in (b["Name"] for b in s3.list_buckets()["Buckets"]):
        if not named(name):
            continue
        found[name] = {
            "Versioning": maybe(s3.get_bucket_versioning, "Status", Bucket=name),
            "Encryption": maybe(s3.get_bucket_encryption, "ServerSideEncryptionConfiguration", Bucket=name),
            "PublicAccessBlock": maybe(s3.get_public_access_block, "PublicAccessBlockConfiguration", Bucket=name),
            "Policy": maybe(s3.get_bucket_policy, "Policy", Bucket=name),
            "Lifecycle": maybe(s3.get_bucket_lifecycle_configuration, "Rules", Bucket=name),
            "Ownership": maybe(s3.get_bucket_ownership_controls, "OwnershipControls", Bucket=name),
            "Tags": tags(maybe(s3.get_bucket_tagging, "TagSet", Bucket=name) or []),
        }
    return found


def tables():
    ddb = client("dynamodb")
    found = {}
    for name in filter(named, pages(ddb, "list_tables", "TableNames")):
        table = ddb.describe_table(TableName=name)["Table"]
        backups = ddb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        found[name] = {
            **table,
            "Tags": tags(pages(ddb, "list_tags_of_resource", "Tags", ResourceArn=table["TableArn"])),
            "TimeToLive": ddb.describe_time_to_live(TableName=name)["TimeToLiveDescription"],
            "PointInTimeRecovery": backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"],
        }
    return found


def queues():
    sqs = client("sqs")
    found = {}
    for url in pages(sqs, "list_queues", "QueueUrls"):
        name = url.rsplit("/", 1)[-1]
        if named(name):
            attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]).get("Attributes", {})
            found[name] = {**attributes, "Tags": sqs.list_queue_tags(QueueUrl=url).get("Tags", {})}
    return found


def topics():
    sns = client("sns")
    found = {}
    for arn in (t["TopicArn"] for t in pages(sns, "list_topics", "Topics")):
        name = arn.rsplit(":", 1)[-1]
        if not named(name):
            continue
        subscriptions = pages(sns, "list_subscriptions_by_topic", "Subscriptions", TopicArn=arn)
        found[name] = {
            **sns.get_topic_attributes(TopicArn=arn)["Attributes"],
            "Tags": tags(sns.list_tags_for_resource(ResourceArn=arn)["Tags"]),
            "Subscriptions": sorted(f"{s['Protocol']} {s['Endpoint']}" for s in subscriptions),
        }
    return found


def parameters():
    ssm = client("ssm")
    found = {}
    for parameter in pages(ssm, "describe_parameters", "Parameters"):
        name = parameter["Name"]
        # Their names are paths: `/project/environment/…`.
        if named(name) or named(name.strip("/").replace("/", "-")):
            value = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
            listed = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]
            found[name] = {**parameter, "Value": value, "Tags": tags(listed)}
    return found


def secrets():
    manager = client("secretsmanager")
    found = {}
    for secret in pages(manager, "list_secrets", "SecretList"):
        # Their names are paths, as those of parameters.
        if named(secret["Name"].replace("/", "-")):
            shown = manager.describe_secret(SecretId=secret["ARN"])
            # A value is made up anew wherever it is made: that there is one is what can be compared.
            found[secret["Name"]] = {k: shown.get(k) for k in ("Description", "KmsKeyId")} | {
                "Tags": tags(shown.get("Tags", [])),
                "HasValue": bool(maybe(manager.get_secret_value, "SecretString", SecretId=secret["ARN"])),
            }
    return found


def rules():
    events = client("events")
    found = {}
    for bus in (b["Name"] for b in events.list_event_buses()["EventBuses"]):
        for rule in pages(events, "list_rules", "Rules", EventBusName=bus):
            if named(rule["Name"]):
                at = {"Rule": rule["Name"], "EventBusName": bus}
                found[rule["Name"]] = {
                    **rule,
                    "Targets": sorted(pages(events, "list_targets_by_rule", "Targets", **at), key=lambda t: t["Id"]),
                    "Tags": tags(events.list_tags_for_resource(ResourceARN=rule["Arn"])["Tags"]),
                }
    return found


def layers():
    lam = client("lambda")
    found = {}
    for layer in pages(lam, "list_layers", "Layers"):
        if named(layer["LayerName"]):
            listed = pages(lam, "list_layer_versions", "LayerVersions", LayerName=layer["LayerName"])
            found[layer["LayerName"]] = sorted(v["Description"] for v in listed)
    return found


def apis():
    gateway = client("apigatewayv2")
    found = {}
    for api in pages(gateway, "get_apis", "Items"):
        if not named(api["Name"]):
            continue
        at = {"ApiId": api["ApiId"]}
        integrations = {i["IntegrationId"]: i for i in pages(gateway, "get_integrations", "Items", **at)}
        routes = {}
        for route in pages(gateway, "get_routes", "Items", **at):
            target = (route.get("Target") or "").removeprefix("integrations/")
            # Two APIs are alike if their routes lead to the same places, whatever the ids in between are.
            route["Integration"] = integrations.get(target, {}).get("IntegrationUri", f"dangling: {target}")
            routes.setdefault(route["RouteKey"], []).append(route)
        used = {(r.get("Target") or "").removeprefix("integrations/") for rs in routes.values() for r in rs}
        found.setdefault(api["Name"], []).append({
            **api,
            "Routes": routes,
            "Integrations": list(integrations.values()),
            "UnusedIntegrations": sorted(set(integrations) - used),
            "Stages": {s["StageName"]: s for s in pages(gateway, "get_stages", "Items", **at)},
        })
    return found


def alarms():
    cloudwatch = client("cloudwatch")
    found = {}
    for alarm in pages(cloudwatch, "describe_alarms", "MetricAlarms"):
        if named(alarm["AlarmName"]):
            listed = cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
            found[alarm["AlarmName"]] = {**alarm, "Tags": tags(listed)}
    return found


KINDS = [roles, functions, layers, log_groups, buckets, tables, queues, topics, rules, parameters, secrets, apis, alarms]
with ThreadPoolExecutor(len(KINDS)) as pool:
    results = list(pool.map(lambda kind: kind(), KINDS))
json.dump({kind.__name__: clean(result) for kind, result in zip(KINDS, results)}, sys.stdout, sort_keys=True)
