#!/usr/bin/env python3
"""Tables and pictures of the study, from its scores.

    report.py FOLDER --into docs/study.md [--results FOLDER]

Replaces what stands after "## What came out" in the page, and writes the pictures study-curve.svg and study-doses.svg beside it.
"""
import argparse
import gzip
import json
import pathlib

import numpy

import arms
from picture import curve_picture, dose_picture

DRAWS = 10_000
NAMES = {"statement_f1": "statement", "question_f1": "question", "evidence_f1": "evidence", "reasoning_f1": "reasoning"}


class Scores:
    def __init__(self, folder):
        value = json.loads((folder / "scores.json").read_text())
        self.runs, self.questions = value["runs"], value["questions"]

    def matrix(self, arm, dose, name="statement_f1", size=None):
        """By seed the scores of all questions: {seed: array}."""
        found = {}
        for run in self.runs.values():
            told = run["run"]
            same = told["arm"] == arm and (arm in ("gold", "base") or told["dose"] == dose) and (size is None or told["questions"] == size)
            if same and run["scores"][name] is not None:
                found[told["seed"]] = numpy.array(run["scores"][name])
        return found

    def difference(self, one, other, name="statement_f1"):
        """Of two arms, (arm, dose) each: by seed and question, the seeds that both have."""
        first, second = self.matrix(*one, name), self.matrix(*other, name)
        seeds = sorted(set(first) & set(second))
        return numpy.array([first[seed] - second[seed] for seed in seeds]) if len(seeds) >= self.fewest else None

    @property
    def fewest(self):
        """Seeds that a contrast needs: with one or two an interval says nothing. A trial has one of everything."""
        return min(3, max((run["run"]["seed"] for run in self.runs.values()), default=1))


def drawn(values, seed=0):
    """Means of draws over rows (seeds) and columns (questions)."""
    chance = numpy.random.default_rng(seed)
    rows = chance.integers(len(values), size=(DRAWS, len(values)))
    means = numpy.empty(DRAWS)
    for draw in range(DRAWS):
        columns = chance.integers(values.shape[1], size=values.shape[1])
        means[draw] = values[rows[draw]][:, columns].mean()
    return means


def contrast(values):
    means = drawn(values)
    low, high = numpy.quantile(means, [0.025, 0.975])
    sided = min((means <= 0).mean(), (means >= 0).mean())
    return {"mean": values.mean(), "low": low, "high": high, "p": min(1.0, 2 * (sided * DRAWS + 1) / (DRAWS + 1)),
            "se": means.std(), "seeds": len(values)}


def holm(found):
    """The p of each, corrected for their number."""
    order = sorted(found, key=lambda name: found[name]["p"])
    most = 0.0
    for place, name in enumerate(order):
        most = max(most, min(1.0, found[name]["p"] * (len(order) - place)))
        found[name]["holm"] = most


def signed(value):
    return f"{value:+.3f}"


def row(*cells):
    return "| " + " | ".join(map(str, cells)) + " |"


class Report:
    def __init__(self, folder, results, page):
        self.folder, self.results, self.page = folder, results, page
        self.scores = Scores(folder)
        self.decided = json.loads((results / "decided.json").read_text())
        self.lines = []

    def add(self, *lines):
        self.lines += [*lines, ""]

    def write(self):
        self.setting()
        self.curve()
        self.filters()
        self.control()
        self.arms()
        self.other_scores()
        text = self.page.read_text()
        head = text.split("## What came out")[0].rstrip()
        self.page.write_text(head + "\n\n## What came out\n\n" + "\n".join(self.lines).rstrip() + "\n")

    def setting(self):
        done = len(self.scores.runs)
        planned = json.loads((self.folder / "data" / "plan.json").read_text())
        every = sum(len(stage["runs"]) for stage in planned["stages"])
        self.add(f"{done} of {every} planned runs on {self.decided['device']} with torch {self.decided['torch']}, "
                 f"{len(self.scores.questions)} questions.")

    def curve(self):
        sizes = sorted({run["run"]["questions"] for run in self.scores.runs.values() if run["run"]["arm"] == "curve"})
        if not sizes:
            return
        base = {name: next(iter(self.scores.matrix("base", 0, name).values()), None) for name in ("statement_f1", "question_f1")}
        self.add("**Learning curve** (gold rows, mean over seeds; in brackets the seeds' range):")
        lines = [row("puzzles", "Statement F1", "Question F1"), row("---", "---", "---")]
        points = []
        if base["statement_f1"] is not None:
            lines.append(row("none: the model as it is", *(f"{base[name].mean():.3f}" if base[name] is not None else "" for name in base)))
        for size in sizes:
            cells = []
            for name in ("statement_f1", "question_f1"):
                means = [values.mean() for values in self.scores.matrix("curve", 0, name, size).values()]
                cells.append(f"{numpy.mean(means):.3f} ({min(means):.3f} to {max(means):.3f})" if means else "")
                points.append((name, size, means))
            lines.append(row(size, *cells))
        self.add(*lines)
        self.add(f"The study took {self.decided.get('size', 'no size')} puzzles.")
        (self.page.parent / "study-curve.svg").write_text(curve_picture(points))
        self.add("![Statement F1 by the number of gold puzzles](study-curve.svg)")

    def filters(self):
        with gzip.open(self.folder / "data" / "candidates.jsonl.gz", "rt") as file:
            rows = [json.loads(line) for line in file]
        judged = next((path for path in (self.results / "judged.jsonl", self.folder / "judged.jsonl") if path.exists()), None)
        rewards = {one["id"]: one for one in map(json.loads, judged.read_text().splitlines())} if judged else {}
        clean, bad = [one for one in rows if not one["ways"]], [one for one in rows if one["ways"]]
        ways = ("conclusion", "evidence", "missing", "verdict", "instruction")
        self.add(f"**What the filters let pass**, of {len(clean)} clean candidates and {len(bad)} corrupted ones (each fault stands for those that have it, with another):")
        lines = [row("filter", "clean", "corrupted", *ways), row(*["---"] * (3 + len(ways)))]
        tests = {"structure": lambda one: one["sound"], "verifier": lambda one: one["right"]}
        if rewards:
            tests["average reward above 0"] = lambda one: rewards[one["id"]]["reward_average"] > 0
        for name, test in tests.items():
            parts = [clean, bad, *([one for one in bad if way in one["ways"]] for way in ways)]
            lines.append(row(name, *(f"{numpy.mean([test(one) for one in part]):.2f}" for part in parts)))
        self.add(*lines)
        if not rewards:
            return
        lines = [row("reward", "AUC, clean against corrupted", *ways), row(*["---"] * (2 + len(ways)))]
        for name, column in arms.REWARDS.items():
            def area(part, column=column):
                good = numpy.array([rewards[one["id"]][column] for one in clean])[:, None]
                other = numpy.array([rewards[one["id"]][column] for one in part])[None, :]
                return ((good > other) + (good == other) / 2).mean()
            lines.append(row(name, f"{area(bad):.3f}", *(f"{area([one for one in bad if way in one['ways']]):.2f}" for way in ways)))
        self.add(*lines)
        lines = [row("dose", "candidates", "kept above 0", "corrupted among them", "puzzles left"), row(*["---"] * 5)]
        for dose in arms.DOSES:
            offered = [one for four in arms.offered(rows, dose) for one in four]
            kept = [one for one in offered if rewards[one["id"]]["reward_average"] > 0]
            lines.append(row(f"{dose} %", len(offered), len(kept), f"{100 * numpy.mean([bool(one['ways']) for one in kept]):.0f} %" if kept else "",
                             len({one["place"] for one in kept})))
        self.add("The paper's selection, every candidate above 0:")
        self.add(*lines)

    def control(self):
        lines = [row("gold against random at", "difference in Statement F1", "95 %", "seeds"), row(*["---"] * 4)]
        for dose in arms.DOSES:
            values = self.scores.difference(("gold", 0), ("random", dose))
            if values is not None:
                found = contrast(values)
                lines.append(row(f"{dose} %", signed(found["mean"]), f"{signed(found['low'])} to {signed(found['high'])}", found["seeds"]))
        self.add("**Control:**")
        self.add(*lines)
        dose = self.decided.get("dose")
        self.add(f"It separated at {dose} %." if dose else "It separated at no dose, so that no filter was tried.")

    def arms(self):
        dose = self.decided.get("dose")
        every = ("gold", *arms.FILTERS, "random")
        points = []
        for arm in every:
            for each in (0, *arms.DOSES):
                means = [values.mean() for values in self.scores.matrix("gold" if each == 0 else arm, each).values()] if each or arm == "random" else []
                if len(means) >= self.scores.fewest and not (arm == "gold" and each):
                    points.append((arm, each, means))
        if points:
            (self.page.parent / "study-doses.svg").write_text(dose_picture(points))
            self.add("![Statement F1 by the share of corrupted candidates, for each arm](study-doses.svg)")
        if not dose:
            return
        values = self.scores.difference(("average", dose), ("structure", dose))
        if values is not None:
            found = contrast(values)
            self.add(f"**Primary outcome**: average minus structure at {dose} %: {signed(found['mean'])} Statement F1 (95 %: {signed(found['low'])} to "
                     f"{signed(found['high'])}; {found['seeds']} seeds; p = {found['p']:.4f}). The smallest difference that could have been seen is "
                     f"{2.8 * found['se']:.3f}.")
        for each in sorted({dose, 20}, reverse=True):
            self.table(each, every)

    def table(self, dose, every):
        found = {}
        for arm in every:
            values = self.scores.difference((arm, dose), ("random", dose)) if arm != "random" else None
            if values is not None:
                found[arm] = contrast(values)
        if not found:
            return
        holm(found)
        self.add(f"**Arms at {dose} %**, against random:")
        lines = [row("arm", "Statement F1", "corrupted rows taken", "against random", "95 %", "p, Holm", "seeds"), row(*["---"] * 7)]
        for arm in every:
            means = [values.mean() for values in self.scores.matrix(arm, dose).values()]
            if len(means) < self.scores.fewest:
                continue
            one = found.get(arm)
            cells = [signed(one["mean"]), f"{signed(one['low'])} to {signed(one['high'])}", f"{one['holm']:.4f}", one["seeds"]] if one else ["", "", "", len(means)]
            lines.append(row(arm, f"{numpy.mean(means):.3f}", self.taken(arm, dose), *cells))
        self.add(*lines)

    def taken(self, arm, dose):
        """The share of corrupted candidates that the runs trained on."""
        with gzip.open(self.folder / "data" / "candidates.jsonl.gz", "rt") as file:
            rows = [json.loads(line) for line in file]
        judged = self.results / "judged.jsonl"
        rewards = {one["id"]: one for one in map(json.loads, judged.read_text().splitlines())} if judged.exists() else None
        runs = [run["run"] for run in self.scores.runs.values() if run["run"]["arm"] == arm and (arm == "gold" or run["run"]["dose"] == dose)]
        shares = [numpy.mean([bool(arms.choose(arm, four, rewards, run["seed"])["ways"]) for four in arms.offered(rows, dose)[: run["questions"]]]) for run in runs]
        return f"{100 * numpy.mean(shares):.0f} %" if shares else ""

    def other_scores(self):
        dose = self.decided.get("dose") or 40
        lines = [row("arm", "Question F1", "Evidence F1", "Reasoning F1", "Statement F1, known words", "new words", "assignment", "truth-teller"), row(*["---"] * 8)]
        any_found = False
        for arm in ("gold", *arms.FILTERS, "random"):
            cells = []
            for name in ("question_f1", "evidence_f1", "reasoning_f1"):
                means = [values.mean() for values in self.scores.matrix(arm, dose, name).values()]
                cells.append(f"{numpy.mean(means):.3f}" if means else "")
            values = list(self.scores.matrix(arm, dose).values())
            for key, word in (("wording", "known"), ("wording", "new"), ("kind", "assignment"), ("kind", "truth_teller")):
                places = [place for place, question in enumerate(self.scores.questions) if question[key] == word]
                cells.append(f"{numpy.mean([one[places].mean() for one in values]):.3f}" if values and places else "")
            if len(values) >= self.scores.fewest:
                any_found = True
                lines.append(row(arm, *cells))
        if any_found:
            self.add(f"The other scores, and parts of the test, at {dose} % (evidence and verdicts where the time was enough for them):")
            self.add(*lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--into", type=pathlib.Path, required=True)
    parser.add_argument("--results", type=pathlib.Path)
    args = parser.parse_args()
    Report(args.folder, args.results or args.folder / "out", args.into).write()
