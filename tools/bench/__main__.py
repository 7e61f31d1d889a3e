"""Measures `retort run` against a stub endpoint, beside a plain client that does the same calls (`floor.c`).

The job: N questions, three chained calls each, every answer 50 ms late. Whole processes are measured, from start to
exit; ratios are to the floor measured just before. docs/performance.md says what the figures cover.
"""

import argparse
import sys
from pathlib import Path

import formats as row_formats
import rewards as reward_formulas
import tooluse
from bench import Bench
from harness import machine, remove, scratch

# What `make bench` measures, in this order; `small` is what `make bench-quick` does instead.


def chain(bench, small):
    """1000 rows, and the finished job once more"""
    rows = 300 if small else 1000
    usage, folder = bench.speed(rows, 50, aim_wall=1.25, aim_cpu=0.3, aim_peak=60, aim_first=0.1)
    bench.again(folder, rows, aim=0.2)
    bench.size(folder, rows)
    bench.small_peak = usage.peak
    bench.speed(1000, 200, aim_wall=1.8)


def limited(bench, small):
    """every 7th call is refused for a second"""
    bench.limited(60 if small else 200, 20)


def overlap(bench, small):
    """two models at two endpoints"""
    bench.overlap(500 if small else 1000)


def wide(bench, small):
    """1000 calls in flight"""
    bench.speed(3000 if small else 10_000, 1000, aim_floor=1.3)


def large(bench, small):
    """100,000 rows"""
    if small:
        return
    peak = getattr(bench, "small_peak", None)
    _, folder = bench.speed(100_000, 1000, aim_peak=peak and 1.5 * peak)
    bench.again(folder, 100_000, aim=3)
    bench.size(folder, 100_000)
    remove(folder)


def growth(bench, small):
    """new rows beside many"""
    if small:
        bench.growth([300, 3000], fresh=300)
    else:
        bench.growth([1000, 10_000, 100_000])


def retrieval(bench, small):
    """the nearest of many vectors"""
    bench.retrieval(5000 if small else 100_000, 51 if small else 201)


def rewards(bench, small):
    """reward formulas beside numpy"""
    reward_formulas.throughput(bench, 100_000 if small else 1_000_000)


def formats(bench, small):
    """rows in and out, by format"""
    row_formats.round_trips(bench, 20_000 if small else 1_000_000)


def text(bench, small):
    """full text over 100,000 documents, by the worst of queries"""
    tooluse.text(bench, 5000 if small else 100_000, each=30 if small else 100)


def turns(bench, small):
    """rollouts that search, beside a plain client"""
    tooluse.turns(bench, 100 if small else 1000)


CASES = {
    case.__name__: case
    for case in [chain, limited, overlap, wide, large, growth, retrieval, rewards, formats, text, turns]
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("retort", type=Path, help="the binary to measure")
    parser.add_argument(
        "cases", nargs="*", help=f"some of: {', '.join(f'{name} ({case.__doc__})' for name, case in CASES.items())}"
    )
    parser.add_argument("--quick", action="store_true", help="a few hundred rows instead of up to 100,000")
    parser.add_argument(
        "--peer",
        action="append",
        default=[],
        metavar="NAME=COMMAND",
        help="measure another program on the same job; {input}, {output}, {endpoint} and {in_flight} are filled in",
    )
    options = parser.parse_args()
    if not options.retort.exists():
        sys.exit(f"expected the release binary at {options.retort}, found none; make build makes it")
    unknown = set(options.cases) - CASES.keys()
    if unknown:
        sys.exit(f"expected cases of {', '.join(CASES)}; found {', '.join(sorted(unknown))}")
    cases = [CASES[name] for name in options.cases or CASES]
    folder = scratch()
    try:
        bench = Bench(options.retort.resolve(), folder)
        bench.peers = dict(peer.split("=", 1) for peer in options.peer)
        print(machine(), file=sys.stderr)
        for case in cases:
            case(bench, options.quick)
        print(machine())
        print(bench.table.text())
    finally:
        remove(folder)


if __name__ == "__main__":
    main()
