#!/usr/bin/env python3
"""Makes what the study trains on and is tested on, by Retort's pipelines, and writes the plan.

    prepare.py RETORT FOLDER [--form full|cores|short] [--rewards RESULTS]

FOLDER/data is then all that learn.py needs, apart from the model; learn.py has the candidates judged, too. Done parts are not done again.
"""
import argparse
import gzip
import hashlib
import json
import os
import pathlib
import subprocess
import sys

import acts
import arms

HERE = pathlib.Path(__file__).resolve().parent
SETTINGS = {"rate": 2e-4, "ratio": 16, "steps": 100, "batch": 4, "max_tokens": 1024,
            "most_new": {"conditions": 192, "statements": 128, "evidence": 96}}
SIZES, CHOOSE_FROM = (12, 25, 50, 100, 200), (25, 50, 100)
ROLES = {"conditions": "question_parsing", "statements": "cot_parsing", "evidence": "cot_verification", "verdict": "cot_verification"}


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def write(path, records):
    with gzip.open(path, "wt") if path.suffix == ".gz" else open(path, "w") as file:
        for record in records:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


class Preparation:
    def __init__(self, args):
        self.retort = str(pathlib.Path(args.retort).resolve())
        self.home = pathlib.Path(args.folder).resolve()
        self.form, self.short = args.form, args.form == "short"
        self.data = self.home / "data"
        self.data.mkdir(parents=True, exist_ok=True)

    def run(self, pipeline, **variables):
        environment = {**os.environ, "STUDY": str(self.home), "STUDY_PYTHON": sys.executable, **variables}
        subprocess.run([self.retort, "run", pipeline, "--store", str(self.home / "store.sqlite")], cwd=HERE, env=environment, check=True)

    def examples(self, folder, rows):
        """For each row the examples of each act, as export-role-sets wrote them for the role that is asked for the act."""
        found = {row["id"]: {} for row in rows}
        for role in sorted(set(ROLES.values())):
            records = iter(lines(self.home / folder / "sft" / f"{role}-train.jsonl"))
            for row in rows:
                for _ in range(1 if role == "question_parsing" else 2 * len(row["cot_parsing"]) + 1):
                    messages = next(records)["messages"]
                    if acts.asked_of(messages) != row["question"]:
                        sys.exit(f"prepare: expected an example of {row['id']} in {folder}/{role}, found one of another row")
                    act = acts.act_of(messages)
                    if ROLES[act] == role:
                        found[row["id"]].setdefault(act, []).append(messages)
            if next(records, None) is not None:
                sys.exit(f"prepare: expected no more examples in {folder}/{role}")
        return found

    def curve(self):
        rows = lines(self.home / "curve.jsonl")
        examples = self.examples("curve", rows)
        write(self.data / "curve.jsonl.gz", ({"place": place, "examples": examples[row["id"]]} for place, row in enumerate(rows)))

    def candidates(self):
        rows = lines(self.home / "candidates.jsonl")
        examples = self.examples("examples", rows)
        sound = {row["id"] for row in lines(self.home / "sound.jsonl")}
        right = {row["id"]: row["correct"] is True for row in lines(self.home / "verified.jsonl")}
        write(self.data / "candidates.jsonl.gz", ({
            **{name: row[name] for name in ("id", "puzzle_id", "place", "slot", "ways", "cot")}, "examples": examples[row["id"]],
            "sound": row["id"] in sound, "right": right[row["id"]], "prompts": acts.reward_prompts(row)} for row in rows))
        subprocess.run([sys.executable, HERE / "pairs.py", self.home / "pairs-rows.jsonl", self.data / "pairs.jsonl"], check=True)

    def test(self):
        rows = lines(self.home / "test-rows.jsonl")
        examples = self.examples("test", rows)
        write(self.data / "test.jsonl", ({
            "id": row["id"], "kind": row["kind"], "wording": row["wording"],
            "gold": {"id": row["id"], "question_parsing": row["question_parsing"], "cot_parsing": row["cot_parsing"]},
            "conditions": examples[row["id"]]["conditions"][0][:-1], "statements": examples[row["id"]]["statements"][0][:-1]}
            for row in (rows[:8] if self.short else rows)))
        return {"verification": next(iter(examples.values()))["verdict"][0][0]["content"]}

    def plan(self, systems):
        """The stages in their order. rank: which runs are asked for evidence and verdicts first."""
        seeds, few = {"short": ([1], [1]), "cores": ([1, 2, 3], [1]), "full": ([1, 2, 3, 4, 5], [1, 2, 3])}[self.form]
        sizes, choose_from = {"short": ((6,), (6,)), "cores": ((12, 50, 200), (50,)), "full": (SIZES, CHOOSE_FROM)}[self.form]

        def arm(name, dose, seed, rank):
            found = f"gold-{seed}" if name == "gold" else f"{name}-{dose}-{seed}"
            return {"id": found, "arm": name, "dose": dose, "seed": seed, "rank": rank, "questions": None}

        def gold(size, seed):
            return {"id": f"curve-{size}-{seed}", "arm": "curve", "dose": 0, "seed": seed, "rank": 4, "questions": size}

        control = [arm("gold", 40, seed, 0) for seed in seeds] + [arm("random", 40, seed, 0) for seed in seeds]
        filters = [arm(name, dose, seed, 1) for dose in (40, 75) for name in ("structure", "average") for seed in seeds]
        filters += [arm(name, dose, seed, 2) for dose in (40, 75) for name in arms.FILTERS if name not in ("structure", "average") for seed in few]
        filters += [arm(name, 20, seed, 3) for name in arms.FILTERS for seed in few]
        stages = [
            {"name": "floor", "runs": [{"id": "base", "arm": "base", "dose": 0, "seed": 0, "rank": 3, "questions": 0}]},
            {"name": "learning curve", "sizes": sizes, "choose_from": choose_from, "share": 0.97,
             "runs": [gold(size, seed) for size in sizes for seed in few]},
            {"name": "control", "doses": [40], "seeds": seeds, "runs": control},
            {"name": "doses", "doses": [40, 75], "seeds": seeds,
             "runs": [arm("random", 75, seed, 2) for seed in seeds] + [arm("random", 20, seed, 2) for seed in few]},
            {"name": "filters", "dose_of_control": True, "also": [20], "runs": [] if self.short else filters},
        ]
        settings = dict(SETTINGS, **({"steps": 6} if self.short else {}))
        (self.data / "plan.json").write_text(json.dumps({"settings": settings, "systems": systems, "stages": stages}, indent=1) + "\n")

    # The reward model

    def rewards(self, results):
        """What learn.py's reward model said, said again by Retort's own stages: score-reward asks a server that knows the answers, and
        filter-reward makes the paper's selection. Stops where a reward is another than the arms went by."""
        known = results / "known.jsonl"
        self.run("rewards.yaml", STUDY_KNOWN=str(known.resolve()), STUDY_HEAD=hashlib.sha256(known.read_bytes()).hexdigest()[:16])
        said, went_by = ({row["id"]: row for row in lines(path)} for path in (self.home / "judged.jsonl", results / "judged.jsonl"))
        other = [name for name in went_by if any(abs(said[name][column] - went_by[name][column]) > 1e-9 for column in arms.REWARDS.values())]
        if other or len(said) != len(went_by):
            sys.exit(f"prepare: expected the rewards that the arms went by, found others for {len(other)} candidates, as {other[:3]}")
        print(f"score-reward says what the arms went by, of {len(said)} candidates; filter-reward keeps {len(lines(self.home / 'kept.jsonl'))}")

    def prepare(self):
        self.run("sets.yaml")
        self.run("candidates.yaml")
        self.curve()
        self.candidates()
        self.plan(self.test())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("retort")
    parser.add_argument("folder")
    parser.add_argument("--form", choices=("full", "cores", "short"), default="full",
                        help="cores: what six hours on two cores are enough for, fewer sizes and seeds; short: a trial of minutes")
    parser.add_argument("--rewards", metavar="RESULTS", type=pathlib.Path, help="what learn.py wrote, afterwards: nothing else is made then")
    options = parser.parse_args()
    preparation = Preparation(options)
    preparation.rewards(options.rewards) if options.rewards else preparation.prepare()
