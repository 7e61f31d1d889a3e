"""Which of its four candidates a question gives to an arm. A dose says how many of them are corrupted, and no arm but gold knows."""
import random

DOSES = (20, 40, 75)
FILTERS = ("structure", "average", "zero-shot", "few-shot", "length-matched", "verifier")
REWARDS = {"zero-shot": "reward_without_few_shot", "few-shot": "reward_with_few_shot", "average": "reward_average"}
REWARDED = (*REWARDS, "length-matched")


def corrupted_slots(count, dose):
    """For each of so many questions the slots whose candidate is the corrupted one: nested, so that a larger dose keeps those of a
    smaller. The share is exact over all questions, and each has a clean candidate."""
    draws = random.Random("slots")
    orders = [draws.sample(range(4), 4) for _ in range(count)]
    each, more = divmod(round(dose / 100 * 4 * count), count)
    ranks = list(range(count))
    draws.shuffle(ranks)
    return [set(order[: min(3, each + (rank < more))]) for order, rank in zip(orders, ranks)]


def offered(rows, dose):
    """Of all candidates, the four of each question at a dose."""
    twins = {(row["place"], row["slot"], bool(row["ways"])): row for row in rows}
    slots = corrupted_slots(1 + max(row["place"] for row in rows), dose)
    return [[twins[place, slot, slot in bad] for slot in range(4)] for place, bad in enumerate(slots)]


def choose(arm, candidates, rewards, seed):
    """One of four candidates. rewards: what score-reward said, by candidate."""
    draw = random.Random(f"{arm} {seed} {candidates[0]['puzzle_id']}")

    def of(fitting):
        """One of those that fit, or of all where none does."""
        return draw.choice([one for one in candidates if fitting(one)] or candidates)

    if arm == "gold":
        return of(lambda one: not one["ways"])
    if arm == "random":
        return draw.choice(candidates)
    if arm == "structure":
        return of(lambda one: one["sound"])
    if arm == "verifier":
        return of(lambda one: one["right"])
    if arm == "length-matched":
        # As long as what the average reward takes, and not that one: what is left of a reward that goes by length alone.
        taken = choose("average", candidates, rewards, seed)
        far = {one["id"]: abs(len(one["cot"]) - len(taken["cot"])) for one in candidates if one is not taken}
        return of(lambda one: far.get(one["id"]) == min(far.values()))
    scores = {one["id"]: rewards[one["id"]][REWARDS[arm]] for one in candidates}
    return of(lambda one: scores[one["id"]] == max(scores.values()))


def examples(place, by_act, seed):
    """Four examples of a row: the conditions, the statements, and the evidence and the verdict of a step each."""
    draw = random.Random(f"{seed} {place}")
    return [draw.choice(by_act[act]) for act in ("conditions", "statements", "evidence", "verdict")]
