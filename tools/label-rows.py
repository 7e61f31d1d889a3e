"""A step of pipelines/rows.yaml: says what kind of question a row has, and how long its answer is."""
import json
import sys

for line in sys.stdin:
    asked = json.loads(line)
    question, answer = asked["row"]["question"], asked["row"]["answer"]
    if not answer.strip():
        print(json.dumps({"id": asked["id"], "drop": "empty answer"}))
        continue
    kind = question.split()[0].lower().strip("¿“") if question.endswith("?") else "order"
    print(json.dumps({"id": asked["id"], "columns": {"kind": kind, "words": len(answer.split())}}))
