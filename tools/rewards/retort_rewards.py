"""TWYN and GR3 as reward functions for online reinforcement learning: the formulas of retort's stages
compare-length-quality and rescale-group-reward, for completions that a trainer has just sampled.

Needs nothing but Python 3.9. Copy this file and retort_answers.py beside your training script. TWYN for answers that only
a judge can compare, and PURM's penalty for uncertain rewards, are in retort_judged.py.

TRL        GRPOTrainer(reward_funcs=trl_reward("twyn", verifier="choice", group_size=8), ...)
           on export-rl-prompts' trl-train.jsonl (column `ground_truth`); set num_generations to group_size.
ms-swift   swift rlhf --rlhf_type grpo --external_plugins retort_rewards.py --reward_funcs retort_twyn
           on ms-swift-train.jsonl (column `solution`); settings come from the environment, see `from_environment`.
verl       VERL_USE_EXTERNAL_MODULES=retort_rewards in the environment, this file on PYTHONPATH,
           algorithm.adv_estimator=retort_twyn (or retort_gr3) and
           reward.custom_reward_function.path=retort_rewards.py, on verl-train.jsonl or .parquet.
           verl's rewards see one completion at a time: `compute_score` is the verifier, and the estimator compares.

Both methods compare the completions of one prompt, so all of them must arrive in one call: in TRL and ms-swift
per_device_train_batch_size times the steps per generation must be a multiple of num_generations on every process. A
completion without others to compare with is an error, never a silent 0.

TRL and ms-swift subtract each group's mean and usually divide by its deviation. So what they are given are scores and
rescaled rewards, not advantages, and TWYN goes without its virtual responses: their part would be subtracted again. verl
takes the advantages as they are, with the virtual responses.

`set_aside` (RETORT_SET_ASIDE=1) is the stage's key: a group whose qualities are all equal teaches length alone, and all of
it gets the same reward, so that every advantage is 0.
"""

import bisect
import json
import math
import os
import re
import sys
import unicodedata

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from retort_answers import known_letter, spoken, stated_letter, stated_number  # noqa: E402  (beside this file)

METHODS = ("twyn", "gr3")
VERIFIERS = ("choice", "exact", "number", "json")


# ---- Formulas -------------------------------------------------------------------------------------------------------


def advantages(rewards, norm="sample-std", virtual=()):
    """A_i = r_i - mean(r), divided by std(r) + 1e-6 (GRPO, arXiv 2402.03300, section 4.1.2).

    norm: "mean" (no division), "sample-std" (n - 1) or "population-std" (n). `virtual` rewards count towards mean and
    deviation and get no advantage. The advantage of a group of one is 0.
    """
    if norm not in ("mean", "sample-std", "population-std"):
        raise ValueError(f"norm: expected mean, sample-std or population-std, found {norm!r}")
    everything = [*rewards, *virtual]
    if len(everything) <= 1:
        return [0.0 for _ in rewards]
    mean = sum(everything) / len(everything)
    divisor = 1.0
    if norm != "mean":
        count = len(everything) - (1 if norm == "sample-std" else 0)
        divisor = math.sqrt(sum((r - mean) ** 2 for r in everything) / count) + 1e-6
    return [(r - mean) / divisor for r in rewards]


def twyn(correct, lengths, alpha=10.0, beta=1.0, anchors=True, norm="sample-std"):
    """Think When You Need (arXiv 2504.03234): right beats wrong, and of two right ones the shorter wins.

    correct: a Boolean for each response; lengths: above 0, only their order counts. A wrong response scores
    -alpha K, a right one alpha W + beta (right and longer - right and shorter), K right and W wrong ones. `anchors`
    adds a virtual wrong response of length 0 and a virtual right one of infinite length.

    Returns (scores, advantages).
    """
    _check(lengths, len(correct))
    right = sorted(length for ok, length in zip(correct, lengths) if ok)
    extra = 1 if anchors else 0
    right_count = len(right) + extra
    wrong_count = len(correct) - len(right) + extra
    scores = []
    for ok, length in zip(correct, lengths):
        if ok:
            shorter = bisect.bisect_left(right, length)
            longer = len(right) - bisect.bisect_right(right, length) + extra
            scores.append(alpha * wrong_count + beta * (longer - shorter))
        else:
            scores.append(-alpha * right_count)
    virtual = [-alpha * right_count, alpha * wrong_count - beta * len(right)] if anchors else []
    return scores, advantages(scores, norm, virtual)


def relative(score, reference):
    """Equation 17 of GR3: sigmoid(score - reference), how much better a response is than one that is given."""
    difference = score - reference
    return 1 / (1 + math.exp(-difference)) if difference >= 0 else math.exp(difference) / (1 + math.exp(difference))


def twyn_fuzzy(verdicts, lengths, malformed=(), alpha=5.0, beta=1.0, penalty=-100.0, norm="sample-std"):
    """TWYN for answers that a judge compares. The winner of a pair has alpha, and beta more if its reasoning is also the
    shorter one; the loser has the negative; a tie gives beta to the shorter reasoning. A malformed member has `penalty` in
    each of its pairs instead, and is judged all the same: its partner keeps what it has.

    verdicts: a function (i, k), i < k: above 0 where i is better, below 0 where k is, 0 for a tie.
    lengths: of the reasoning; 0 or more. malformed: indices.

    Returns (scores, advantages).
    """
    bad = set(malformed)
    scores = [0.0] * len(lengths)
    for i in range(len(lengths)):
        for k in range(i + 1, len(lengths)):
            verdict = verdicts(i, k)
            shorter = beta if lengths[i] < lengths[k] else -beta if lengths[i] > lengths[k] else 0.0
            earned = alpha + max(shorter, 0) if verdict > 0 else -alpha + min(shorter, 0) if verdict < 0 else shorter
            scores[i] += penalty if i in bad else earned
            scores[k] += penalty if k in bad else -earned
    return scores, advantages(scores, norm)


def gr3(rewards, lengths, alpha=0.33, norm="sample-std", set_aside=False):
    """Group relative reward rescaling (arXiv 2603.10535, equations 6 and 2): R_i S_i, S_i = 1 / (1 + alpha l_i / mean(l)).

    rewards: 0 or more, since a negative one would grow with length; lengths: above 0. set_aside: whether a group whose
    rewards are all equal has advantages of 0.

    Returns (scales, rescaled rewards, advantages).
    """
    _check(lengths, len(rewards))
    for index, reward in enumerate(rewards):
        if not (math.isfinite(reward) and reward >= 0):
            raise ValueError(f"reward {index}: expected a finite number of 0 or more, found {reward}")
    mean = sum(lengths) / max(1, len(lengths))
    scales = [1 / (1 + alpha * length / mean) for length in lengths]
    rescaled = [reward * scale for reward, scale in zip(rewards, scales)]
    found = advantages(rescaled, norm)
    if set_aside and all(reward == rewards[0] for reward in rewards):
        found = [0.0] * len(found)
    return scales, rescaled, found


IMAGE = "<|vision_start|><|image_pad|>"


def deepeyes(text, accuracy, task="perception", seen=None):
    """DeepEyes (arXiv 2505.14362, `vl_agent.py`): the reward of a whole trajectory as one text, results included.

    accuracy: 0 to 1. perception: 0.8 accuracy + 0.2 format in {0, -1} + 1.2 where an image came back and the answer is
    right; an answer of 1000 characters or more is wrong and a fault. maths: 1.2 accuracy + 0.4 format, one box after the
    thought. `seen` says whether an image came back; by default the markers in the text do.
    """
    if task == "maths":
        boxes = len(re.findall(r"\\boxed\{[^}]", text.split("</think>")[-1]))
        return 1.2 * (accuracy if boxes else 0) + 0.4 * (0 if boxes == 1 and _balanced("think", text) else -1)
    if task != "perception":
        raise ValueError(f"task: expected perception or maths, found {task!r}")
    long = len(text.split("<answer>")[-1].split("</answer>")[0].strip()) >= 1000
    whole = (_balanced("think", text) and text.count(IMAGE) == text.count("<|image_pad|><|vision_end|>")
             and _balanced("answer", text.split("</think>")[-1]) and not long)
    accuracy = 0 if long else accuracy
    bonus = accuracy > 0.5 and (IMAGE in text if seen is None else seen)
    return 0.8 * accuracy + 0.2 * (0 if whole else -1) + 1.2 * bonus


def deepeyes_v2(text, accuracy, task="perception", searched=None):
    """DeepEyesV2 (arXiv 2511.05271, `deepeyesv2.py`): 0.8 accuracy + 0.2 format in {0, 1}; no bonus for tools.

    task: perception, maths (the code's "reason": no bound on the answer's length) or search (a tenth of the accuracy less
    where a search was called). Elsewhere an answer of 300 characters or more is wrong and a fault. `searched` says whether
    a search was called; by default any `<tool_call>` in the text does.
    """
    if task not in ("perception", "maths", "search"):
        raise ValueError(f"task: expected perception, maths or search, found {task!r}")
    if not text.startswith("<think>"):
        text = "<think>" + text
    closing = text.split("</think>")[-1]
    answer = closing.split("<answer>", 1)[1].split("</answer>")[0].strip() if "<answer>" in closing else None
    bad = answer is None or (task != "maths" and len(answer) >= 300)
    whole = not bad and all(_balanced(tag, text) for tag in ("think", "answer", "code", "tool_call"))
    taxed = task == "search" and ("<tool_call>" in text if searched is None else searched)
    return 0.8 * (0 if bad else accuracy) * (0.9 if taxed else 1) + 0.2 * whole


def _balanced(tag, text):
    return text.count(f"<{tag}>") == text.count(f"</{tag}>")


def _check(lengths, count):
    if len(lengths) != count:
        raise ValueError(f"lengths: expected {count}, found {len(lengths)}")
    for index, length in enumerate(lengths):
        if not (math.isfinite(length) and length > 0):
            raise ValueError(f"length {index}: expected a finite number above 0, found {length}")


# ---- Verifiers ------------------------------------------------------------------------------------------------------


def answer_of(completion):
    """The answer in a completion, outside of thoughts: the last <answer> element, else the last \\boxed{...}, else what
    follows the last "answer is" or "answer:" on its line; all that is said where there is none, or where the shorter
    text alone would state another answer. Empty where a thought has no end."""
    text = spoken(completion)
    part = _part(text)
    if part is None:
        return text
    same = stated_letter(part) == stated_letter(text) and stated_number(part) == stated_number(text)
    return part if same else text


def _part(text):
    found = re.findall(r"<\s*answer(?:\s[^<>]*)?>((?:(?!<\s*answer(?:\s[^<>]*)?>)[\s\S])*?)<\s*/\s*answer\s*>", text, re.IGNORECASE) \
        if "answer" in text.lower() and "</" in text else []
    if found:
        return found[-1].strip()
    boxed = _boxed(text)
    if boxed is not None:
        return boxed.strip()
    found = re.findall(r"\banswer[*_]*\s*(?:is\s*:?|:)[*_]*\s*([^\n]+)", text, re.IGNORECASE)
    if found:
        words = found[-1].strip()
        return words[:-1] if words.endswith(".") else words
    return None


def _boxed(text):
    start = text.rfind("\\boxed{")
    if start < 0:
        return None
    start += len("\\boxed{")
    depth = 1
    for index in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[index], 0)
        if depth == 0:
            return text[start:index]
    return None


def verify(answer, reference, verifier="exact", tolerance=None, options=None, decimal=None):
    """Whether an answer agrees with the known one; None where the answer cannot be read, which is not the same as wrong.

    choice: option letters, as many as there are `options` (A to H where nobody says); exact: the same text but for case
    and white space; number: whole ones exactly, others within tolerance * max(1, |reference|), 1e-6 by default, with
    decimal="comma" where texts write 1.234,5; json: the same value."""
    if verifier == "choice":
        right = known_letter(reference)
        if right is None:
            raise ValueError(f"reference: expected an option letter, found {reference!r}")
        found = stated_letter(answer, max(options or 8, ord(right) - 64))
        return None if found is None else found == right
    said = _plain(spoken(answer))
    if verifier == "exact":
        return said == _plain(reference) if said else None
    if verifier == "number":
        if said == _plain(reference):
            return True
        right = stated_number(reference, decimal)
        if right is None:
            if not any(char.isnumeric() for char in reference):
                raise ValueError(f"reference: expected a number, found {reference!r}")
            return None
        found = stated_number(answer, decimal)
        return None if found is None else found.agrees(right, tolerance)
    if verifier == "json":
        try:
            return _same(json.loads(spoken(answer)), json.loads(reference))
        except ValueError:
            return None
    raise ValueError(f"verifier: expected one of {', '.join(VERIFIERS)} or a function, found {verifier!r}")


def _plain(text):
    return " ".join(unicodedata.normalize("NFC", text).lower().split())


def _same(left, right):
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[k], right[k]) for k in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return left == right


# ---- Groups ---------------------------------------------------------------------------------------------------------


class GroupReward:
    """Scores a batch of completions, each against the others of its group.

    method: "twyn" or "gr3". verifier: one of VERIFIERS, or a function (completion, reference) -> quality from 0 to 1,
    of which TWYN takes 0.5 and more as right. group_size: how many completions of a prompt must be there; None takes
    as many as come. alpha, beta, anchors, set_aside as in `twyn` and `gr3`; the last is GR3's.
    """

    def __init__(self, method="twyn", verifier="exact", group_size=None, alpha=None, beta=1.0, anchors=False,
                 set_aside=False):
        if method not in METHODS:
            raise ValueError(f"method: expected twyn or gr3, found {method!r}")
        if not callable(verifier) and verifier not in VERIFIERS:
            raise ValueError(f"verifier: expected one of {', '.join(VERIFIERS)} or a function, found {verifier!r}")
        if group_size is not None and group_size < 2:
            raise ValueError(f"group_size: expected 2 or more, found {group_size}")
        self.method, self.verifier, self.group_size = method, verifier, group_size
        self.alpha = alpha if alpha is not None else (10.0 if method == "twyn" else 0.33)
        self.beta, self.anchors, self.set_aside = beta, anchors, set_aside

    def quality(self, completion, reference):
        """From 0 to 1; None where the answer cannot be read."""
        if callable(self.verifier):
            found = self.verifier(completion, reference)
        else:
            found = verify(answer_of(completion), reference, self.verifier)
        return None if found is None else float(found)

    def __call__(self, keys, completions, references, lengths):
        """A reward for each completion. keys: equal for completions of one prompt."""
        quality = [self.quality(completion, reference) for completion, reference in zip(completions, references)]
        return self.compare(keys, quality, lengths)[0]

    def compare(self, keys, quality, lengths):
        """(rewards, advantages) of completions whose quality is known. The others are compared without those of quality
        None, which take no side: their reward is the mean of the others', their advantage 0."""
        rewards, advantages = [0.0] * len(quality), [0.0] * len(quality)
        for everyone in groups(keys, self.group_size):
            members = [index for index in everyone if quality[index] is not None]
            if len(members) < 2:
                continue
            of_group, sizes = [quality[i] for i in members], [lengths[i] for i in members]
            if self.method == "twyn":
                found = twyn([q >= 0.5 for q in of_group], sizes, self.alpha, self.beta, self.anchors)
            else:
                found = gr3(of_group, sizes, self.alpha, set_aside=self.set_aside)[1:]
                if self.set_aside and len(set(of_group)) == 1:
                    # What it is worth at the group's mean length: trainers make advantages of 0 of equal rewards.
                    found = [of_group[0] / (1 + self.alpha)] * len(members), found[1]
            for index, reward, advantage in zip(members, *found):
                rewards[index], advantages[index] = reward, advantage
            mean = sum(rewards[index] for index in members) / len(members)
            for index in everyone:
                if quality[index] is None:
                    rewards[index] = mean
        return rewards, advantages


def groups(keys, group_size=None):
    """The indices of each prompt's completions, group_size at a time. keys: equal for completions of one prompt."""
    places = {}
    for index, key in enumerate(keys):
        places.setdefault(key, []).append(index)
    for key, members in places.items():
        size = group_size or len(members)
        if size < 2 or len(members) % size:
            raise ValueError(
                f"expected {group_size or 'two or more'} completions of each prompt in one call, found "
                f"{len(members)} of {str(key)[:80]!r}; make the batch of each process (times the steps per "
                "generation) a multiple of the number of generations"
            )
        for start in range(0, len(members), size):
            yield members[start : start + size]


def _text(completion):
    """A completion as TRL hands it over: a text, or a list of one message."""
    return completion if isinstance(completion, str) else "".join(m["content"] or "" for m in completion)


def _lengths(completions, token_ids):
    """In tokens; where a trainer gives none, in characters. An empty completion counts as one."""
    sizes = completions if token_ids is None else token_ids
    return [max(1, len(size)) for size in sizes]


def _references(column, found, count):
    if found is None:
        raise ValueError(f"expected a column '{column}' in the dataset, found none")
    empty = [index for index, text in enumerate(found) if not isinstance(text, str) or not text.strip()]
    if empty or len(found) != count:
        raise ValueError(f"{column}: expected {count} texts, found {len(found)}, without a word at {empty[:5]}")
    return found


# ---- Trainers -------------------------------------------------------------------------------------------------------


def trl_reward(method="twyn", **settings):
    """A reward function for TRL's GRPOTrainer; settings as of GroupReward. Lengths are in tokens."""
    reward = GroupReward(method, **settings)

    def function(prompts, completions, completion_ids=None, ground_truth=None, **_):
        texts = [_text(c) for c in completions]
        keys = [json.dumps(p, sort_keys=True, ensure_ascii=False) for p in prompts]
        return reward(keys, texts, _references("ground_truth", ground_truth, len(texts)), _lengths(texts, completion_ids))

    function.__name__ = f"retort_{method}"
    return function


def from_environment(method):
    """Settings where a trainer passes none: RETORT_VERIFIER (exact), RETORT_ALPHA (10; gr3 0.33), RETORT_BETA (1),
    RETORT_SET_ASIDE (1 for gr3's set_aside; 0)."""
    settings = {"verifier": os.environ.get("RETORT_VERIFIER", "exact"),
                "set_aside": os.environ.get("RETORT_SET_ASIDE", "") not in ("", "0")}
    for name in ("alpha", "beta"):
        if os.environ.get(f"RETORT_{name.upper()}"):
            settings[name] = float(os.environ[f"RETORT_{name.upper()}"])
    return settings


class SwiftReward:
    """An ms-swift outcome reward model; the trainer's num_generations is the group's size. Lengths are in tokens."""

    method = "twyn"

    def __init__(self, args=None, **_):
        self.args = args
        self.reward = GroupReward(
            self.method, group_size=getattr(args, "num_generations", None), **from_environment(self.method))

    def __call__(self, completions, solution=None, prompt_id=None, response_token_ids=None, **_):
        if prompt_id is None:
            raise ValueError("expected prompt_id from ms-swift 4 (GRPO), found none")
        tokens = None
        if response_token_ids is not None and all(response_token_ids):
            tokens = [[token for turn in turns for token in (turn if isinstance(turn, list) else [turn])]
                      for turns in response_token_ids]
        return self.reward(
            prompt_id, completions, _references("solution", solution, len(completions)), _lengths(completions, tokens))


class SwiftTWYN(SwiftReward):
    method = "twyn"


class SwiftGR3(SwiftReward):
    method = "gr3"


try:  # Only where ms-swift loads this file as a plugin.
    from swift.rewards import orms
except ImportError:
    pass
else:
    orms["retort_twyn"] = SwiftTWYN
    orms["retort_gr3"] = SwiftGR3


def compute_score(data_source, solution_str, ground_truth, extra_info=None, verifier=None, **_):
    """verl's reward of one completion: 1 where it is right, else 0; 0 too where its answer cannot be read, since verl
    knows no third outcome. The verifier is also RETORT_VERIFIER."""
    return GroupReward(verifier=verifier or from_environment("twyn")["verifier"]).quality(solution_str, ground_truth) or 0.0


def verl_estimator(method):
    """An advantage estimator for verl. It takes the sums of token_level_rewards for qualities from 0 to 1, so that
    algorithm.use_kl_in_reward must be off, and lengths in tokens from response_mask."""
    reward = GroupReward(method, anchors=True, **from_environment(method))

    def estimate(token_level_rewards, response_mask, index, **_):
        quality = token_level_rewards.sum(-1).tolist()
        lengths = [max(1, int(length)) for length in response_mask.sum(-1).tolist()]
        _, values = reward.compare(list(index), quality, lengths)
        advantages = token_level_rewards.new_tensor(values).unsqueeze(-1) * response_mask
        return advantages, advantages

    return estimate


if __name__ == "retort_rewards" and "retort_rewards" in os.environ.get("VERL_USE_EXTERNAL_MODULES", "").split(","):
    from verl.trainer.ppo.core_algos import register_adv_est

    for _method in METHODS:
        register_adv_est(f"retort_{_method}")(verl_estimator(_method))


def replay(file, tokenizer, max_length=None):
    """(rollout_func, reward_func) for TRL's GRPOTrainer that hand out the rollouts of export-rl-groups, with their
    stored rewards, in place of sampling.

    TRL makes the advantages itself, and without the log-probabilities of the policy that sampled it takes the
    ratio to be 1: this is reward-weighted replay, not on-policy training. num_generations must not be above the size
    of the smallest group. The dataset is the file's column `prompt`.
    """
    stored = {}
    with open(file, encoding="utf-8") as lines:
        for line in lines:
            group = json.loads(line)
            stored[json.dumps(group["prompt"], sort_keys=True)] = group["rollouts"]

    def rollouts(prompts, trainer):
        out = {"prompt_ids": [], "completion_ids": [], "logprobs": None, "stored_reward": []}
        used = {}
        for prompt in prompts:
            key = json.dumps(prompt, sort_keys=True)
            place = used.get(key, 0)
            used[key] = place + 1
            rollout = stored[key][place % len(stored[key])]
            encoded = tokenizer.apply_chat_template(prompt, add_generation_prompt=True, tokenize=True, return_dict=True)
            ids = tokenizer(rollout["completion"], add_special_tokens=False)["input_ids"] + [tokenizer.eos_token_id]
            out["prompt_ids"].append(encoded["input_ids"])
            out["completion_ids"].append(ids[:max_length])
            out["stored_reward"].append(rollout["reward"])
        return out

    def stored_reward(prompts, completions, stored_reward, **_):
        return stored_reward

    return rollouts, stored_reward
