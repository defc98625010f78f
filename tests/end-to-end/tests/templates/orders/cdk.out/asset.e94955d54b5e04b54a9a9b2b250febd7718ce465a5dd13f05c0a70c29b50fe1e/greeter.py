import json
import urllib.request


def handle(event, context):
    asked = event["ResourceProperties"]
    answer = {
        "Status": "SUCCESS", "Reason": "", "PhysicalResourceId": "greeting-" + asked["Name"], "StackId": event["StackId"],
        "RequestId": event["RequestId"], "LogicalResourceId": event["LogicalResourceId"],
        "Data": {"Text": asked["Word"] + ", " + asked["Name"] + "!"},
    }
    body = json.dumps(answer).encode()
    request = urllib.request.Request(event["ResponseURL"], body, {"content-type": "", "content-length": str(len(body))}, method="PUT")
    urllib.request.urlopen(request).read()
