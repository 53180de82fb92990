# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests of what make bench prints."""

from __future__ import annotations

import pytest

from labkit.bench import report
from labkit.bench.report import Results, Row, Sample

NEW, UNCHANGED = report.resources_named(100, "new"), report.resources_named(100, "unchanged")
OURS, APPLY = report.OURS_RESOURCES, report.PEER_APPLY


def filled(ours: float, peer: float) -> Results:
    """100 new ones in so many seconds."""
    results = Results()
    results.add(Row(NEW, OURS), Sample(ours, 0.5, 60.0))
    results.add(Row(NEW, APPLY), Sample(peer, 0.5, 60.0))
    return results


def goal(results: Results, text: str) -> str:
    """The line about one goal."""
    (line,) = [line for line in results.judged() if text in line]
    return line


def test_table() -> None:
    results = Results()
    results.expect(Row(NEW, OURS), Row(NEW, APPLY), Row(UNCHANGED, OURS))
    results.add(Row(NEW, APPLY), Sample(3.0, 0.5, 50.2))
    results.empty = [0.5, 0.7, 9.0]
    for seconds, play in ((1.0, 2.0), (1.5, 2.5), (9.0, 12.0)):
        results.add(Row(NEW, OURS), Sample(seconds, 0.5, 40.0 + seconds, play=play))
    assert results.table().splitlines() == [
        "                                   min  median     max  as a task     CPU   MiB",
        "100 federated resources, new",
        "  federated_resource, one task    1.00    1.50    9.00       1.80    0.50    49",
        "  kubectl apply                   3.00    3.00    3.00          -    0.50    50",
    ]


def test_a_scaled_sample_counts_as_often_as_it_stands_for() -> None:
    results = Results()
    results.empty = [1.0]
    results.add(Row("loop", "of 20"), Sample(3.0, 0.5, 60.0, play=5.0, times=5))
    assert results.median(Row("loop", "of 20")) == 15.0
    assert results.table().splitlines()[-1].split()[-5:] == ["15.00", "15.00", "20.00", "2.50", "60"]


def test_table_says_what_is_missing() -> None:
    results = Results()
    results.lack(Row("token", "helper"), "not offered")
    results.add(Row("token", "aws"), Sample(1.0, 0.5, 90.0))
    assert results.table().splitlines()[1:] == [
        "token",
        "  helper  not offered",
        "  aws       1.00    1.00    1.00          -    0.50    90",
    ]


@pytest.mark.parametrize(
    ("ours", "peer", "told"),
    [
        (2.0, 2.5, "met           100 new no slower than kubectl apply: 2.00 s, allowed 2.50 s"),
        (2.5, 2.5, "met           100 new no slower than kubectl apply: 2.50 s, allowed 2.50 s"),
        (3.0, 2.5, "missed        100 new no slower than kubectl apply: 3.00 s, allowed 2.50 s, 0.50 s too long"),
    ],
)
def test_goal_against_a_peer(ours: float, peer: float, told: str) -> None:
    assert goal(filled(ours, peer), "100 new no slower") == told


def test_goal_against_the_clock_is_judged_by_the_median() -> None:
    results = Results()
    for seconds in (1.0, 1.9, 30.0):
        results.add(Row(UNCHANGED, OURS), Sample(seconds, 0.5, 60.0))
    assert goal(results, "unchanged") == "met           100 unchanged under 2 s: 1.90 s, allowed 2.00 s"


def test_goal_against_a_multiple() -> None:
    results = filled(2.0, 2.0)
    results.add(Row(report.resources_named(1000, "new"), OURS), Sample(21.0, 0.5, 60.0))
    told = "missed        1,000 new at most 10 times 100 new: 21.00 s, allowed 20.00 s, 1.00 s too long"
    assert goal(results, "1,000 new") == told


def test_goal_without_its_figures() -> None:
    results = Results()
    results.add(Row(NEW, OURS), Sample(1.0, 0.5, 60.0))
    assert goal(results, "no slower than kubectl apply") == "not measured  100 new no slower than kubectl apply"
    assert goal(results, "cached").startswith("not measured")


def test_goals_of_the_helper() -> None:
    results = Results()
    results.helper = "entry, exec=helper"
    results.add(Row(report.CACHED, results.helper), Sample(0.3, 0.5, 20.0))
    told = "missed        token under 0.25 s, cached: 0.30 s, allowed 0.25 s, 0.05 s too long"
    assert goal(results, "cached") == told


def test_data_has_every_sample() -> None:
    rows = filled(1.0, 2.0).data()["rows"]
    assert rows[0] == {
        "what": NEW,
        "who": OURS,
        "samples": [{"seconds": 1.0, "processor": 0.5, "mebibytes": 60.0, "play": None, "times": 1}],
    }
