import json, urllib.request
def handler(event, context):
    body = {"Status": "SUCCESS", "PhysicalResourceId": event.get("PhysicalResourceId") or "seed-1", "StackId": event["StackId"],
            "RequestId": event["RequestId"], "LogicalResourceId": event["LogicalResourceId"], "Data": {"Greeting": "hello " + event["ResourceProperties"].get("Who", "")}}
    data = json.dumps(body).encode()
    request = urllib.request.Request(event["ResponseURL"], data=data, method="PUT", headers={"Content-Type": "", "Content-Length": str(len(data))})
    urllib.request.urlopen(request)
