#!/usr/bin/env python3
"""Train the head on preference pairs: lines of JSON with `chosen`, `rejected` and, where there is one, `question`."""

import argparse
import hashlib
import json
import pathlib
import random
import sys
import time

import torch

from model import RewardModel, loss, text_of

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("pairs", help="a file of JSON Lines")
parser.add_argument("--base", required=True, help="a model's folder, or a file .gguf")
parser.add_argument("--out", required=True, help="the folder to write; it must not be there, or be one of these")
parser.add_argument("--loss", choices=("stated", "code"), default="stated", help="as the paper states it, or as its code has it")
parser.add_argument("--layers", type=int, default=2, help="how many of the last layers are trained; default 2")
parser.add_argument("--epochs", type=int, default=8, help="most passes over the pairs; default 8")
parser.add_argument("--patience", type=int, default=2, help="passes without a better validation loss to stop after; default 2")
parser.add_argument("--learning-rate", type=float, default=1e-4, help="Adam's step; the head's is ten times that; default 1e-4")
parser.add_argument("--batch", type=int, default=8, help="pairs of a step; default 8")
parser.add_argument("--max-tokens", type=int, default=512, help="of a text, its end; default 512")
parser.add_argument("--held-out", type=float, default=0.2, help="share of the questions to report on, and of the rest to stop by")
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--device", default="cpu", help="cpu, the default, or cuda")
args = parser.parse_args()


def read():
    pairs = []
    for number, line in enumerate(pathlib.Path(args.pairs).read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        row = json.loads(line)
        for name in ("chosen", "rejected"):
            if not isinstance(row.get(name), str):
                sys.exit(f"{args.pairs}:{number}: expected a text in '{name}', found {type(row.get(name)).__name__}")
        pairs.append((row.get("question") or "", row["chosen"], row["rejected"]))
    return pairs


def split(pairs):
    """Training, validation and held-out pairs; those of a question stay together."""
    def place(question):
        return hashlib.sha256(f"{args.seed}\0{question}".encode()).hexdigest()

    questions = sorted({question for question, _, _ in pairs}, key=place)
    if len(questions) < 3:
        sys.exit(f"{args.pairs}: expected pairs of 3 questions or more, found {len(questions)}")
    held = max(1, round(args.held_out * len(questions)))
    stop = held + max(1, round(args.held_out * (len(questions) - held)))
    places = {question: index for index, question in enumerate(questions)}
    parts = [[], [], []]
    for pair in pairs:
        index = places[pair[0]]
        parts[2 if index < held else 1 if index < stop else 0].append(pair)
    if not parts[0]:
        sys.exit("--held-out: expected a share that leaves pairs to train on")
    return parts


out = pathlib.Path(args.out)
if out.exists() and any(out.iterdir()) and not (out / "head.json").exists():
    sys.exit(f"--out: expected a new folder or one of these, found {out} with other files")
torch.manual_seed(args.seed)
order = random.Random(args.seed)
training, validation, held_out = split(read())
model = RewardModel(args.base, args.layers, args.max_tokens, args.device)
began = time.time()
texts = {text for part in (training, validation, held_out) for question, *answers in part
         for text in (text_of(question, answer) for answer in answers)}
print(f"{len(training)} pairs to train on, {len(validation)} to stop by, {len(held_out)} held out; {len(texts)} texts")
lower = {}
for count, text in enumerate(sorted(texts), 1):
    lower[text] = model.lower(text)
    if count % 50 == 0:
        print(f"  read {count} texts in {time.time() - began:.0f} s", flush=True)


def outputs(pair):
    question, chosen, rejected = pair
    return [model.upward(*lower[text_of(question, answer)]) for answer in (chosen, rejected)]


@torch.no_grad()
def report(pairs):
    found = [outputs(pair) for pair in pairs]
    losses = [float(loss(won, lost, "stated")) for won, lost in found]
    right = sum(1.0 if won[0] > lost[0] else 0.5 if won[0] == lost[0] else 0.0 for won, lost in found)
    deviations = [float(torch.exp(side[1] / 10)) for both in found for side in both]
    return {"pairs": len(pairs), "accuracy": right / len(pairs), "loss": sum(losses) / len(pairs),
            "sigma": [min(deviations), sum(deviations) / len(deviations), max(deviations)]}


@torch.no_grad()
def judged(pairs):
    return sum(float(loss(*outputs(pair), args.loss)) for pair in pairs) / len(pairs)


adam = torch.optim.AdamW([
    {"params": [*model.upper.parameters(), *model.norm.parameters()], "lr": args.learning_rate},
    {"params": model.head.parameters(), "lr": 10 * args.learning_rate},
], weight_decay=0.01)
best = {"epoch": 0, "loss": judged(validation)}
kept = {name: value.clone() for name, value in model.state_dict().items()}
for epoch in range(1, args.epochs + 1):
    order.shuffle(training)
    for start in range(0, len(training), args.batch):
        step = training[start:start + args.batch]
        adam.zero_grad()
        for pair in step:
            (loss(*outputs(pair), args.loss) / len(step)).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
    found = judged(validation)
    print(f"epoch {epoch}: validation loss {found:.4f} after {time.time() - began:.0f} s", flush=True)
    if found < best["loss"] - 1e-6:
        best = {"epoch": epoch, "loss": found}
        kept = {name: value.clone() for name, value in model.state_dict().items()}
    elif epoch - best["epoch"] >= args.patience:
        break

last = report(held_out)
model.load_state_dict(kept)
settings = {"base": str(pathlib.Path(args.base).resolve()), "layers": args.layers, "max_tokens": args.max_tokens}
model.save(out, settings)
summary = {"loss": args.loss, "epoch": best["epoch"], "validation_loss": best["loss"], "training_pairs": len(training),
           "validation_pairs": len(validation), "held_out": report(held_out), "held_out_of_the_last_epoch": last,
           "seconds": round(time.time() - began)}
(out / "report.json").write_text(json.dumps(summary, indent=1) + "\n")
print(json.dumps(summary))
