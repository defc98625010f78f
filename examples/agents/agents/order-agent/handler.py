"""The HTTP edge of the agent: API Gateway or a Function URL (both payload 2.0), or a direct call with the same body."""

import base64
import json
import logging
import os

import agent

log = logging.getLogger()
log.setLevel(os.environ.get("LOG_LEVEL", "INFO"))


def handle(event, context):
    """Answers one message: `{"message": "…"}`."""
    try:
        message = message_of(event)
    except ValueError as error:
        return reply(400, {"error": str(error), "help": 'send {"message": "…"} as JSON'})
    try:
        answer = agent.answer(message)
    except LookupError as error:
        log.error("misconfigured: %s", error)
        return reply(500, {"error": str(error), "help": "deploy the agent with the permissions that strands.yaml gives it"})
    except Exception as error:  # whatever an AWS call raised: the caller gets its name, the log the rest
        log.exception("failed")
        return reply(502, {"error": f"{type(error).__name__}: {error}", "help": "see the log of the function"})
    log.info("answered by %s", answer.get("tool"))
    model = {"model": os.environ["MODEL"]} if "MODEL" in os.environ else {}
    return reply(200, {"agent": agent.NAME, **model, **answer})


def message_of(event):
    body = event.get("body") if "requestContext" in event else json.dumps(event)
    if not body:
        raise ValueError("the request has no body")
    if event.get("isBase64Encoded"):
        body = base64.b64decode(body)
    try:
        message = json.loads(body).get("message")
    except (AttributeError, ValueError):
        raise ValueError("the body is not a JSON object") from None
    if not isinstance(message, str) or not message.strip():
        raise ValueError("`message` is missing or empty")
    return message.strip()


def reply(status, body):
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(body, ensure_ascii=False),
    }
