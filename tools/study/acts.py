"""What the student is asked, as export-role-sets writes it, and how its answers are read."""
import json
import re

STATEMENTS = "List the statements that the reasoning makes."
EVIDENCE = "Find the evidence for the statement."
VERDICT = "Does the evidence entail the statement?"


def act_of(messages):
    """The act that a record of export-role-sets is an example of."""
    last = messages[1]["content"].rsplit("\n", 1)[-1]
    return {STATEMENTS: "statements", EVIDENCE: "evidence", VERDICT: "verdict"}.get(last, "conditions")


def asked_of(messages):
    """The question's text."""
    return re.split(r"\n\n(?:Answer|Reasoning):\n", messages[1]["content"].removeprefix("Question:\n"))[0]


def shown(statements_prompt):
    """What every act about a rationale shows."""
    return statements_prompt[1]["content"].removesuffix(STATEMENTS)


def evidence_prompt(system, statements_prompt, statement):
    return [{"role": "system", "content": system},
            {"role": "user", "content": f"{shown(statements_prompt)}Statement:\n{statement}\n\n{EVIDENCE}"}]


def verdict_prompt(system, statements_prompt, statement, evidence):
    text = f"{shown(statements_prompt)}Statement:\n{statement}\n\nEvidence:\n{evidence}\n\n{VERDICT}"
    return [{"role": "system", "content": system}, {"role": "user", "content": text}]


def texts(answer):
    """A list of texts, or None where the answer is none. What stands after the list is left out of account."""
    try:
        value, _ = json.JSONDecoder().raw_decode(answer.strip())
    except ValueError:
        return None
    return value if isinstance(value, list) and all(isinstance(one, str) for one in value) else None


def quoted(rest):
    """The text whose JSON, without its first quotation mark, begins an answer; None where it does not end."""
    try:
        return json.JSONDecoder().raw_decode('"' + rest)[0]
    except ValueError:
        return None


def words(text):
    return re.findall(r"\w+", text.lower())


def likeness(one, other):
    """The F-measure of ROUGE-L, as `retort evaluate` has it where no judge of entailment is given."""
    one, other = words(one), words(other)
    if not one or not other:
        return float(one == other)
    if one == other:
        return 1.0
    lengths = [0] * (len(other) + 1)
    for word in one:
        diagonal = 0
        for place, reference in enumerate(other, 1):
            above = lengths[place]
            lengths[place] = diagonal + 1 if word == reference else max(above, lengths[place - 1])
            diagonal = above
    return 2 * lengths[-1] / (len(one) + len(other))


def f1(predicted, known, threshold):
    """Of two lists of texts, matched greedily; a quick look during a run. `retort evaluate` gives the scores that count."""
    if not predicted and not known:
        return 1.0
    left, hits = list(known), 0
    for text in predicted:
        found = max(((likeness(text, reference), -place) for place, reference in enumerate(left)), default=(0, 0))
        if found[0] > threshold:
            left.pop(-found[1])
            hits += 1
    return 2 * hits / (len(predicted) + len(known))


def reward_prompts(row):
    """What a reward model is asked about a candidate, without its labelled example and with it, as score-reward asks."""
    question = f"Question:\n{row['question']}"
    example = "\n".join(f"Question:\n{one['question']}\nReasoning:\n{one['cot']}\n" for one in row["demonstrations"])
    return {"reward_without_few_shot": question, "reward_with_few_shot": f"{example}\n{question}"}
