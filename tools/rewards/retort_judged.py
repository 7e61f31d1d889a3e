"""Rewards that rest on a model's opinion, for online reinforcement learning: TWYN on fuzzy tasks, where a judge compares
the answers of a group (retort's compare-length-quality with mode: fuzzy), and PURM's penalty for rewards that cannot be
told from others, as a stream (penalize-uncertainty does it for a set).

Needs nothing but Python 3.9. Copy this file, retort_rewards.py and retort_answers.py beside your training script.

TRL        GRPOTrainer(reward_funcs=trl_fuzzy(ChatJudge("http://127.0.0.1:8000/v1", "judge"), group_size=8), ...)
           GRPOTrainer(reward_funcs=trl_purm(RewardServer("http://127.0.0.1:8001", "purm"), standardize=True), ...)
ms-swift   --external_plugins retort_judged.py --reward_funcs retort_fuzzy (or retort_purm), with RETORT_JUDGE_URL,
           RETORT_JUDGE_MODEL, RETORT_REWARD_URL, RETORT_REWARD_MODEL and `JudgedSettings` in the environment.
verl       its reward functions see one completion at a time, so that a judge cannot compare there: the advantage estimator
           sees numbers alone. PURM fits: reward.custom_reward_function.path=retort_judged.py, name=purm_score; the
           stream is then that of one worker.

These are scores to be normalised by the trainer. Fuzzy groups have no virtual responses, as in the authors' code: a judge
cannot compare with an answer that is not there. For verifiable answers verl's estimator has them (retort_rewards.py).
"""

import collections
import itertools
import json
import math
import os
import sys
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import retort_rewards as base  # noqa: E402  (beside this file)

# ---- TWYN, fuzzy ----------------------------------------------------------------------------------------------------

COMPARE = """Two answers to the same question follow. Say which one is better: more correct, more helpful, clearer. Length does
not count.

Question:
{question}

Answer A:
{first}

Answer B:
{second}

Reply with one word: A, B or tie."""


def split(completion):
    """(reasoning, answer) as the authors split them: what stands before </think>; what stands in the first <answer>
    element, else after </think>, else everything."""
    reasoning = completion.split("</think>")[0].strip()
    inside = completion.partition("<answer>")[2]
    if "</answer>" in inside:
        return reasoning, inside.partition("</answer>")[0].strip()
    return reasoning, completion.partition("</think>")[2].strip() if "</think>" in completion else completion.strip()


class FuzzyReward:
    """Scores a batch of completions, each against the others of its group, by a judge of their answers.

    judge: a function (question, first, second): 1 where the first answer is better, -1 where the second is, 0 for a tie.
    reasoning_limit, answer_limit: most tokens of a well-formed completion; the authors' 512, None for no limit.
    tokens: how many a text has; characters / 4, rounded up, where nobody says.
    opened: whether the prompt ends with <think>, so that a completion need not have it.
    """

    def __init__(self, judge, group_size=None, alpha=5.0, beta=1.0, penalty=-100.0, reasoning_limit=512, answer_limit=512,
                 tokens=lambda text: -(-len(text) // 4), opened=False):
        self.judge, self.group_size, self.tokens, self.opened = judge, group_size, tokens, opened
        self.alpha, self.beta, self.penalty = alpha, beta, penalty
        self.limits = reasoning_limit, answer_limit

    def malformed(self, completion):
        if "</think>" not in completion or not (self.opened or "<think>" in completion):
            return True
        parts = zip(split(completion), self.limits)
        return any(limit is not None and self.tokens(part) > limit for part, limit in parts)

    def __call__(self, keys, questions, completions):
        """A score for each completion. keys: equal for completions of one prompt."""
        scores = [0.0] * len(completions)
        for members in base.groups(keys, self.group_size):
            texts = [completions[index] for index in members]
            parts = [split(text) for text in texts]
            bad = {index for index, text in enumerate(texts) if self.malformed(text)}

            def verdict(i, k, parts=parts, bad=bad, question=questions[members[0]]):
                # Of two malformed members nothing that it says counts.
                return 0 if i in bad and k in bad else self.judge(question, parts[i][1], parts[k][1])

            found, _ = base.twyn_fuzzy(
                verdict, [len(reasoning) for reasoning, _ in parts], bad, self.alpha, self.beta, self.penalty)
            for index, score in zip(members, found):
                scores[index] = score
        return scores


def _post(url, body, key, timeout):
    headers = {"Content-Type": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=timeout) as reply:
        return json.load(reply)


class ChatJudge:
    """A judge behind an OpenAI-compatible endpoint. It is asked in both orders, since judges prefer a place, and where it
    contradicts itself it is a tie."""

    def __init__(self, url, model, key=None, timeout=300):
        self.url, self.model, self.key, self.timeout = url.rstrip("/") + "/chat/completions", model, key, timeout

    def __call__(self, question, first, second):
        forth = self._prefers(question, first, second)
        return forth if forth == -self._prefers(question, second, first) else 0

    def _prefers(self, question, first, second):
        text = COMPARE.format(question=question, first=first, second=second)
        body = {"model": self.model, "messages": [{"role": "user", "content": text}], "temperature": 0, "max_tokens": 8}
        reply = _post(self.url, body, self.key, self.timeout)["choices"][0]["message"]["content"] or ""
        word = "".join(char if char.isascii() and char.isalpha() else " " for char in reply).lower().split()[:1]
        return {"a": 1, "b": -1}.get(word[0] if word else "", 0)


# ---- PURM -----------------------------------------------------------------------------------------------------------


def overlap(mu, sigma, other_mu, other_sigma):
    """The Bhattacharyya coefficient of two normal distributions (arXiv 2503.22480, equations 14 and 15)."""
    variance = sigma * sigma + other_sigma * other_sigma
    distance = mu - other_mu
    return math.sqrt(2 * sigma * other_sigma / variance) * math.exp(-distance * distance / (4 * variance))


class Uncertain:
    """mu - penalty * u, u being the mean overlap with the rewards seen before, as the first author's reward server has it.

    penalty: in mu's unit; the authors' 30 suits their model. window: how many of the last rewards count, the present one
    among them, so that there are window - 1 others. warm_up: the number of the first reward that is penalised, counted
    from 1; those before go through as they are. standardize (ours): mu is first brought to mean 0 and deviation 1 over
    the window, the present one included, so that one penalty suits any model; overlaps do not change by it.

    A reward that is no finite number, or beyond 1e9, is None and is not remembered. One call costs as much as the window
    is full: at the authors' million, about a second of one core.
    """

    LARGEST = 1e9
    FLOOR = 1e-3  # of deviations

    def __init__(self, penalty=30.0, window=1_000_000, warm_up=100, standardize=False):
        if window < 2 or warm_up < 1 or not (math.isfinite(penalty) and penalty >= 0):
            raise ValueError(
                "penalty, window, warm_up: expected 0 or more, 2 or more and 1 or more, found "
                f"{penalty}, {window} and {warm_up}")
        self.penalty, self.warm_up, self.standardize = penalty, warm_up, standardize
        self.seen = 0
        self.last = collections.deque(maxlen=window)
        self.uncertainty = None  # of the last reward; None where it was not penalised

    def __call__(self, mu, sigma):
        self.uncertainty = None
        if not self._is_sane(mu, sigma):
            return None
        sigma = max(sigma, self.FLOOR)
        self.seen += 1
        self.last.append((mu, sigma))
        reward = self._standard(mu) if self.standardize else mu
        if self.seen < self.warm_up:
            return reward
        others = len(self.last) - 1
        total = sum(overlap(mu, sigma, *other) for other in itertools.islice(self.last, others))
        self.uncertainty = total / others if others else 0.0
        return reward - self.penalty * self.uncertainty

    def _is_sane(self, mu, sigma):
        numbers = all(isinstance(x, (int, float)) and abs(x) <= self.LARGEST for x in (mu, sigma))
        return numbers and sigma >= 0

    def _standard(self, mu):
        mean = sum(m for m, _ in self.last) / len(self.last)
        square = sum((m - mean) ** 2 for m, _ in self.last) / len(self.last)
        return (mu - mean) / math.sqrt(square) if square > 0 else 0.0


def deviation(s):
    """sigma = exp(s / 10) of a head's second output; infinite where that runs over."""
    return math.exp(s / 10) if s < 7000 else math.inf


class RewardServer:
    """(mu, sigma) of a response, from a reward model with two outputs behind vLLM's /pooling or
    tools/reward-model/serve.py; NaN for what is no number."""

    def __init__(self, url, model, key=None, timeout=300):
        self.url, self.model, self.key, self.timeout = url.rstrip("/") + "/pooling", model, key, timeout

    def __call__(self, messages):
        body = {"model": self.model, "messages": messages, "add_generation_prompt": False,
                "activation": False, "use_activation": False}
        values = _post(self.url, body, self.key, self.timeout)["data"][0]["data"]
        while values and isinstance(values[-1], list):
            values = values[-1]
        if len(values) != 2:
            raise ValueError(f"expected a mean and a deviation's logarithm from {self.url}, found {len(values)} numbers")
        mu, s = (math.nan if value is None else float(value) for value in values)
        return mu, deviation(s) if abs(s) <= Uncertain.LARGEST else math.nan


# ---- Trainers -------------------------------------------------------------------------------------------------------


def _messages(prompt):
    return prompt if isinstance(prompt, list) else [{"role": "user", "content": prompt}]


def _question(prompt):
    return next((turn["content"] for turn in reversed(_messages(prompt)) if turn["role"] == "user"), "")


def trl_fuzzy(judge, **settings):
    """A reward function for TRL's GRPOTrainer; settings as of FuzzyReward."""
    reward = FuzzyReward(judge, **settings)

    def function(prompts, completions, **_):
        keys = [json.dumps(p, sort_keys=True, ensure_ascii=False) for p in prompts]
        return reward(keys, [_question(p) for p in prompts], [base._text(c) for c in completions])

    function.__name__ = "retort_fuzzy"
    return function


def trl_purm(score, **settings):
    """A reward function for TRL's GRPOTrainer. score: a function of messages, the response last, to (mu, sigma); settings
    as of Uncertain. Each process has its own stream. A reward that is no number is None, which TRL leaves out."""
    reward = Uncertain(**settings)

    def function(prompts, completions, **_):
        said = [[{"role": "assistant", "content": base._text(c)}] for c in completions]
        return [reward(*score(_messages(prompt) + turn)) for prompt, turn in zip(prompts, said)]

    function.__name__ = "retort_purm"
    return function


def _number(name, default, kind=float):
    return kind(os.environ.get(name) or default)


def judge_from_environment():
    """RETORT_JUDGE_URL, RETORT_JUDGE_MODEL and, where it needs one, RETORT_JUDGE_KEY."""
    return ChatJudge(os.environ["RETORT_JUDGE_URL"], os.environ["RETORT_JUDGE_MODEL"], os.environ.get("RETORT_JUDGE_KEY"))


def purm_from_environment():
    """RETORT_REWARD_URL and RETORT_REWARD_MODEL; RETORT_PENALTY (30), RETORT_WINDOW (1000000), RETORT_WARM_UP (100),
    RETORT_STANDARDIZE (0)."""
    server = RewardServer(os.environ["RETORT_REWARD_URL"], os.environ["RETORT_REWARD_MODEL"])
    stream = Uncertain(_number("RETORT_PENALTY", 30), _number("RETORT_WINDOW", 1_000_000, int),
                       _number("RETORT_WARM_UP", 100, int), os.environ.get("RETORT_STANDARDIZE", "") not in ("", "0"))
    return server, stream


class SwiftFuzzy:
    """An ms-swift outcome reward model; the trainer's num_generations is the group's size. RETORT_REASONING_LIMIT and
    RETORT_ANSWER_LIMIT are 512; 0 is no limit."""

    def __init__(self, args=None, **_):
        limits = [_number(f"RETORT_{name}_LIMIT", 512, int) or None for name in ("REASONING", "ANSWER")]
        self.reward = FuzzyReward(
            judge_from_environment(), getattr(args, "num_generations", None), _number("RETORT_ALPHA", 5),
            _number("RETORT_BETA", 1), reasoning_limit=limits[0], answer_limit=limits[1])

    def __call__(self, completions, prompt_id=None, messages=None, **_):
        if prompt_id is None or messages is None:
            raise ValueError("expected prompt_id and messages from ms-swift 4 (GRPO), found none")
        asked = [turns[:-1] if turns and turns[-1]["role"] == "assistant" else turns for turns in messages]
        return self.reward(prompt_id, [_question(turns) for turns in asked], completions)


class SwiftPURM:
    """An ms-swift outcome reward model. ms-swift adds rewards up: one that is no number counts as the lowest seen."""

    def __init__(self, args=None, **_):
        self.score, self.stream = purm_from_environment()
        self.lowest = 0.0

    def __call__(self, completions, messages=None, **_):
        if messages is None:
            raise ValueError("expected messages from ms-swift 4 (GRPO), found none")
        rewards = []
        for turns, completion in zip(messages, completions):
            asked = turns[:-1] if turns and turns[-1]["role"] == "assistant" else turns
            found = self.stream(*self.score(asked + [{"role": "assistant", "content": completion}]))
            self.lowest = min(self.lowest, self.lowest if found is None else found)
            rewards.append(self.lowest if found is None else found)
        return rewards


try:  # Only where ms-swift loads this file as a plugin.
    from swift.rewards import orms
except ImportError:
    pass
else:
    orms["retort_fuzzy"] = SwiftFuzzy
    orms["retort_purm"] = SwiftPURM


_purm = None


def purm_score(data_source, solution_str, ground_truth, extra_info=None, **_):
    """verl's reward of one completion. Its question is extra_info["question"], where retort's export-rl-prompts has a
    column of that name."""
    global _purm
    if _purm is None:
        _purm = purm_from_environment()
    score, stream = _purm
    question = (extra_info or {}).get("question") or ""
    asked = [{"role": "user", "content": question}] if question else []
    return stream(*score(asked + [{"role": "assistant", "content": solution_str}])) or 0.0
