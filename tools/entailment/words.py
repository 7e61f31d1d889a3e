"""Whether one sentence follows from another, told from their words alone: which are shared, in which order, what is denied,
and which words of the one stand against which of the other. Plain Python, no library.

A softmax over hashed features of the pair. It knows the words that it was trained on, and of others only whether both
sentences have them: see docs/scoring.md for what that is worth.
"""
import hashlib
import json
import math
import pathlib
import re

LABELS = ("entailment", "neutral", "contradiction")
SIZE = 1 << 15
DENIALS = {"not", "no", "never", "cannot", "none", "nobody", "nothing", "neither", "nor", "without", "false", "isn", "doesn", "don", "t"}


def words(text):
    return re.findall(r"\w+", text.lower())


def clauses(text):
    """The parts of a conjunction; a sentence that is none is its only part."""
    parts = [words(part) for part in re.split(r"[.;!?\n]|, (?:and|but) | and (?=\w+ (?:\w+ )?(?:is|are|was|does|do|has|\w+s)\b)", text.lower())]
    return [part for part in parts if part] or [[]]


def common(one, other):
    """Length of the longest common subsequence."""
    row = [0] * (len(other) + 1)
    for word in one:
        before = 0
        for place, there in enumerate(other, 1):
            before, row[place] = row[place], before + 1 if word == there else max(row[place], row[place - 1])
    return row[-1]


def turned(one, other):
    """Share of the pairs of shared words that stand in another order."""
    places = {word: other.index(word) for word in dict.fromkeys(one) if one.count(word) == other.count(word) == 1}
    order = [places[word] for word in one if word in places]
    pairs = [(a, b) for index, a in enumerate(order) for b in order[index + 1:]]
    return sum(a > b for a, b in pairs) / len(pairs) if pairs else 0.0


def place(name):
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "big") % SIZE


def features(premise, hypothesis):
    """Two of {place: value}: numbers of the pair, and the words that only one of the sentences has."""
    parts, said = clauses(premise), words(hypothesis)
    near = max([words(premise), *parts], key=lambda part: (2 * common(part, said) / max(1, len(part) + len(said))))
    numbers, named = {}, {}

    def add(name, value=1.0, to=numbers):
        to[place(name)] = to.get(place(name), 0.0) + value

    add("bias")
    lacks = [word for word in dict.fromkeys(said) if word not in near]
    more = [word for word in dict.fromkeys(near) if word not in said]
    denied = (sum(word in DENIALS for word in near) + sum(word in DENIALS for word in said)) % 2
    share = 2 * common(near, said) / max(1, len(near) + len(said))
    order = turned(near, said)
    add("share", share)
    add("same", float(near == said))
    add("order", order)
    add("lacks", len(lacks) / max(1, len(said)))
    add("more", len(more) / max(1, len(near)))
    add("parts", float(len(parts) > 1))
    add("if", float("if" in near) - float("if" in said))
    step, turn = f"{int(4 * share)}", "turned" if order > 0.5 else "straight" if order == 0 else "mixed"
    add(f"denied {denied}")
    add(f"denied {denied} {turn}")
    add(f"denied {denied} {step}")
    add(f"lacking {min(3, len(lacks))} {min(3, len(more))} {denied} {turn}")
    plain_lacks = [word for word in lacks if word not in DENIALS] or ["-"]
    plain_more = [word for word in more if word not in DENIALS] or ["-"]
    for word in plain_lacks:
        add(f"h {word}", 0.5, named)
        add(f"h {word} {denied} {turn}", 0.5, named)
    for word in plain_more:
        add(f"p {word}", 0.5, named)
        add(f"p {word} {denied} {turn}", 0.5, named)
    for one in plain_more[:6]:
        for other in plain_lacks[:6]:
            add(f"{one} > {other}", 0.5, named)
            add(f"{one} > {other} {denied} {turn}", 0.5, named)
    return numbers, named


class WordModel:
    """Weights of each feature, a list for each class."""

    def __init__(self, weights=None):
        self.weights = weights or {}

    def logits(self, found):
        """Of features(), or of one of its two alone."""
        sums = [0.0, 0.0, 0.0]
        for part in found:
            for index, value in part.items():
                row = self.weights.get(index)
                if row:
                    for label in range(3):
                        sums[label] += row[label] * value
        return sums

    @staticmethod
    def shares(logits):
        powers = [math.exp(logit - max(logits)) for logit in logits]
        return [power / sum(powers) for power in powers]

    def scores(self, pairs):
        """Probabilities of the classes, of each pair."""
        return [self.shares(self.logits(features(*pair))) for pair in pairs]

    def step(self, found, label, rate, squares, decay):
        """One step of AdaGrad on one pair. Returns its loss before."""
        shares = self.shares(self.logits(found))
        for index, value in (item for part in found for item in part.items()):
            row, seen = self.weights.setdefault(index, [0.0, 0.0, 0.0]), squares.setdefault(index, [1e-8, 1e-8, 1e-8])
            for one in range(3):
                slope = (shares[one] - (one == label)) * value + decay * row[one]
                seen[one] += slope * slope
                row[one] -= rate * slope / math.sqrt(seen[one])
        return -math.log(max(1e-12, shares[label]))

    def save(self, path):
        kept = {index: [round(weight, 4) for weight in row] for index, row in sorted(self.weights.items()) if any(abs(w) > 5e-4 for w in row)}
        pathlib.Path(path).write_text(json.dumps({"labels": LABELS, "size": SIZE, "weights": kept}, separators=(",", ":")) + "\n")

    @classmethod
    def load(cls, path):
        if not pathlib.Path(path).exists():
            raise SystemExit(f"expected a model at {path}, found none; tools/entailment/make-model makes one in a minute")
        read = json.loads(pathlib.Path(path).read_text())
        if tuple(read["labels"]) != LABELS or read["size"] != SIZE:
            raise SystemExit(f"{path}: expected a model of this program, found another")
        return cls({int(index): row for index, row in read["weights"].items()})
