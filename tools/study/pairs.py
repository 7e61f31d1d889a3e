#!/usr/bin/env python3
"""Pairs for the reward model: the clean candidate against its corrupted twin, where their rationales differ.

    pairs.py ROWS.jsonl PAIRS.jsonl

The question is told as `score-reward` tells it.
"""
import json
import pathlib
import sys

rows = [json.loads(line) for line in pathlib.Path(sys.argv[1]).read_text().splitlines()]
twins = {}
for row in rows:
    twins.setdefault((row["puzzle_id"], row["slot"]), {})[bool(row["ways"])] = row
with open(sys.argv[2], "w") as file:
    for pair in twins.values():
        if pair[False]["cot"] != pair[True]["cot"]:
            file.write(json.dumps({"question": f"Question:\n{pair[False]['question']}", "chosen": pair[False]["cot"], "rejected": pair[True]["cot"]}) + "\n")
