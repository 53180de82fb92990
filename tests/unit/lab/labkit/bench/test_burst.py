# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests of what make bench reads of a stack, and of its goals for the playbooks."""

from __future__ import annotations

from labkit.bench import burst, report
from labkit.bench.report import Results, Row, Sample

ID = "arn:aws:cloudformation:eu-central-1:000000000000:stack/cloudburst-vulcan/1"


def event(second: int, status: str, resource: str = ID) -> dict[str, str]:
    return {
        "StackId": ID,
        "PhysicalResourceId": resource,
        "ResourceStatus": status,
        "Timestamp": f"2026-11-27T10:00:{second:02}.500Z",
    }


def test_a_stacks_last_operation() -> None:
    events = [
        event(9, "CREATE_COMPLETE"),
        event(8, "CREATE_COMPLETE", "vpc-1"),
        event(3, "CREATE_IN_PROGRESS", "vpc-1"),
        event(2, "CREATE_IN_PROGRESS"),
    ]
    stack_id, span = burst.last_operation(events)
    assert (stack_id, span.seconds) == (ID, 7.0)
    events = [event(59, "DELETE_COMPLETE"), event(20, "DELETE_IN_PROGRESS"), *events]
    assert burst.last_operation(events)[1].seconds == 39.0


def test_the_pods_may_take_their_time() -> None:
    results = Results()
    results.add(Row(report.DOWN, report.OURS_PLAY), Sample(130.0, 0.0, 0.0))
    results.add(Row(report.DOWN, report.STACK_GOES), Sample(50.0, 0.0, 0.0))
    (line,) = [line for line in results.judged() if "the pods' grace" in line]
    assert line.endswith("130.00 s, allowed 104.00 s, 26.00 s too long")
