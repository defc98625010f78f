import json, os
def handler(event, context):
    return {"statusCode": 200, "body": json.dumps({"table": os.environ["TABLE"], "queue": os.environ["QUEUE"]})}
