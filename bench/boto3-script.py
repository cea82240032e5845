"""What people write with boto3 to keep a table and to put it back: `dump` a scan to JSON lines, `load` them."""

import json
import sys
from decimal import Decimal

import boto3

action, endpoint, name, file = sys.argv[1:]
table = boto3.resource("dynamodb", endpoint_url=endpoint).Table(name)

if action == "dump":
    with open(file, "w") as out:
        page = table.scan()
        while True:
            for item in page["Items"]:
                out.write(json.dumps(item, default=str) + "\n")
            if "LastEvaluatedKey" not in page:
                break
            page = table.scan(ExclusiveStartKey=page["LastEvaluatedKey"])
else:
    numbers = ("created_at", "last_activity", "ttl")
    with open(file) as lines, table.batch_writer() as batch:
        for line in lines:
            item = json.loads(line)
            batch.put_item(Item={**item, **{key: Decimal(item[key]) for key in numbers}})
