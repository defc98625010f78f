"""Compares what exists in an account with what templates ask for, property by property.

Evaluates the templates by itself, from CloudFormation's documentation, and reads with boto3: nothing of the engine takes part, but
the names that it gave (which are where to look), and the zips that it keeps.

Usage: compare.py ENDPOINT REGION, and on standard input
{"account", "project", "stacks": [{"name", "template", "parameters", "assembly"}], "made": {"stack/LogicalId": physical id}, "artifacts": bucket}.
Prints {"resources", "properties", "types", "different": [...], "outputs": {...}}.
"""

import base64
import glob
import hashlib
import io
import ipaddress
import json
import os
import sys
import zipfile
from functools import cache
from urllib.parse import unquote, urlsplit

import boto3
import yaml
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT, REGION = sys.argv[1:3]
if urlsplit(ENDPOINT).hostname not in ("127.0.0.1", "::1"):
    sys.exit(f"{ENDPOINT} is not loopback")
ASKED = json.load(sys.stdin)
ACCOUNT = ASKED["account"]
NO_VALUE = object()
# What the emulator takes and forgets; that it was sent is seen elsewhere.
FORGOTTEN = {("AWS::CloudWatch::Alarm", "Metrics")}
# How Lambda names a mapping where it does not say so itself.
MAPPING = f"arn:aws:lambda:{REGION}:{ACCOUNT}:event-source-mapping:{{}}"
# Lists whose order means nothing.
SETS = {"AttributeDefinitions", "Tags", "ManagedPolicyArns", "Action", "AllowMethods", "AllowHeaders", "AllowOrigins", "Queues", "Topics",
        "Roles", "GlobalSecondaryIndexes", "NonKeyAttributes", "AlarmActions", "Dimensions", "Policies", "Resource"}


@cache
def client(name):
    config = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2}, proxies={})
    return boto3.client(name, endpoint_url=ENDPOINT, region_name=REGION, config=config)


# The templates.

class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms."""


def short(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Loader.add_multi_constructor("!", short)
# Dates stay text, as in CloudFormation.
Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for first, found in Loader.yaml_implicit_resolvers.items()}


def template_file(assembly, url):
    """The file that is published at an address."""
    key = url.rsplit("/", 1)[1]
    for manifest in glob.glob(os.path.join(assembly, "*.assets.json")):
        for file in json.load(open(manifest))["files"].values():
            if any(destination["objectKey"] == key for destination in file["destinations"].values()):
                return os.path.join(assembly, file["source"]["path"])
    raise LookupError(f"no asset is published at {url}")


class Stack:
    def __init__(self, asked):
        self.name = asked["name"]
        self.template = yaml.load(asked["template"], Loader)
        self.given = asked.get("parameters", {})
        self.assembly = asked.get("assembly")
        # The stack that it is nested in evaluates what it is given.
        self.outer = asked.get("outer")
        # The bootstrap's version and what CDK tells of itself concern CloudFormation alone.
        self.resources = {
            k: r for k, r in self.template["Resources"].items()
            if r["Type"] != "AWS::CDK::Metadata" and ("Condition" not in r or self.holds(r["Condition"]))}
        stacks = {k: r["Properties"] for k, r in self.resources.items() if r["Type"] == "AWS::CloudFormation::Stack"}
        self.resources = {k: r for k, r in self.resources.items() if k not in stacks}
        self.nested = {k: self.within(k, asked) for k, asked in stacks.items()}

    def within(self, logical, asked):
        """A nested stack, whose template is an asset; called as CDK calls it in its path."""
        template = open(template_file(self.assembly, self.value(asked["TemplateURL"]))).read()
        return Stack({"name": f"{self.name}-{logical.split('NestedStack')[0]}", "template": template, "assembly": self.assembly,
                      "parameters": asked.get("Parameters", {}), "outer": self})

    def all(self):
        return [self, *(deeper for stack in self.nested.values() for deeper in stack.all())]

    def parameter(self, name):
        declared = self.template.get("Parameters", {})[name]
        value = self.given.get(name, declared.get("Default"))
        value = str(self.outer.value(value) if self.outer else value)
        if declared["Type"].startswith("AWS::SSM::Parameter::Value"):
            return client("ssm").get_parameter(Name=value)["Parameter"]["Value"]
        if declared["Type"] in ("CommaDelimitedList", "List<Number>", "List<String>"):
            return [item.strip() for item in value.split(",")]
        return value

    def holds(self, name):
        return self.condition(self.template["Conditions"][name])

    def condition(self, tree):
        (function, given), = tree.items()
        if function == "Condition":
            return self.holds(given)
        if function == "Fn::Equals":
            left, right = (self.value(one) for one in given)
            return left == right
        return {"Fn::Not": lambda: not self.condition(given[0]), "Fn::And": lambda: all(map(self.condition, given)),
                "Fn::Or": lambda: any(map(self.condition, given))}[function]()

    def ref(self, name):
        pseudo = {"AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com",
                  "AWS::StackName": f"{ASKED['project']}-{self.name}", "AWS::NoValue": NO_VALUE}
        if name in pseudo:
            return pseudo[name]
        if name in self.template.get("Parameters", {}):
            return self.parameter(name)
        return found(f"{self.name}/{name}")["Ref"]

    def attribute(self, name, attribute):
        if name in self.nested:
            stack = self.nested[name]
            return stack.value(stack.template["Outputs"][attribute.removeprefix("Outputs.")]["Value"])
        return found(f"{self.name}/{name}")["Attributes"][attribute]

    def substituted(self, given):
        text, values = given if isinstance(given, list) else (given, {})
        out, rest = "", text
        while "${" in rest:
            before, after = rest.split("${", 1)
            name, rest = after.split("}", 1)
            if name.startswith("!"):
                out += before + "${" + name[1:] + "}"
                continue
            if name in values:
                value = self.value(values[name])
            elif "." in name:
                value = self.attribute(*name.split(".", 1))
            else:
                value = self.ref(name)
            out += before + text_of(value)
        return out + rest

    def value(self, tree):
        if isinstance(tree, list):
            return [v for v in map(self.value, tree) if v is not NO_VALUE]
        if not isinstance(tree, dict):
            return tree
        if len(tree) == 1:
            (name, given), = tree.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self.function(name, given)
        return {k: v for k, v in ((k, self.value(v)) for k, v in tree.items()) if v is not NO_VALUE}

    def function(self, name, given):
        if name == "Ref":
            return self.ref(given)
        if name == "Fn::GetAtt":
            return self.attribute(*given)
        if name == "Fn::Sub":
            return self.substituted(given)
        if name == "Fn::If":
            return self.value(given[1] if self.holds(given[0]) else given[2])
        given = self.value(given)
        if name == "Fn::Join":
            return given[0].join(map(text_of, given[1]))
        if name == "Fn::Split":
            return given[1].split(given[0])
        if name == "Fn::Select":
            return given[1][int(given[0])]
        if name == "Fn::FindInMap":
            first = self.template.get("Mappings", {})[given[0]].get(given[1], {})
            return first[given[2]] if given[2] in first else given[3]["DefaultValue"]
        if name == "Fn::ImportValue":
            return exports()[given]()
        if name == "Fn::Base64":
            return base64.b64encode(given.encode()).decode()
        if name == "Fn::Length":
            return len(given)
        if name == "Fn::ToJsonString":
            return json.dumps(given, separators=(",", ":"))
        if name == "Fn::Cidr":
            block, count, bits = given
            parts = ipaddress.ip_network(block).subnets(new_prefix=32 - int(bits))
            return [str(part) for part, _ in zip(parts, range(int(count)))]
        raise ValueError(f"{name} is not evaluated here")


def text_of(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(value) if isinstance(value, list) else str(value)


@cache
def exports():
    listed = {}
    for stack in STACKS.values():
        for output in stack.template.get("Outputs", {}).values():
            if "Export" in output and ("Condition" not in output or stack.holds(output["Condition"])):
                listed[stack.value(output["Export"]["Name"])] = lambda s=stack, o=output: s.value(o["Value"])
    return listed


# What exists. Each reader gives what CloudFormation's `Ref` and `Fn::GetAtt` would, and the properties in its vocabulary. It gets
# the name that the engine gave and, for what is found within something else, a way to evaluate a property of the template.

def document(text):
    return json.loads(unquote(text)) if isinstance(text, str) else text


def tags(given):
    """Tags in any of the forms that the services have."""
    if isinstance(given, dict):
        return [{"Key": k, "Value": v} for k, v in given.items()]
    return given or []


def maybe(call, **arguments):
    try:
        return call(**arguments)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404 or error.response["Error"]["Code"].startswith("NoSuch"):
            return {}
        raise


def bucket(name, _):
    s3, at = client("s3"), {"Bucket": name}
    return {
        "Ref": name,
        "Attributes": {"Arn": f"arn:aws:s3:::{name}", "DomainName": f"{name}.s3.amazonaws.com"},
        "Properties": {
            "BucketEncryption": {"ServerSideEncryptionConfiguration": [
                {{"ApplyServerSideEncryptionByDefault": "ServerSideEncryptionByDefault"}.get(k, k): v for k, v in rule.items()}
                for rule in maybe(s3.get_bucket_encryption, **at).get("ServerSideEncryptionConfiguration", {}).get("Rules", [])]},
            "LifecycleConfiguration": {"Rules": [lifecycle(r) for r in maybe(s3.get_bucket_lifecycle_configuration, **at).get("Rules", [])]},
            "OwnershipControls": maybe(s3.get_bucket_ownership_controls, **at).get("OwnershipControls"),
            "PublicAccessBlockConfiguration": maybe(s3.get_public_access_block, **at).get("PublicAccessBlockConfiguration"),
            "VersioningConfiguration": {"Status": s3.get_bucket_versioning(**at).get("Status")},
            "Tags": tags(maybe(s3.get_bucket_tagging, **at).get("TagSet")),
        },
    }


def lifecycle(rule):
    out = {k: v for k, v in rule.items() if k in ("Status", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload")}
    # The service names each rule; a template need not.
    out["Id"] = rule.get("ID")
    out["Prefix"] = rule.get("Filter", {}).get("Prefix", rule.get("Prefix"))
    out["ExpirationInDays"] = rule.get("Expiration", {}).get("Days")
    return out


def bucket_policy(_, asked):
    name = asked("Bucket")
    policy = document(client("s3").get_bucket_policy(Bucket=name)["Policy"])
    return {"Ref": name, "Attributes": {}, "Properties": {"Bucket": name, "PolicyDocument": policy}}


def table(name, _):
    ddb = client("dynamodb")
    live = ddb.describe_table(TableName=name)["Table"]
    backups = ddb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    ttl = ddb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    stream = live.get("StreamSpecification", {})
    indexes = [
        {"IndexName": i["IndexName"], "KeySchema": i["KeySchema"], "Projection": i["Projection"]} for i in live.get("GlobalSecondaryIndexes", [])]
    return {
        "Ref": name,
        "Attributes": {"Arn": live["TableArn"], "StreamArn": live.get("LatestStreamArn")},
        "Properties": {
            **{k: live[k] for k in ("AttributeDefinitions", "KeySchema", "ProvisionedThroughput") if k in live},
            "BillingMode": live.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
            "GlobalSecondaryIndexes": indexes,
            "StreamSpecification": {"StreamViewType": stream.get("StreamViewType")},
            "TableClass": live.get("TableClassSummary", {}).get("TableClass", "STANDARD"),
            "PointInTimeRecoverySpecification": {
                "PointInTimeRecoveryEnabled": backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"},
            "TimeToLiveSpecification": {
                "AttributeName": ttl.get("AttributeName"), "Enabled": ttl["TimeToLiveStatus"] in ("ENABLED", "ENABLING")},
            "Tags": ddb.list_tags_of_resource(ResourceArn=live["TableArn"])["Tags"],
        },
    }


def parameter(name, _):
    ssm = client("ssm")
    found = ssm.get_parameter(Name=name)["Parameter"]
    described = ssm.describe_parameters(ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": [name]}])["Parameters"][0]
    tagged = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]
    properties = {"Name": name, "Type": found["Type"], "Value": found["Value"], "Tags": {t["Key"]: t["Value"] for t in tagged}, "Description": described.get("Description"),
                  "Tier": described.get("Tier", "Standard")}
    return {"Ref": name, "Attributes": {"Type": found["Type"], "Value": found["Value"]}, "Properties": properties}


def topic(arn, _):
    sns = client("sns")
    live = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    properties = {"DisplayName": live.get("DisplayName", ""), "FifoTopic": live.get("FifoTopic", "false"),
                  "ContentBasedDeduplication": live.get("ContentBasedDeduplication", "false"),
                  "Tags": sns.list_tags_for_resource(ResourceArn=arn)["Tags"]}
    return {"Ref": arn, "Attributes": {"TopicName": arn.rsplit(":", 1)[-1], "TopicArn": arn}, "Properties": properties}


def topic_policy(_, asked):
    topics = asked("Topics")
    policies = [document(client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"]) for arn in topics]
    return {"Ref": None, "Attributes": {}, "Properties": {"Topics": topics, "PolicyDocument": policies[0]}}


def subscription(_, asked):
    sns, (arn, endpoint) = client("sns"), (asked("TopicArn"), asked("Endpoint"))
    listed = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    own, = [s for s in listed if s["Endpoint"] == endpoint]
    live = sns.get_subscription_attributes(SubscriptionArn=own["SubscriptionArn"])["Attributes"]
    properties = {"TopicArn": own["TopicArn"], "Endpoint": own["Endpoint"], "Protocol": own["Protocol"],
                  "RawMessageDelivery": live.get("RawMessageDelivery", "false"), "FilterPolicy": document(live.get("FilterPolicy", "{}"))}
    return {"Ref": own["SubscriptionArn"], "Attributes": {}, "Properties": properties}


def queue(url, _):
    sqs = client("sqs")
    live = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    properties = {**live, "RedrivePolicy": document(live.get("RedrivePolicy", "{}")), "Tags": tags(sqs.list_queue_tags(QueueUrl=url).get("Tags"))}
    attributes = {"Arn": live["QueueArn"], "QueueName": url.rsplit("/", 1)[-1], "QueueUrl": url}
    return {"Ref": url, "Attributes": attributes, "Properties": properties}


def queue_policy(_, asked):
    queues = asked("Queues")
    read = [client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"] for url in queues]
    return {"Ref": None, "Attributes": {}, "Properties": {"Queues": queues, "PolicyDocument": document(read[0])}}


def role(name, _):
    iam = client("iam")
    live = iam.get_role(RoleName=name)["Role"]
    policies = iam.list_role_policies(RoleName=name)["PolicyNames"]
    properties = {
        "AssumeRolePolicyDocument": document(live["AssumeRolePolicyDocument"]), "Description": live.get("Description"),
        "MaxSessionDuration": live.get("MaxSessionDuration"), "Tags": iam.list_role_tags(RoleName=name)["Tags"],
        "ManagedPolicyArns": [p["PolicyArn"] for p in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]],
        "Policies": [{"PolicyName": p, "PolicyDocument": document(iam.get_role_policy(RoleName=name, PolicyName=p)["PolicyDocument"])} for p in policies],
    }
    return {"Ref": name, "Attributes": {"Arn": live["Arn"]}, "Properties": properties}


def policy(_, asked):
    name, roles = asked("PolicyName"), asked("Roles")
    documents = [document(client("iam").get_role_policy(RoleName=r, PolicyName=name)["PolicyDocument"]) for r in roles]
    return {"Ref": name, "Attributes": {}, "Properties": {"PolicyName": name, "Roles": roles, "PolicyDocument": documents[0]}}


def function(name, _):
    lam = client("lambda")
    read = lam.get_function(FunctionName=name)
    live = read["Configuration"]
    properties = {k: live.get(k) for k in ("Architectures", "DeadLetterConfig", "Description", "Environment", "EphemeralStorage", "Handler", "LoggingConfig", "MemorySize", "Role",
                                           "Runtime", "Timeout", "TracingConfig")}
    properties["ReservedConcurrentExecutions"] = lam.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")
    properties["Tags"] = tags(read.get("Tags"))
    properties["Code"] = contents(live["CodeSha256"])
    return {"Ref": name, "Attributes": {"Arn": live["FunctionArn"]}, "Properties": properties}


@cache
def kept():
    """The zips that the engine keeps, by the digest that Lambda shows."""
    s3, found = client("s3"), {}
    for item in s3.list_objects_v2(Bucket=ASKED["artifacts"], Prefix="artifacts/").get("Contents", []):
        body = s3.get_object(Bucket=ASKED["artifacts"], Key=item["Key"])["Body"].read()
        found[base64.b64encode(hashlib.sha256(body).digest()).decode()] = body
    return found


def contents(digest):
    with zipfile.ZipFile(io.BytesIO(kept()[digest])) as opened:
        return {name: hashlib.sha256(opened.read(name)).hexdigest() for name in opened.namelist()}


def folder(path):
    files = {}
    for base, _, names in os.walk(path):
        for name in names:
            with open(os.path.join(base, name), "rb") as opened:
                files[os.path.relpath(os.path.join(base, name), path)] = hashlib.sha256(opened.read()).hexdigest()
    return files


def version(_, asked):
    name = asked("FunctionName")
    published = [v for v in client("lambda").list_versions_by_function(FunctionName=name)["Versions"] if v["Version"] != "$LATEST"]
    live = published[-1]
    return {"Ref": live["FunctionArn"], "Attributes": {"Version": live["Version"]},
            "Properties": {"FunctionName": name, "Description": live.get("Description")}}


def alias(_, asked):
    name = asked("FunctionName")
    live = client("lambda").get_alias(FunctionName=name, Name=asked("Name"))
    properties = {"FunctionName": name, "Name": live["Name"], "FunctionVersion": live["FunctionVersion"]}
    return {"Ref": live["AliasArn"], "Attributes": {}, "Properties": properties}


def url(name, asked):
    function = asked("TargetFunctionArn")
    # The ARN of what it is a URL of says which alias, if any.
    qualifier = name.removeprefix(function).removeprefix(":")
    live = client("lambda").get_function_url_config(FunctionName=function, **({"Qualifier": qualifier} if qualifier else {}))
    properties = {"AuthType": live["AuthType"], "Cors": live.get("Cors"), "TargetFunctionArn": function, "Qualifier": qualifier}
    if not live["FunctionArn"].startswith(function):
        raise ValueError(f"it is of {live['FunctionArn']}")
    return {"Ref": live["FunctionArn"], "Attributes": {"FunctionUrl": live["FunctionUrl"]}, "Properties": properties}


def permission(name_of_statement, asked):
    name, source = asked("FunctionName"), asked("SourceArn")
    statements = document(client("lambda").get_policy(FunctionName=name)["Policy"])["Statement"]
    own = [s for s in statements if s.get("Condition", {}).get("ArnLike", {}).get("AWS:SourceArn") == source]
    # Two routes to one function have a permission each, and CDK gives both one source.
    own, = own if len(own) == 1 else [s for s in own if s["Sid"] in name_of_statement]
    properties = {"Action": own["Action"], "FunctionName": own["Resource"], "Principal": own["Principal"].get("Service"), "SourceArn": source}
    return {"Ref": own["Sid"], "Attributes": {}, "Properties": properties}


def event_source(_, asked):
    source = asked("EventSourceArn")
    listed = client("lambda").list_event_source_mappings(FunctionName=asked("FunctionName"))["EventSourceMappings"]
    own, = [m for m in listed if m["EventSourceArn"] == source]
    tagged = client("lambda").list_tags(Resource=own.get("EventSourceMappingArn") or MAPPING.format(own["UUID"]))["Tags"]
    properties = {**own, "FunctionName": own["FunctionArn"].rsplit(":", 1)[-1], "Tags": tags(tagged)}
    return {"Ref": own["UUID"], "Attributes": {}, "Properties": properties}


def log_group(name, _):
    logs = client("logs")
    live, = [g for g in logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"] if g["logGroupName"] == name]
    return {"Ref": name, "Attributes": {"Arn": live["arn"]},
            "Properties": {"LogGroupName": name, "RetentionInDays": live.get("retentionInDays"),
                           "Tags": tags(logs.list_tags_for_resource(resourceArn=live["arn"].removesuffix(":*"))["tags"])}}


def alarm(name, _):
    live, = client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    tagged = client("cloudwatch").list_tags_for_resource(ResourceARN=live["AlarmArn"])["Tags"]
    return {"Ref": name, "Attributes": {"Arn": live["AlarmArn"]}, "Properties": {**live, "Tags": tags(tagged)}}


def api(ident, _):
    live = client("apigatewayv2").get_api(ApiId=ident)
    return {"Ref": ident, "Attributes": {"ApiEndpoint": live["ApiEndpoint"]}, "Properties": live}


def of_api(operation, key):
    """A reader of what is within an API, found by the property `key`."""
    def read(_, asked):
        ident, wanted = asked("ApiId"), asked(key)
        items = getattr(client("apigatewayv2"), operation)(ApiId=ident)["Items"]
        live, = [i for i in items if i.get(key) == wanted]
        ref = next((live[k] for k in ("IntegrationId", "RouteId") if k in live), live.get("StageName"))
        return {"Ref": ref, "Attributes": {}, "Properties": {**live, "ApiId": ident}}
    return read


def greeting(_, asked):
    """What the function behind it answers; what it was asked cannot be read."""
    name, word = asked("Name"), asked("Word")
    properties = {"ServiceToken": asked("ServiceToken"), "Name": name, "Word": word}
    return {"Ref": f"greeting-{name}", "Attributes": {"Text": f"{word}, {name}!"}, "Properties": properties}


def seeding(_, asked):
    """As `greeting`, of the application that CDK wrote."""
    who = asked("Who")
    properties = {"ServiceToken": asked("ServiceToken"), "Who": who}
    return {"Ref": "seed-1", "Attributes": {"Greeting": f"hello {who}"}, "Properties": properties}


READERS = {
    "AWS::ApiGatewayV2::Api": api,
    "AWS::ApiGatewayV2::Integration": of_api("get_integrations", "IntegrationUri"),
    "AWS::ApiGatewayV2::Route": of_api("get_routes", "RouteKey"),
    "AWS::ApiGatewayV2::Stage": of_api("get_stages", "StageName"),
    "AWS::CloudWatch::Alarm": alarm,
    "AWS::DynamoDB::Table": table,
    "AWS::IAM::Policy": policy,
    "AWS::IAM::Role": role,
    "AWS::Lambda::Alias": alias,
    "AWS::Lambda::EventSourceMapping": event_source,
    "AWS::Lambda::Function": function,
    "AWS::Lambda::Permission": permission,
    "AWS::Lambda::Url": url,
    "AWS::Lambda::Version": version,
    "AWS::Logs::LogGroup": log_group,
    "AWS::S3::Bucket": bucket,
    "AWS::S3::BucketPolicy": bucket_policy,
    "AWS::SNS::Subscription": subscription,
    "AWS::SNS::Topic": topic,
    "AWS::SNS::TopicPolicy": topic_policy,
    "AWS::SQS::Queue": queue,
    "AWS::SQS::QueuePolicy": queue_policy,
    "AWS::SSM::Parameter": parameter,
    "Custom::Greeting": greeting,
    "Custom::Seeding": seeding,
}


@cache
def found(address):
    """What exists of a resource."""
    stack, logical = address.split("/")
    resource = STACKS[stack].resources[logical]
    asked = resource.get("Properties", {})
    return READERS[resource["Type"]](ASKED["made"][address], lambda key: STACKS[stack].value(asked[key]))


# The comparison.

def scalar(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)) or isinstance(value, str) and value.replace(".", "", 1).isdigit():
        return str(float(value))
    return str(value)


def differences(asked, exists, path):
    """What is asked for and is not so. What AWS adds by itself is no difference."""
    if isinstance(asked, dict):
        if not isinstance(exists, dict):
            return [f"{path}: {asked!r} is asked for, and there is {exists!r}"]
        return [d for k, v in asked.items() for d in differences(v, exists.get(k), f"{path}.{k}")]
    if isinstance(asked, list):
        exists = exists if isinstance(exists, list) else [] if exists is None else [exists]
        key = path.rsplit(".", 1)[-1]
        if key == "Tags":
            # The engine's own tags stand beside them.
            named = {t["Key"]: t["Value"] for t in exists}
            return [d for t in asked for d in differences(t["Value"], named.get(t["Key"]), f"{path}[{t['Key']}]")]
        if len(asked) != len(exists):
            return [f"{path}: {asked!r} is asked for, and there is {exists!r}"]
        if key in SETS:
            left = list(exists)
            for item in asked:
                fits = [one for one in left if not differences(item, one, path)]
                if not fits:
                    return [f"{path}: {item!r} is asked for, and there is {exists!r}"]
                left.remove(fits[0])
            return []
        return [d for n, (a, e) in enumerate(zip(asked, exists)) for d in differences(a, e, f"{path}[{n}]")]
    if isinstance(exists, list) and len(exists) == 1:
        exists, = exists
    if isinstance(asked, str) and isinstance(exists, str) and asked.startswith("{") and exists.startswith("{"):
        # JSON as text: the order of keys says nothing.
        return [] if json.loads(asked) == json.loads(exists) else [f"{path}: {asked} is asked for, and there is {exists}"]
    return [] if scalar(asked) == scalar(exists) else [f"{path}: {asked!r} is asked for, and there is {exists!r}"]


STACKS = {stack.name: stack for asked in ASKED["stacks"] for stack in Stack(asked).all()}
result = {"resources": 0, "properties": 0, "types": set(), "different": [], "outputs": {}}
wanted = {f"{stack.name}/{logical}" for stack in STACKS.values() for logical in stack.resources}
made = {address for address in ASKED["made"] if address.split("/")[0] in STACKS}
result["different"] += [f"{address} is asked for, and was not made" for address in sorted(wanted - made)]
result["different"] += [f"{address} was made, and is not asked for" for address in sorted(made - wanted)]
for address in sorted(wanted & made):
    name, logical = address.split("/")
    stack, resource = STACKS[name], STACKS[name].resources[logical]
    result["resources"] += 1
    result["types"].add(resource["Type"])
    try:
        exists = found(address)["Properties"]
    except (ClientError, LookupError, ValueError) as error:
        result["different"].append(f"{address} ({resource['Type']}) cannot be read: {error!r}")
        continue
    for key, tree in resource.get("Properties", {}).items():
        asked = stack.value(tree)
        if asked is NO_VALUE or (resource["Type"], key) in FORGOTTEN:
            continue
        if resource["Type"] == "AWS::Lambda::Function" and key == "Code":
            asked = folder(os.path.join(stack.assembly, "asset." + asked["S3Key"].removesuffix(".zip")))
            if set(asked) != set(exists["Code"]):
                result["different"].append(f"{address}.Code has {sorted(exists['Code'])}, and not {sorted(asked)}")
        result["properties"] += 1
        result["different"] += differences(asked, exists.get(key), f"{address}.{key}")
# What is nested gives its outputs to the stack that it is in alone.
for stack in (stack for stack in STACKS.values() if not stack.outer):
    for name, output in stack.template.get("Outputs", {}).items():
        if "Condition" not in output or stack.holds(output["Condition"]):
            result["outputs"][f"{stack.name}/{name}"] = stack.value(output["Value"])
result["types"] = sorted(result["types"])
json.dump(result, sys.stdout, indent=1, sort_keys=True)
