"""Runs retort against an endpoint and a machine that misbehave, and checks the books afterwards.

python3 tools/chaos BINARY [--short] [--seed N] [--only NAME]
"""

import argparse
import pathlib
import random
import sys
import time
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from endpoint import one_row, outage, refused_models, refused_rows, tolerated, useless, waits  # noqa: E402
from files import growing, stays, strangers, torn  # noqa: E402
from kills import kills  # noqa: E402
from lab import laboratory  # noqa: E402
from machine import damaged, descriptors, full_disk, full_exports, newer, read_only, two_at_once  # noqa: E402
from programs import steps_interrupted, steps_killed  # noqa: E402
from rounds import rounds_killed  # noqa: E402
from signals import interruptions, viewer  # noqa: E402
from stores import elsewhere, hostile, looked_at, lost, one_file, redone  # noqa: E402
from tools import pictures_killed, sessions_killed, sessions_lying, tools_killed  # noqa: E402
from trust import budgets, exports, failing, injection, secrets, unpriced  # noqa: E402

SCENARIOS = [
    kills, one_row, refused_rows, refused_models, tolerated, useless, outage, waits,
    full_disk, full_exports, read_only, damaged, newer, two_at_once, descriptors,
    one_file, lost, looked_at, elsewhere, redone, hostile,
    budgets, unpriced, failing, exports, secrets, injection,
    strangers, torn, stays, growing,
    interruptions, viewer,
    steps_killed, steps_interrupted,
    rounds_killed,
    tools_killed, sessions_killed, pictures_killed, sessions_lying,
]  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("--short", action="store_true", help="the version that `make test` runs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="the scenarios whose name begins so")
    options = parser.parse_args()
    failed = 0
    for scenario in SCENARIOS:
        if options.only and not scenario.__name__.startswith(options.only):
            continue
        began = time.monotonic()
        chance = random.Random(options.seed * 1_000_003 + zlib.crc32(scenario.__name__.encode()))
        with laboratory(options.binary.resolve()) as lab:
            try:
                figures, mark = scenario(lab, chance, not options.short), "ok"
            except AssertionError as fault:
                figures, mark = str(fault), "FAILED"
                failed += 1
        print(f"{mark:6} {time.monotonic() - began:6.1f} s  {scenario.__doc__}: {figures or ''}", flush=True)
    print(f"{failed} failed" if failed else "all held")
    return 1 if failed else 0


sys.exit(main())
