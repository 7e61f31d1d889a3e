#!/usr/bin/env python3
"""Pairs of sentences with entailment, neutral or contradiction, labelled by the puzzles that they are from.

    pairs.py PUZZLES.jsonl --out pairs.jsonl [--each 12] [--wordings 0 1] [--seed 0]

PUZZLES.jsonl are rows of `generate-puzzles`, of which the column `puzzle` is read. The premise is one claim of a puzzle or
two, the hypothesis another claim, mostly about the same persons; the label is what holds in every world of the puzzle in which the
premise does. So nothing is labelled by a model, or by how alike two texts are. --wordings chooses how claims are told: 0 as
the puzzles tell them, 1 and 2 in other words.
"""
import argparse
import itertools
import json
import pathlib
import random

LABELS = ("entailment", "neutral", "contradiction")


def holds(claim, world, people, values):
    """Whether a claim of the column `puzzle` is true where person i has value world[i]."""
    (word, content), rest = next(iter(claim.items())), claim

    def value(name):
        return world[people.index(name)]

    if word == "not":
        return not holds(content, world, people, values)
    if word == "if":
        return not holds(content, world, people, values) or holds(rest["then"], world, people, values)
    if word == "has":
        return value(content[0]) == values.index(content[1])
    first, second = value(content[0]), value(content[1])
    if word == "before":
        return first < second
    if word == "just_before":
        return first + 1 == second
    if word == "next_to":
        return abs(first - second) in (1, len(values) - 1)
    if word == "opposite":
        return abs(first - second) * 2 == len(values)
    if word == "same":
        return first == second
    raise SystemExit(f"expected a claim, found {claim}")


def worlds(kind, people, values):
    if kind in ("ordering", "seating"):
        return list(itertools.permutations(range(len(values)), len(people)))
    return list(itertools.product(range(len(values)), repeat=len(people)))


# How claims are told. {a} and {b} are persons, {v} a value; of each three tellings, or fewer.
VERBS = {"ordering": [("finishes", "finish"), ("reads", "read"), ("starts", "start")],
         "assignment": [("goes", "go"), ("belongs", "belong"), ("works", "work")],
         "seating": [("sits", "sit")], "truth_teller": [("is", "be")]}
TELLINGS = {
    "ordering": {
        "has": ["{a} {s} {v}", "{a} is the {v} to {p}", "the {v} place is {a}'s"],
        "before": ["{a} {s} before {b}", "{b} {s} after {a}", "{a} {s} earlier than {b}"],
        "just_before": ["{a} {s} immediately before {b}", "{b} {s} right after {a}", "{a} {s} just ahead of {b}, with nobody between"],
        "not has": ["{a} does not {p} {v}", "{a} is not the {v} to {p}", "the {v} place is not {a}'s"],
        "not before": ["{a} does not {p} before {b}", "{b} does not {p} after {a}", "{a} does not {p} earlier than {b}"],
        "not just_before": ["{a} does not {p} immediately before {b}", "{b} does not {p} right after {a}", "it is not so that {a} {s} just ahead of {b}, with nobody between"],
    },
    "assignment": {
        "has": ["{a} {s} {v}", "it is {v} that {a} {s}", "{v} is where {a} {s}"],
        "same": ["{a} and {b} {p} to the same one", "{a} {s} where {b} {s}", "{b} and {a} {p} together"],
        "not has": ["{a} does not {p} {v}", "it is not {v} that {a} {s}", "{v} is not where {a} {s}"],
        "not same": ["{a} and {b} {p} to different ones", "{a} does not {p} where {b} {s}", "{b} and {a} do not {p} together"],
    },
    "seating": {
        "has": ["{a} {s} {v}", "it is {a} who {s} {v}", "{a} has the place {v}"],
        "next_to": ["{a} {s} next to {b}", "{b} {s} beside {a}", "{a} and {b} are neighbours"],
        "opposite": ["{a} {s} opposite {b}", "{b} {s} across from {a}", "{a} faces {b}"],
        "not has": ["{a} does not {p} {v}", "it is not {a} who {s} {v}", "{a} has not the place {v}"],
        "not next_to": ["{a} does not {p} next to {b}", "{b} does not {p} beside {a}", "{a} and {b} are no neighbours"],
        "not opposite": ["{a} does not {p} opposite {b}", "{b} does not {p} across from {a}", "{a} does not face {b}"],
    },
    "truth_teller": {
        "has": ["{a} is {v}", "{v} is what {a} is", "it is {a} who is {v}"],
        "same": ["{a} and {b} are of the same kind", "{b} is of {a}'s kind", "{a} and {b} do not differ in kind"],
        "not has": ["{a} is not {v}", "{v} is not what {a} is", "it is not {a} who is {v}"],
        "not same": ["{a} and {b} are of different kinds", "{b} is not of {a}'s kind", "{a} and {b} differ in kind"],
    },
}


def told(claim, kind, verb, wording):
    """Lower case, as the scorer asks."""
    (word, content) = next(iter(claim.items()))
    if word == "if":
        return f"{told(claim['then'], kind, verb, wording)} if {told(content, kind, verb, wording)}"
    name, inner = (f"not {next(iter(content))}", next(iter(content.values()))) if word == "not" else (word, content)
    telling = TELLINGS[kind][name][wording]
    second = {"v": inner[1]} if name.endswith("has") else {"b": inner[1]}
    return telling.format(a=inner[0], s=verb[0], p=verb[1], **second).lower()


def plain(claim):
    """Whether it can be told: no implication of implications, no report of what somebody says."""
    word, content = next(iter(claim.items()))
    if word == "if":
        return plain(content) and plain(claim["then"]) and "if" not in content and "if" not in claim["then"]
    if word == "not":
        return next(iter(content)) in ("has", "before", "just_before", "next_to", "opposite", "same")
    return word != "says"


def negated(claim):
    return claim["not"] if "not" in claim else {"not": claim}


def atoms(kind, people, values):
    claims = [{"has": [a, v]} for a in people for v in values]
    for a, b in itertools.permutations(people, 2):
        if kind == "ordering":
            claims += [{"before": [a, b]}, {"just_before": [a, b]}]
        elif kind == "seating":
            claims += [{"next_to": [a, b]}, {"opposite": [a, b]}]
        else:
            claims.append({"same": [a, b]})
    return claims + [negated(claim) for claim in claims]


def bare(value):
    """Without the nulls that an export writes for keys which other rows have."""
    if isinstance(value, dict):
        return {name: bare(inner) for name, inner in value.items() if inner is not None}
    return [bare(inner) for inner in value] if isinstance(value, list) else value


def pairs(row, each, wordings, order):
    puzzle, kind = bare(row["puzzle"]), row["kind"]
    people, values = puzzle["people"], puzzle["values"]
    everywhere = worlds(kind, people, values)
    own = [claim for claim in puzzle["conditions"] + puzzle["options"] if plain(claim)]
    simple = atoms(kind, people, values)
    verb = next((verb for verb in VERBS[kind] if f" {verb[0]} " in row["question"]), VERBS[kind][0])
    owed = {label: each // 3 for label in LABELS}
    for _ in range(40 * each):
        if not any(owed.values()):
            break
        premise = order.sample(own + order.sample(simple, 2), 1 if order.random() < 0.7 else 2)
        if len(premise) == 2 and premise[0] == premise[1]:
            continue
        near = [claim for claim in simple if names(claim) <= names(*premise)]
        others = [order.choice(near), order.choice(near), order.choice(near), order.choice(simple)]
        hypothesis = order.choice(others + [premise[0]] + ([] if "if" in premise[0] else [negated(premise[0])]))
        left = [world for world in everywhere if all(holds(claim, world, people, values) for claim in premise)]
        there = sum(holds(hypothesis, world, people, values) for world in left)
        if not left or not plain(hypothesis):
            continue
        label = "entailment" if there == len(left) else "contradiction" if there == 0 else "neutral"
        if owed[label] <= 0:
            continue
        owed[label] -= 1
        said = " and ".join(told(claim, kind, verb, order.choice(wordings)) for claim in premise)
        yield {"premise": said, "hypothesis": told(hypothesis, kind, verb, order.choice(wordings)), "label": label, "kind": kind}


def names(*claims):
    found = set()

    def walk(value):
        if isinstance(value, dict):
            for name, inner in value.items():
                if name == "has":
                    found.add(inner[0])
                elif name in ("before", "just_before", "next_to", "opposite", "same"):
                    found.update(inner)
                else:
                    walk(inner)
    for claim in claims:
        walk(claim)
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("puzzles")
    parser.add_argument("--out", required=True)
    parser.add_argument("--each", type=int, default=12, help="pairs of a puzzle, a third of each label; default 12")
    parser.add_argument("--wordings", type=int, nargs="+", default=[0, 1], choices=(0, 1, 2))
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    order = random.Random(args.seed)
    written = 0
    with open(args.out, "w", encoding="utf-8") as out:
        for line in pathlib.Path(args.puzzles).read_text(encoding="utf-8").splitlines():
            for pair in pairs(json.loads(line), args.each, args.wordings, order):
                out.write(json.dumps(pair, ensure_ascii=False) + "\n")
                written += 1
    print(f"{written} pairs")
