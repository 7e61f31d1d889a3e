#!/usr/bin/env python3
"""Trains the reward model's head on the pairs of other puzzles, and has it judge every candidate with and without an example.

    judge.py DATA MODEL OUT KEEP DEVICE

KEEP gets head/ (28 MB), OUT its report, judged.jsonl (what score-reward would say of each candidate) and known.jsonl (what the model reads and its answer, for
`tools/reward-model/serve.py`, so that score-reward can say it again).
"""
import gzip
import json
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "reward-model"))
from model import RewardModel, text_of  # noqa: E402  (it lies in another folder)

data, base, out, keep, device = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3]), pathlib.Path(sys.argv[4]), sys.argv[5]
began = time.time()
if not (keep / "head" / "report.json").exists():
    with open(out / "head.log", "w") as log:
        subprocess.run([sys.executable, HERE.parent / "reward-model" / "train.py", data / "pairs.jsonl", "--base", base, "--out", keep / "head",
                        "--max-tokens", "1024", "--epochs", "6", "--device", device], check=True, stdout=log)
(out / "head.json").write_text((keep / "head" / "report.json").read_text())
print(f"        reward model: trained after {time.time() - began:.0f} s", flush=True)
model = RewardModel.load(keep / "head", device)
known = {}
judged = []
with gzip.open(data / "candidates.jsonl.gz", "rt") as rows:
    for row in map(json.loads, rows):
        rewards = {}
        for name, question in row["prompts"].items():
            text = text_of(question, row["cot"])
            if text not in known:
                known[text] = model.answer(text)
            rewards[name] = known[text][0]
        judged.append({"id": row["id"], **rewards, "reward_average": sum(rewards.values()) / 2})
with open(out / "known.jsonl", "w") as file:
    for text, values in known.items():
        file.write(json.dumps({"text": text, "values": values}) + "\n")
part = out / "judged.part"
part.write_text("".join(json.dumps(row) + "\n" for row in judged))
part.rename(out / "judged.jsonl")
print(f"        reward model: {len(known)} texts judged after {time.time() - began:.0f} s", flush=True)
