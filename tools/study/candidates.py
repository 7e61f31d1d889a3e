#!/usr/bin/env python3
"""Makes eight candidates of each labelled puzzle, for `command-set`: four clean ones, and the same four corrupted in two of five ways.

    run: [candidates.py, --seed, "1"]

A clean candidate has the puzzle's steps in another order and other words between them: what four samples of a teacher that makes no
mistake would be. Its corrupted twin has two of these ways, drawn so that the four of a question differ:

  conclusion   the rationale ends with another option, and its last step speaks of another person; the parsing says what it says
  evidence     half of the evidence is a condition of another puzzle
  missing      half of the steps of the rationale are not in the parsing
  verdict      half of the verdicts are turned
  instruction  the rationale, the conditions and the statements begin with a sentence of the instruction
"""
import argparse
import itertools
import json
import random
import sys

WAYS = ("conclusion", "evidence", "missing", "verdict", "instruction")
OPENERS = ("Let us take the conditions one after another.", "We look at what the conditions say together.",
           "To answer this, we combine what is known.", "First we see what can be concluded.")
LINKS = (("Since ", ", "), ("Because ", ", we see that "), ("Given that ", ", it follows that "), ("From the fact that ", " we get that "),
         ("As ", ", we know that "), ("We know that ", "; therefore "))
CLOSERS = ("So the answer is %.", "Hence option % is right.", "This leaves option %.", "The answer is %.")
COPIED = {"cot": "List the statements that the reasoning makes.",
          "question_parsing": "List every condition that is needed to solve the question",
          "statement": "List the statements that the reasoning makes", "evidence": "find the evidence that it gives for one of them"}


def rationale(steps, answer, words):
    """words: the opener, a link for each step, the closer."""
    opener, links, closer = words
    told = [f"{before}{step['evidence']}{between}{step['statement']}." for (before, between), step in zip(links, steps)]
    return " ".join([opener, *told, closer.replace("%", answer.upper())])


def clean(row, order):
    steps = [dict(step) for step in row["cot_parsing"]]
    order.shuffle(steps)
    words = order.choice(OPENERS), [order.choice(LINKS) for _ in steps], order.choice(CLOSERS)
    return {"steps": steps, "words": words, "parsing": [dict(step) for step in steps],
            "conditions": list(row["question_parsing"]), "answer": row["answer"], "prefix": ""}


def corrupt(one, ways, row, foreign, order):
    one = json.loads(json.dumps(one))
    steps, parsing = one["steps"], one["parsing"]
    half = max(1, len(parsing) // 2)
    people = json.loads(row["puzzle"])["people"] if isinstance(row["puzzle"], str) else row["puzzle"]["people"]
    if "conclusion" in ways:
        said = steps[-1]["statement"]
        named = next(name for name in people if name in said)
        other = order.choice([name for name in people if name not in said])
        steps[-1]["statement"] = parsing[-1]["statement"] = said.replace(named, other)
        one["answer"] = order.choice([letter for letter in "abcd" if letter != row["answer"]])
    if "evidence" in ways:
        for place in order.sample(range(len(parsing)), half):
            parsing[place]["evidence"] = order.choice(foreign)
    if "verdict" in ways:
        for place in order.sample(range(len(parsing)), half):
            parsing[place]["Verification"] = "false" if parsing[place]["Verification"] == "true" else "true"
    if "missing" in ways:
        left = set(order.sample(range(len(parsing)), half))
        one["parsing"] = parsing = [step for place, step in enumerate(parsing) if place not in left]
    if "instruction" in ways:
        one["prefix"] = COPIED["cot"] + " "
        one["conditions"].insert(0, COPIED["question_parsing"])
        parsing.insert(0, {"statement": COPIED["statement"], "evidence": COPIED["evidence"], "Verification": "true"})
    return one


def columns(row, slot, one, ways):
    return {"id": f"{row['id']}.{slot}{'x' if ways else 'c'}", "puzzle_id": row["id"], "place": row["place"], "slot": slot,
            "ways": list(ways), "question": row["question"], "answer": row["answer"],
            "cot": one["prefix"] + rationale(one["steps"], one["answer"], one["words"]),
            "question_parsing": one["conditions"], "cot_parsing": one["parsing"], "demonstrations": [row["example"]]}


def made(row, rows, seed):
    order = random.Random(f"{seed} {row['id']}")
    foreign = [condition for other in rows if other["id"] != row["id"] for condition in other["question_parsing"][1:]]
    pairs = order.sample(list(itertools.combinations(WAYS, 2)), 4)
    for slot, ways in enumerate(pairs):
        one = clean(row, order)
        yield columns(row, slot, one, ())
        yield columns(row, slot, corrupt(one, ways, row, foreign, order), ways)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    asked = [json.loads(line) for line in sys.stdin]
    rows = [dict(one["row"], place=place) for place, one in enumerate(asked)]
    for row, other in zip(rows, rows[1:] + rows[:1]):  # what few-shot prompts show: the labelled puzzle after it
        row["example"] = {"question": other["question"], "cot": other["cot"]}
    for one, row in zip(asked, rows):
        for candidate in made(row, rows, options.seed):
            print(json.dumps({"row": candidate, "from": [one["id"]]}))
