"""Starts the emulator with what it leaves out of events put in, as AWS documents them.

S3 names the version of an object in its EventBridge events (`detail.object.version-id`) wherever the bucket is versioned.
MiniStack 1.5.33 knows the version when it fires the event and leaves it out.

And imports cbor2 before anything else does: CloudWatch's answers import it when they are first made, and where several are
at once, some find the module half made and answer in JSON to who asked for CBOR.

And gives an API an endpoint that leads to it: `{id}.execute-api.{host}` is no name that a machine without a name server of
its own can look up.

And has the search by tags find what it leaves out although AWS finds it: parameters, secrets, log groups, alarms, APIs and stages.
"""

import contextvars
import json
import os
import sys

import cbor2  # noqa: F401
from ministack import app
from ministack.services import apigateway, cloudwatch, cloudwatch_logs, eventbridge, s3, ssm, tagging

version = contextvars.ContextVar("version", default=None)
fire, dispatch = s3._fire_s3_event, eventbridge._dispatch_event


def fire_with_version(*args, version_id=None, **kwargs):
    token = version.set(version_id)
    try:
        return fire(*args, version_id=version_id, **kwargs)
    finally:
        version.reset(token)


def dispatch_with_version(event, *args, **kwargs):
    if event.get("Source") == "aws.s3" and version.get():
        detail = json.loads(event["Detail"])
        detail["object"].setdefault("version-id", version.get())
        event = {**event, "Detail": json.dumps(detail)}
    return dispatch(event, *args, **kwargs)


def by_arn(tags):
    """Searches a store of tags by ARN, in which some keep every region of an account."""
    def collect():
        for arn, of in list(tags.items()):
            if arn.split(":")[3] == tagging.get_region():
                yield arn, tagging._normalise_flat(of)

    return collect


def log_groups():
    for group in list(cloudwatch_logs._log_groups.values()):
        yield group["arn"].removesuffix(":*"), tagging._normalise_flat(group["tags"])


create_api = apigateway._create_api


def create_api_with_endpoint(data):
    status, headers, body = create_api(data)
    made = apigateway._apis.get(json.loads(body).get("apiId"))
    if made is None:
        return status, headers, body
    made["apiEndpoint"] = f"{os.environ['AWS_ENDPOINT_URL']}/_aws/execute-api/{made['apiId']}/$default"
    return apigateway._apigw_response(made, status)


tagging._COLLECTORS.update({
    "apigateway": by_arn(apigateway._api_tags),
    "cloudwatch": by_arn(cloudwatch._resource_tags),
    "logs": log_groups,
    "secretsmanager": tagging._collect_secretsmanager,
    "ssm": by_arn(ssm._tags),
})
apigateway._create_api = create_api_with_endpoint
s3._fire_s3_event, eventbridge._dispatch_event = fire_with_version, dispatch_with_version
sys.exit(app.main())
