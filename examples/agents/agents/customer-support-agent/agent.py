"""A support agent: chooses the tool that fits a question, and answers with what the tool found.

It chooses by words, so that the example runs anywhere and costs nothing. To let a model choose, hand `TOOLS` and the model
id in `MODEL` to the Strands SDK (`strands.Agent(model=…, tools=…)`) and ship the SDK in this folder.
"""

import os
import re

NAME = "customer-support-agent"


def answer(message):
    words = set(re.findall(r"[a-z]+", message.lower()))
    tool = max(TOOLS, key=lambda tool: len(words & TOOLS[tool]))
    if not words & TOOLS[tool]:
        tool = hand_over
    return {"tool": tool.__name__, "answer": tool(message)}


def order_status(message):
    """Looks an order up in the table that it may read."""
    found = re.search(r"\b\d{8}\b", message)
    if not found:
        return "Please tell me the number of the order: eight digits, as in the confirmation."
    import boto3  # only here, so that the other tools start without it

    order = found.group()
    table = boto3.resource("dynamodb").Table(setting("ORDERS_TABLE"))
    item = table.get_item(Key={"PK": f"ORDER#{order}", "SK": "ORDER"}).get("Item")
    if item is None:
        return f"There is no order {order}."
    return f"Order {order}, {item['quantity']} × {item['item']}, is {item['status']}."


def refund(message):
    """Explains how to get money back."""
    return "You can return anything within 30 days. The money is back on your account within five days of its arrival."


def opening_hours(message):
    """Says when people are there."""
    return "We are there from 8:00 to 18:00, Monday to Friday; this agent always is."


def hand_over(message):
    """Passes on what no other tool fits."""
    return "I have passed your question on to a colleague."


TOOLS = {
    order_status: {"order", "delivery", "shipped", "parcel", "status", "where"},
    refund: {"refund", "return", "money", "back", "broken"},
    opening_hours: {"open", "opening", "hours", "when", "closed"},
}


def setting(name):
    value = os.environ.get(name)
    if not value:
        raise LookupError(f"the environment variable `{name}` is not set")
    return value
