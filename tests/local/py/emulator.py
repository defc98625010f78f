"""Starts the emulator with what it leaves out of events put in, as AWS documents them.

S3 names the version of an object in its EventBridge events (`detail.object.version-id`) wherever the bucket is versioned.
MiniStack 1.5.33 knows the version when it fires the event and leaves it out.

And imports cbor2 before anything else does: CloudWatch's answers import it when they are first made, and where several are
at once, some find the module half made and answer in JSON to who asked for CBOR.
"""

import contextvars
import json
import sys

import cbor2  # noqa: F401
from ministack import app
from ministack.services import eventbridge, s3

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


s3._fire_s3_event, eventbridge._dispatch_event = fire_with_version, dispatch_with_version
sys.exit(app.main())
