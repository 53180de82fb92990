# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From measurements to what is printed: a table, the goals, and JSON. Nothing here runs anything."""

from __future__ import annotations

import dataclasses
import statistics
import typing as t


@dataclasses.dataclass(frozen=True)
class Sample:
    """One run of one contender.

    `seconds` is how long its own process or processes ran, `processor` how much of that on a processor, `mebibytes` the
    greatest resident size among them. `play` is what a user of Ansible waits for: the whole run of ansible-playbook
    with a play of that one task. A sample stands for `times` as much as was run.
    """

    seconds: float
    processor: float
    mebibytes: float
    play: float | None = None
    times: int = 1


@dataclasses.dataclass(frozen=True)
class Row:
    """What is measured, and with which tool."""

    what: str
    who: str


@dataclasses.dataclass(frozen=True)
class Goal:
    """What is aimed at: `row`'s median under `seconds`, or no more than `times` the median of `peer` and `grace`."""

    text: str
    row: Row
    seconds: float | None = None
    peer: Row | None = None
    times: float = 1.0
    grace: float = 0.0


OURS_JOIN, PEER_JOIN = "kubefed_join", "kubefedctl and polling"
OURS_RESOURCES, PEER_TASK, PEER_APPLY = "federated_resource, one task", "kubernetes.core.k8s, one task", "kubectl apply"
PEER_TOKEN = "aws eks get-token"
OURS_ENTRY, PEER_ENTRY = "eks_kubeconfig", "aws eks update-kubeconfig"
OURS_PLAY, FLOOR, STACK_GOES = "the playbook", "floor", "the stack's deletion alone"
UP, AGAIN, FROM_PARKED = "burst_up, new", "burst_up, unchanged", "burst_up, from parked"
BEFORE_STACK, AFTER_STACK = "burst_up, until the stack begins", "burst_up, after the stack's last event"
DOWN, DOWN_AGAIN = "burst_down, until the stack is gone", "burst_down, unchanged"
# As measured before AWS's time was used, on a quiet machine: seconds, and seconds on a processor
BASELINE = "before, on a quiet machine"
BEFORE = {UP: (105.0, 60.0), AGAIN: (72.0, 57.0), DOWN: (117.0, 75.0), DOWN_AGAIN: (65.0, 64.0)}
BEFORE |= {BEFORE_STACK: (18.0, 0.0), AFTER_STACK: (62.0, 0.0)}
# Seconds that pods may take to end: Kubernetes' terminationGracePeriodSeconds
GRACE = 30.0
JOIN, UNJOIN = "join, until READY", "unjoin, until gone"
COLD, CACHED = "access token, cold", "access token, cached"


def resources_named(count: int, state: str) -> str:
    """What the rows about so many federated resources are called."""
    return f"{count:,} federated resources, {state}"


def loop_named(items: int, count: int) -> str:
    """The name of a row about a loop, whose figures are extrapolated."""
    return f"kubernetes.core.k8s, loop of {items}, times {count // items}"


def goals(helper: str | None) -> list[Goal]:
    """The goals; `helper` is the name of the contender that caches tokens, if there is one."""
    new, unchanged = resources_named(100, "new"), resources_named(100, "unchanged")
    return [
        Goal("join until READY no later than kubefedctl", Row(JOIN, OURS_JOIN), peer=Row(JOIN, PEER_JOIN)),
        Goal("100 new no slower than kubectl apply", Row(new, OURS_RESOURCES), peer=Row(new, PEER_APPLY)),
        Goal("100 unchanged under 2 s", Row(unchanged, OURS_RESOURCES), seconds=2.0),
        Goal(
            "1,000 new at most 10 times 100 new",
            Row(resources_named(1000, "new"), OURS_RESOURCES),
            peer=Row(new, OURS_RESOURCES),
            times=10.0,
        ),
        Goal("token under 0.6 s, cold", Row(COLD, helper or ""), seconds=0.6),
        Goal("token under 0.25 s, cached", Row(CACHED, helper or ""), seconds=0.25),
        Goal("at most 8 s until the stack begins", Row(BEFORE_STACK, OURS_PLAY), seconds=8.0),
        Goal("at most 10 s after the stack's last event", Row(AFTER_STACK, OURS_PLAY), seconds=10.0),
        Goal(
            "from parked at most a quarter of the time from nothing",
            Row(FROM_PARKED, OURS_PLAY),
            peer=Row(UP, OURS_PLAY),
            times=0.25,
        ),
        Goal("a second burst_up at most 3 times the floor", Row(AGAIN, OURS_PLAY), peer=Row(AGAIN, FLOOR), times=3.0),
        Goal(
            "a second burst_down at most 3 times the floor",
            Row(DOWN_AGAIN, OURS_PLAY),
            peer=Row(DOWN_AGAIN, FLOOR),
            times=3.0,
        ),
        Goal(
            "burst_down at most 1.3 times the stack's deletion and the pods' grace",
            Row(DOWN, OURS_PLAY),
            peer=Row(DOWN, STACK_GOES),
            times=1.3,
            grace=GRACE,
        ),
    ]


class Results:
    """All samples, in the order in which their rows were first named."""

    def __init__(self) -> None:
        self.samples: dict[Row, list[Sample]] = {}
        self.empty: list[float] = []  # seconds of ansible-playbook with a play without tasks
        self.missing: dict[Row, str] = {}
        self.helper: str | None = None  # the contender that caches tokens

    def expect(self, *rows: Row) -> None:
        """Set the order of rows, as their samples come in another one."""
        for row in rows:
            self.samples.setdefault(row, [])

    def add(self, row: Row, sample: Sample) -> None:
        """One more sample."""
        self.samples.setdefault(row, []).append(sample)

    def lack(self, row: Row, why: str) -> None:
        """A row without figures, and why."""
        self.expect(row)
        self.missing[row] = why

    def median(self, row: Row) -> float | None:
        """The median of a row's seconds, if it has any."""
        found = self.samples.get(row)
        return statistics.median(sample.seconds * sample.times for sample in found) if found else None

    # -- what is printed ----------------------------------------------------------------------------------------

    def table(self) -> str:
        """One line for each row, below a heading for each thing that is measured."""
        head = ("", "min", "median", "max", "as a task", "CPU", "MiB")
        lines: list[tuple[str, ...]] = []
        what = None
        for row, samples in self.samples.items():
            if not samples and row not in self.missing:
                continue
            if row.what != what:
                what = row.what
                lines.append((what,))
            lines.append((f"  {row.who}", *(self._cells(samples) if samples else (self.missing[row],))))
        width = max((len(line[0]) for line in lines if len(line) > 1), default=0)
        widths = (8, 8, 8, 11, 8, 6)
        return "\n".join(_line(line, width, widths) for line in (head, *lines))

    def judged(self) -> list[str]:
        """A line for each goal: met or missed, and by how much."""
        lines = []
        for goal in goals(self.helper):
            ours = self.median(goal.row)
            limit = goal.seconds if goal.peer is None else self.median(goal.peer)
            if ours is None or limit is None:
                lines.append(f"not measured  {goal.text}")
                continue
            limit = (limit + goal.grace) * goal.times
            word = "met" if ours <= limit else "missed"
            over = "" if ours <= limit else f", {_seconds(ours - limit)} too long"
            lines.append(f"{word:12}  {goal.text}: {_seconds(ours)}, allowed {_seconds(limit)}{over}")
        return lines

    def data(self) -> dict[str, t.Any]:
        """All samples, for other programs."""
        return {
            "rows": [
                {"what": row.what, "who": row.who, "samples": [dataclasses.asdict(sample) for sample in samples]}
                for row, samples in self.samples.items()
            ],
            "missing": [{"what": row.what, "who": row.who, "why": why} for row, why in self.missing.items()],
            "goals": self.judged(),
            "empty play": self.empty,
        }

    def _cells(self, samples: t.Sequence[Sample]) -> tuple[str, ...]:
        seconds = [sample.seconds * sample.times for sample in samples]
        figures = (min(seconds), statistics.median(seconds), max(seconds))
        empty = statistics.median(self.empty) if self.empty else 0.0
        tasks = [(sample.play - empty) * sample.times for sample in samples if sample.play is not None]
        return (
            *(f"{figure:.2f}" for figure in figures),
            f"{statistics.median(tasks):.2f}" if tasks else "-",
            f"{statistics.median(sample.processor * sample.times for sample in samples):.2f}",
            f"{max(sample.mebibytes for sample in samples):.0f}",
        )


def _line(cells: t.Sequence[str], width: int, widths: t.Sequence[int]) -> str:
    first, *rest = cells
    if len(rest) <= 1:
        return f"{first:{width}}  {rest[0]}" if rest else first
    return f"{first:{width}}" + "".join(f"{cell:>{size}}" for cell, size in zip(rest, widths))


def _seconds(value: float) -> str:
    return f"{value:.2f} s"
