"""The reward formulas against numpy, on the same arrays: `retort measure-rewards` times its own."""

import json
import subprocess
import sys
import time

from harness import HERE, measure

GROUP = 8  # rollouts
TOKENS = 16  # of a rollout, for the importance weights
TIMES = 5  # the least counts


def throughput(bench, count):
    """Seconds for `count` rollouts by each method. Raises where the numbers differ by more than 1e-9."""
    np = numpy()
    folder = bench.folder / "rewards"
    folder.mkdir()
    arrays = rollouts(np, count)
    for name, values in arrays.items():
        values.astype(np.float64).tofile(folder / name)
    command = [bench.retort, "measure-rewards", folder, "--group", GROUP, "--tokens", TOKENS, "--times", TIMES]
    seconds = json.loads(measure(command, folder).out)
    for name, method in {"twyn": twyn, "gr3": gr3, "purm": purm, "vespo": vespo}.items():
        least = float("inf")
        for _ in range(TIMES):
            began = time.perf_counter()
            results = method(np, arrays)
            least = min(least, time.perf_counter() - began)
        off = np.abs(np.fromfile(folder / f"{name}.out") - results[-1].ravel()).max()
        if not off <= 1e-9:
            raise RuntimeError(f"{name}: retort and numpy differ by {off}")
        print(f"  {name}: retort and numpy differ by at most {off:.0e}", file=sys.stderr)
        bench.table.add(f"{name}, {count} rollouts: s, numpy for floor", seconds[name], least, times_floor=1)


def numpy():
    """numpy as it is installed, or else the wheel that requirements.txt pins, unpacked under .build."""
    try:
        import numpy
    except ImportError:
        target = HERE.parents[1] / ".build" / "bench-python"
        if not (target / "numpy").exists():
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"]
            subprocess.run([*pip, "--target", target, "--requirement", HERE / "requirements.txt"], check=True)
        sys.path.append(str(target))
        import numpy
    return numpy


def rollouts(np, count):
    chance = np.random.default_rng(20250404)
    shape = (count // GROUP, GROUP)
    behaviour = -chance.exponential(0.5, (count, TOKENS))
    return {
        "correct": chance.random(shape) < 0.5,
        "reward": chance.random(shape),
        "length": chance.integers(1, 2000, shape).astype(np.float64),
        "mean": chance.normal(0, 2, shape),
        "sigma": chance.uniform(0.1, 2, shape),
        "advantage": chance.normal(0, 1, count),
        "behaviour": behaviour,
        "logprobs": np.minimum(behaviour + chance.normal(0, 0.1, behaviour.shape), 0),
    }


# What each of retort's functions answers with, all of it; the last of them is compared.


def twyn(np, a, alpha=10, beta=1):
    """Scores and advantages, with the two virtual responses."""
    correct, length = a["correct"], a["length"]
    right = correct.sum(1, keepdims=True) + 1
    wrong = GROUP - right + 2
    both = correct[:, :, None] & correct[:, None, :]
    order = np.sign(length[:, None, :] - length[:, :, None]) * both
    scores = np.where(correct, alpha * wrong + beta * (order.sum(2) + 1), -alpha * right)
    virtual = np.concatenate([-alpha * right, alpha * wrong - beta * (right - 1)], 1)
    everything = np.concatenate([scores, virtual], 1)
    mean, deviation = everything.mean(1, keepdims=True), everything.std(1, ddof=1, keepdims=True)
    return scores, (scores - mean) / (deviation + 1e-6)


def gr3(np, a, alpha=0.33):
    """Scales, the paper's condition, whether all rewards are equal, rescaled rewards and their advantages."""
    reward, length = a["reward"], a["length"]
    scale = 1 / (1 + alpha * length / length.mean(1, keepdims=True))
    rescaled = reward * scale
    mean, deviation = rescaled.mean(1, keepdims=True), rescaled.std(1, ddof=1, keepdims=True)
    best = reward.max(1)
    condition = best / (1 + alpha) >= mean[:, 0] - 1e-12
    return scale, condition, best == reward.min(1), rescaled, (rescaled - mean) / (deviation + 1e-6)


def purm(np, a):
    """Rewards less their mean overlap with the others of their group."""
    mean, sigma = a["mean"], a["sigma"]
    variance = sigma[:, :, None] ** 2 + sigma[:, None, :] ** 2
    distance = mean[:, :, None] - mean[:, None, :]
    product = 2 * sigma[:, :, None] * sigma[:, None, :]
    overlap = np.sqrt(product / variance) * np.exp(-(distance**2) / (4 * variance))
    return (mean - (overlap.sum(2) - 1) / (GROUP - 1),)


def vespo(np, a):
    """Log-ratios, ratios, whether anything was cut, and weights of the rollouts of another policy."""
    each = a["logprobs"] - a["behaviour"]
    bounded = np.clip(each, -20, 20)
    total = bounded.sum(1)
    log_ratio = np.clip(total, -20, 20)
    cut = (bounded != each).any(1) | (log_ratio != total)
    ratio = np.exp(log_ratio)
    power = np.where(a["advantage"] >= 0, 2, 3)
    decay = 5 - power
    return log_ratio, ratio, cut, np.exp(decay + power * np.log(np.maximum(ratio, 1e-8)) - decay * ratio)
