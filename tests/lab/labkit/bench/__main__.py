# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command behind tests/lab/bench, on the management host."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import typing as t
from pathlib import Path

from labkit.bench import access, burst, join, resources
from labkit.bench.report import Results
from labkit.bench.run import Bench
from labkit.errors import LabError

Part = t.Callable[[Bench, Results, int], None]
PARTS: dict[str, Part] = {
    "token": access.measure_tokens,
    "kubeconfig": access.measure_entries,
    "hundred": lambda bench, results, runs: resources.measure(bench, results, runs, 100, loop=True),
    "thousand": lambda bench, results, runs: resources.measure(bench, results, runs, 1000, loop=False),
    "join": join.measure,
    # The last one: it leaves no burst
    "burst": burst.measure,
}


def main(arguments: list[str]) -> int:
    """Returns the exit status: a missed goal is reported, but is no failure."""
    parser = argparse.ArgumentParser(prog="bench", description="Times the modules beside the tools that they replace.")
    parser.add_argument("part", nargs="*", help=f"what to time, of {', '.join(PARTS)}; all without it")
    parser.add_argument("--runs", type=int, default=3, help="how often, 3 times without it")
    parser.add_argument("--json", type=Path, help="a file for all samples")
    parser.add_argument("--check", action="store_true", help="look at these options, and do nothing")
    options = parser.parse_args(arguments)
    if unknown := set(options.part) - set(PARTS):
        parser.error(f"{', '.join(sorted(unknown))}: no such part; there are {', '.join(PARTS)}")
    if options.runs < 1:
        parser.error(f"--runs is {options.runs}; it must be 1 or more")
    if options.check:
        return 0
    results = Results()
    status = 0
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        bench = Bench(Path(scratch))
        for name, part in PARTS.items():
            if options.part and name not in options.part:
                continue
            print(f"bench: {name}, {options.runs} runs", file=sys.stderr, flush=True)
            try:
                part(bench, results, options.runs)
            except LabError as error:
                print(f"bench: {name} was broken off: {error}", file=sys.stderr)
                status = 1
            except KeyboardInterrupt:
                print(f"bench: {name} was interrupted; this is what there is so far", file=sys.stderr)
                status = 130
                break
    results.empty = bench.empty
    print(f"\n{options.runs} runs, in seconds of the module's or the command's own processes\n")
    print(results.table())
    print("\nGoals, by the medians\n")
    print("\n".join(results.judged()))
    if options.json:
        options.json.write_text(json.dumps(results.data(), indent=1) + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
