"""A research agent: notes a question in a bucket, and puts a job for it on a queue that a worker would read."""

import json
import os
import re
import uuid
from datetime import datetime, timezone

NAME = "research-agent"


def answer(message):
    note = {
        "id": uuid.uuid4().hex,
        "question": message,
        "terms": terms(message),
        "asked": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
    key = f"notes/{note['id']}.json"
    import boto3  # only here, so that a bad request needs no AWS

    bucket = setting("DOCUMENTS_BUCKET")
    boto3.client("s3").put_object(
        Bucket=bucket, Key=key, Body=json.dumps(note).encode(), ContentType="application/json"
    )
    job = {"note": key, "bucket": bucket}
    sent = boto3.client("sqs").send_message(QueueUrl=setting("WORK_QUEUE_URL"), MessageBody=json.dumps(job))
    return {
        "tool": "enqueue",
        "note": key,
        "job": sent["MessageId"],
        "answer": f"I will look into {', '.join(note['terms']) or 'that'}.",
    }


def terms(message):
    """The words worth looking up: long ones, each once, in the order of the question."""
    words = re.findall(r"[^\W\d_]{5,}", message.lower())
    return list(dict.fromkeys(words))[:5]


def setting(name):
    value = os.environ.get(name)
    if not value:
        raise LookupError(f"the environment variable `{name}` is not set")
    return value
