#!/usr/bin/env python3
"""Train on pairs: lines of JSON with `premise`, `hypothesis` and `label`, as pairs.py writes them.

    train.py PAIRS.jsonl --out MODEL.json [--test FILE …]
"""
import argparse
import json
import pathlib
import random
import sys
import time

from words import LABELS, WordModel, features

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("pairs", nargs="+", help="files of JSON Lines to train on")
parser.add_argument("--test", nargs="*", default=[], metavar="FILE", help="files of pairs to report on, each by itself")
parser.add_argument("--out", required=True, help="the file to write")
parser.add_argument("--epochs", type=int, default=10, help="passes over the pairs; default 10")
parser.add_argument("--rate", type=float, default=0.1, help="AdaGrad's step; default 0.1")
parser.add_argument("--decay", type=float, default=1e-4, help="how fast weights fall back to 0; default 1e-4")
parser.add_argument("--unnamed", type=float, default=0.5, help="share of the steps that see no words, so that what holds of any words is learnt; default 0.5")
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()


def read(path):
    pairs = []
    for number, line in enumerate(pathlib.Path(path).read_text(encoding="utf-8").splitlines(), 1):
        row = json.loads(line)
        if row.get("label") not in LABELS:
            sys.exit(f"{path}:{number}: expected one of {', '.join(LABELS)} in 'label', found {row.get('label')}")
        pairs.append((features(row["premise"], row["hypothesis"]), LABELS.index(row["label"])))
    return pairs


def report(model, pairs):
    right = {label: [0, 0] for label in LABELS}
    for found, label in pairs:
        logits = model.logits(found)
        count = right[LABELS[label]]
        count[0] += logits.index(max(logits)) == label
        count[1] += 1
    return {"pairs": len(pairs), "accuracy": round(sum(r for r, _ in right.values()) / max(1, len(pairs)), 3),
            "recall": {label: round(r / max(1, n), 3) for label, (r, n) in right.items()}}


began = time.time()
order = random.Random(args.seed)
training = [pair for path in args.pairs for pair in read(path)]
model, squares = WordModel(), {}
for epoch in range(args.epochs):
    order.shuffle(training)
    loss = sum(model.step(found[:1] if order.random() < args.unnamed else found, label, args.rate, squares, args.decay)
               for found, label in training) / len(training)
model.save(args.out)
model = WordModel.load(args.out)
print(json.dumps({"training_pairs": len(training), "loss": round(loss, 4), "training": report(model, training),
                  "tests": {pathlib.Path(path).name: report(model, read(path)) for path in args.test},
                  "seconds": round(time.time() - began)}))
