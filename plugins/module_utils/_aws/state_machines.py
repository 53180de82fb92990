# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""The last execution of a state machine of Step Functions."""

from __future__ import annotations

import datetime
import json
import typing as t

from .errors import calling


def last_run(client: t.Any, machine: str, since: datetime.datetime) -> dict[str, t.Any] | None:
    """The last execution of a state machine: ``status``, ``began``, ``ended`` and what it ``says``.

    :param client: of the service ``stepfunctions``.
    :param machine: its ARN.
    :param since: earlier ones do not count.
    """
    with calling("read what has ended the burst"):
        rows = client.list_executions(stateMachineArn=machine, maxResults=20)["executions"]
        rows = [row for row in rows if row["startDate"] >= since]
        # The second chances after it find nothing to do, and say nothing.
        for row in rows:
            found = client.describe_execution(executionArn=row["executionArn"])
            said = _said(found)
            if said or row["status"] != "SUCCEEDED" or row is rows[-1]:
                return {
                    "status": row["status"],
                    "began": _stamp(row.get("startDate")),
                    "ended": _stamp(row.get("stopDate")),
                    "says": said or str(found.get("cause") or "") or None,
                }
    return None


def _said(execution: t.Mapping[str, t.Any]) -> str:
    output = json.loads(execution.get("output") or "{}")
    output = output if isinstance(output, dict) else {}
    return str(output.get("Says") or "") if output.get("Stack") or output.get("Removed") else ""


def _stamp(moment: t.Any) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"


__all__ = ("last_run",)
