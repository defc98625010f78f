"""An order agent: understands "order 2 teapots" and "status of order 12345678", and keeps orders in a DynamoDB table."""

import os
import re
import uuid
from datetime import datetime, timezone

NAME = "order-agent"


def answer(message):
    known = re.search(r"\b\d{8}\b", message)
    if known:
        return {"tool": "look_up", **look_up(known.group())}
    wanted = re.search(r"\border\s+(\d{1,4})\s+(.{1,80})", message, re.IGNORECASE)
    if wanted:
        return {"tool": "place", **place(wanted.group(2).strip(" .!"), int(wanted.group(1)))}
    return {"tool": None, "answer": 'Say "order 2 teapots", or "status of order" and its number.'}


def place(item, quantity):
    order = f"{uuid.uuid4().int % 10**8:08d}"
    orders().put_item(
        Item={
            "PK": f"ORDER#{order}",
            "SK": "ORDER",
            "item": item,
            "quantity": quantity,
            "status": "placed",
            "placed": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        },
        ConditionExpression="attribute_not_exists(PK)",
    )
    return {"order": order, "answer": f"Order {order}: {quantity} × {item}."}


def look_up(order):
    item = orders().get_item(Key={"PK": f"ORDER#{order}", "SK": "ORDER"}, ConsistentRead=True).get("Item")
    if item is None:
        return {"order": order, "answer": f"There is no order {order}."}
    return {"order": order, "answer": f"Order {order}, {item['quantity']} × {item['item']}, is {item['status']}."}


def orders():
    import boto3  # only here, so that a request without an order needs no AWS

    return boto3.resource("dynamodb").Table(setting("ORDERS_TABLE"))


def setting(name):
    value = os.environ.get(name)
    if not value:
        raise LookupError(f"the environment variable `{name}` is not set")
    return value
