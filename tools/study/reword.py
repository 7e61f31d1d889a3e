#!/usr/bin/env python3
"""Tells every second labelled puzzle in words that no training row has, for `command`: the question, the query and the rationale.
Conditions, statements and evidence stay as they are, and stand in the text as before.

    run: [reword.py]
"""
import json
import random
import re
import sys

OPENERS = ("Here is how one can think about it:", "Start from the facts.", "A few things can be read off.", "Going through the facts step by step:")
LINKS = (("It was said that ", ", and so "), ("The facts include this: ", ". This means that "), ("If we bear in mind that ", ", then clearly "),
         ("Note that ", ", which tells us that "), ("By the fact that ", ", one finds that "))
CLOSERS = ("Choose %.", "That is what option % says.", "Only % fits.", "In the end % remains.")
QUERIES = {"must be true?": "Which of these has to hold?", "could be true?": "Which of these is possible?", "cannot be true?": "Which of these is impossible?"}


def reworded(row):
    order = random.Random(row["id"])
    context, query, options = re.fullmatch(r"(.*?)\n(.*?)\n(A\..*)", row["question"], re.DOTALL).groups()
    scene, conditions = context.split(" The following is known: ")
    facts = re.split(r"\(\d+\) ", conditions)[1:]
    supposed = re.match(r"If (.*), which one", query)
    asked = next(words for end, words in QUERIES.items() if query.endswith(end))
    question = (f"Facts: {scene} " + " ".join(f"{fact.strip()}" for fact in facts) + "\n"
                + (f"Suppose that {supposed[1]}. {asked}" if supposed else asked) + "\n" + options)
    told = []
    for step in row["cot_parsing"]:
        before, between = order.choice(LINKS)
        told.append(f"{before}{step['evidence']}{between}{step['statement']}.")
    closer = order.choice(CLOSERS).replace("%", row["answer"].upper())
    return {"question": question, "cot": " ".join([order.choice(OPENERS), *told, closer]), "wording": "new"}


for line in sys.stdin:
    one = json.loads(line)
    row = one["row"]
    number = int(row["id"].rsplit("-", 1)[1])
    # Pairs of questions in turn, so that both kinds are told in both ways.
    changed = reworded(row) if number // 2 % 2 else {"question": row["question"], "cot": row["cot"], "wording": "known"}
    print(json.dumps({"id": one["id"], "columns": changed}), flush=True)
