#!/usr/bin/env python3
"""Has `retort evaluate` score what the study's runs answered, and writes each question's F1.

    score.py RETORT FOLDER [--results FOLDER]

FOLDER is what `prepare.py` made; --results is learn.py's --out (default FOLDER/out). FOLDER/scores.json gets, by run, the four F1 of
each question of the test, null where a run was not asked for one.
"""
import argparse
import gzip
import json
import pathlib
import subprocess
import tempfile

ALL = ("question_f1", "statement_f1", "evidence_f1", "reasoning_f1")


def parsed(value, test):
    """A run's answers as `retort evaluate` reads predictions."""
    rows = []
    for place, row in enumerate(test):
        statements = value["statements"][place]
        steps = [{"statement": text, "evidence": "", "Verification": ""} for text in statements] if isinstance(statements, list) else []
        if "explained" in value:
            steps = value["explained"].get(row["id"], []) + steps[len(value["explained"].get(row["id"], [])):]
        conditions = value.get("conditions", [None] * len(test))[place]
        rows.append({"id": row["id"], "question_parsing": conditions if isinstance(conditions, list) else [], "cot_parsing": steps})
    return rows


def scored(retort, rows, gold, folder):
    for name, value in (("predicted.json", rows), ("gold.json", gold)):
        (folder / name).write_text(json.dumps(value, ensure_ascii=False))
    said = subprocess.run([retort, "evaluate", "predicted.json", "gold.json", "--json", "--entailment", "none", "--store", "store.sqlite"],
                          cwd=folder, stdout=subprocess.PIPE, check=True).stdout
    found = {row["id"]: row for row in json.loads(said)["rows"]}
    return {name: [found[row["id"]][name] for row in gold] for name in ALL}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("retort")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--results", type=pathlib.Path)
    args = parser.parse_args()
    test = [json.loads(line) for line in (args.folder / "data" / "test.jsonl").read_text().splitlines()]
    gold, runs = [row["gold"] for row in test], {}
    with gzip.open((args.results or args.folder / "out") / "runs.jsonl.gz", "rt") as file:
        answered = {value["run"]["id"]: value for value in map(json.loads, file)}  # of several lines about a run the last one counts
    for value in answered.values():
        with tempfile.TemporaryDirectory() as folder:
            found = scored(str(pathlib.Path(args.retort).resolve()), parsed(value, test), gold, pathlib.Path(folder))
        asked = {"statement_f1", *(["question_f1"] if "conditions" in value else []), *(["evidence_f1", "reasoning_f1"] if "explained" in value else [])}
        runs[value["run"]["id"]] = {"run": value["run"], "loss": (value["losses"] or [None])[-1],
                                    "lists": sum(isinstance(one, list) for one in value["statements"]) / len(test),
                                    "scores": {name: found[name] if name in asked else None for name in ALL}}
    questions = [{"id": row["id"], "kind": row["kind"], "wording": row["wording"]} for row in test]
    (args.folder / "scores.json").write_text(json.dumps({"questions": questions, "runs": runs}))
    print(f"{len(runs)} runs scored on {len(test)} questions")


if __name__ == "__main__":
    main()
