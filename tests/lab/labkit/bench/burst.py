# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times the playbooks, compared with AWS's own time and with a play that only makes the necessary queries."""

from __future__ import annotations

import datetime
import json
import time
import typing as t

from labkit import aws, settings
from labkit.bench.report import (
    AFTER_STACK,
    AGAIN,
    BASELINE,
    BEFORE,
    BEFORE_STACK,
    DOWN,
    DOWN_AGAIN,
    FLOOR,
    FROM_PARKED,
    OURS_PLAY,
    STACK_GOES,
    UP,
    Results,
    Row,
    Sample,
)
from labkit.bench.run import Bench

STACK = "cloudburst-vulcan"
# AWS's own durations, a tenth of them
DURATIONS = {"profile": "aws", "scale": 0.1}
# Gather the same facts from the same hosts, and ask AWS and the data centre's cluster one question each.
FLOOR_PLAY = [
    {
        "hosts": "burst_controller:burst_firewall:burst_nodes",
        "gather_facts": False,
        "tasks": [{"ansible.builtin.setup": {"gather_subset": ["!all", "!min", "distribution", "network"]}}],
    },
    {
        "hosts": "burst_controller",
        "gather_facts": False,
        "tasks": [
            {"amazon.aws.cloudformation_info": {"stack_name": STACK, "region": "{{ burst_region }}"}},
            {
                "kubernetes.core.k8s_info": {
                    "kubeconfig": "{{ burst_kubeconfig }}",
                    "context": "{{ burst_host_context }}",
                    "kind": "Namespace",
                    "name": "kube-system",
                }
            },
        ],
    },
]


class Span(t.NamedTuple):
    """From when to when something was, in seconds of the epoch."""

    began: float
    ended: float

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.began


def measure(bench: Bench, results: Results, runs: int) -> None:
    """Take the burst away, bring it up, park it, bring it back and take it away again.

    From nothing and to nothing, a second run without a change comes after the first.
    """
    results.expect(
        *(Row(what, who) for what in (UP, BEFORE_STACK, AFTER_STACK) for who in (OURS_PLAY, BASELINE)),
        *(Row(AGAIN, who) for who in (OURS_PLAY, FLOOR, BASELINE)),
        Row(FROM_PARKED, OURS_PLAY),
        *(Row(DOWN, who) for who in (OURS_PLAY, STACK_GOES, BASELINE)),
        *(Row(DOWN_AGAIN, who) for who in (OURS_PLAY, FLOOR, BASELINE)),
    )
    for what, (seconds, processor) in BEFORE.items():
        results.add(Row(what, BASELINE), Sample(seconds, processor, 0.0))
    bench.playbook("burst_down")
    before = aws.DURATIONS.read_text() if aws.DURATIONS.exists() else None
    aws.DURATIONS.write_text(json.dumps(DURATIONS))
    try:
        for _turn in range(runs):
            _round(bench, results)
    finally:
        if before is None:
            aws.DURATIONS.unlink()
        else:
            aws.DURATIONS.write_text(before)


def _round(bench: Bench, results: Results) -> None:
    run, sample = _timed(bench, _playbook("burst_up"))
    stack_id, created = _stack(bench, STACK)
    results.add(Row(UP, OURS_PLAY), sample)
    results.add(Row(BEFORE_STACK, OURS_PLAY), _part(created.began - run.began))
    results.add(Row(AFTER_STACK, OURS_PLAY), _part(run.ended - created.ended))
    _again(bench, results, AGAIN, "burst_up")
    _timed(bench, _playbook("burst_down"), "-e", "burst_park=true")
    results.add(Row(FROM_PARKED, OURS_PLAY), _timed(bench, _playbook("burst_up"))[1])
    run, sample = _timed(bench, _playbook("burst_down"))
    deleted = _stack(bench, stack_id)[1]
    # After the stack is deleted, the playbook searches for leftovers.
    results.add(Row(DOWN, OURS_PLAY), _part(deleted.ended - run.began))
    results.add(Row(DOWN, STACK_GOES), _part(deleted.seconds))
    _again(bench, results, DOWN_AGAIN, "burst_down")


def _again(bench: Bench, results: Results, what: str, name: str) -> None:
    """A run that changes nothing, compared with the play that only makes queries."""
    results.add(Row(what, OURS_PLAY), _timed(bench, _playbook(name))[1])
    floor = bench.scratch / "floor.json"  # JSON is YAML
    floor.write_text(json.dumps(FLOOR_PLAY))
    results.add(Row(what, FLOOR), _timed(bench, str(floor))[1])


def _timed(bench: Bench, playbook: str, *options: str) -> tuple[Span, Sample]:
    began = time.time()
    sample, _output = bench.command("ansible-playbook", "-i", str(settings.LAB_DIR / "inventory"), playbook, *options)
    return Span(began, time.time()), sample


def _playbook(name: str) -> str:
    return str(settings.REPOSITORY / "playbooks" / f"{name}.yml")


def _part(seconds: float) -> Sample:
    """A part of a run, of which only the time is known."""
    return Sample(seconds, 0.0, 0.0)


def _stack(bench: Bench, name: str) -> tuple[str, Span]:
    """A stack's id, and when its last operation was."""
    command = ("aws", "--profile", "admin", "cloudformation", "describe-stack-events", "--stack-name", name)
    return last_operation(json.loads(bench.read(*command))["StackEvents"])


def last_operation(events: list[dict[str, str]]) -> tuple[str, Span]:
    """A stack's id, and from when to when its last operation was.

    :param events: as DescribeStackEvents returns them, in any order.
    """
    own = [event for event in events if event["PhysicalResourceId"] == event["StackId"]]
    begins = [event for event in own if event["ResourceStatus"] in ("CREATE_IN_PROGRESS", "DELETE_IN_PROGRESS")]
    began = max(moment(event["Timestamp"]) for event in begins)
    return own[0]["StackId"], Span(began, max(moment(event["Timestamp"]) for event in events))


def moment(text: str) -> float:
    """A time of AWS in seconds of the epoch."""
    return datetime.datetime.fromisoformat(text).timestamp()
