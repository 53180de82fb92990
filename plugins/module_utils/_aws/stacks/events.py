# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""What a stack's events tell. Pure.

Events are dicts as DescribeStackEvents returns them, the newest first, which is AWS's order.
"""

from __future__ import annotations

import typing as t

Event = t.Mapping[str, t.Any]

NESTED_STACK = "AWS::CloudFormation::Stack"

# With these statuses of the stack itself, an operation begins.
_BEGINNINGS = {"CREATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "IMPORT_IN_PROGRESS"}
# What AWS says of resources that it gave up because another one failed.
_CONSEQUENCES = ("Resource creation cancelled", "Resource update cancelled")


def of_stack_itself(event: Event) -> bool:
    """Whether the event is the stack's own, not one of its resources'."""
    return bool(event.get("PhysicalResourceId")) and event.get("PhysicalResourceId") == event.get("StackId")


def of_operation(events: t.Sequence[Event], token: str | None = None) -> list[Event]:
    """The events of one operation, the oldest first.

    :param events: the stack's events, the newest first.
    :param token: the ClientRequestToken that the operation was started with. Nothing is returned until AWS has
        written an event with it. ``None`` stands for an operation that somebody else began: the latest one.
    """
    chosen: list[Event] = []
    for event in events:
        if token is not None:
            if event.get("ClientRequestToken") == token:
                chosen.append(event)
            continue
        chosen.append(event)
        if of_stack_itself(event) and event["ResourceStatus"] in _BEGINNINGS:
            break
    return chosen[::-1]


def first_failure(events: t.Sequence[Event]) -> Event | None:
    """The event that names the first cause of a failed operation.

    :param events: those of the operation, the oldest first.
    :returns: the first failure of a resource that is not just the consequence of another one's; where no resource
        failed, the stack's own event that gives a reason; ``None`` where nothing tells.
    """
    own: Event | None = None
    for event in events:
        reason = str(event.get("ResourceStatusReason") or "")
        status = str(event["ResourceStatus"])
        if of_stack_itself(event):
            if reason and ("FAILED" in status or "ROLLBACK" in status):
                own = own or event
        elif status.endswith("_FAILED") and not reason.startswith(_CONSEQUENCES):
            return event
    return own


def failures_to_delete(events: t.Sequence[Event]) -> list[Event]:
    """The last DELETE_FAILED event of each resource that could not be deleted, in the order in which they failed."""
    failed: dict[str, Event] = {}
    for event in events:
        if of_stack_itself(event):
            continue
        name = str(event["LogicalResourceId"])
        failed.pop(name, None)
        if event["ResourceStatus"] == "DELETE_FAILED":
            failed[name] = event
    return list(failed.values())


def described(event: Event) -> str:
    """An event of a failure as text: which resource, and AWS's reason."""
    reason = " ".join(str(event.get("ResourceStatusReason") or "AWS gives no reason").split()).rstrip(".")
    if of_stack_itself(event):
        return reason
    physical = event.get("PhysicalResourceId")
    what = f"{event['ResourceType']} {physical}" if physical else str(event["ResourceType"])
    return f"{event['LogicalResourceId']} ({what}): {reason}"


def progress(events: t.Sequence[Event], seen: str | None, limit: int = 8) -> str:
    """The events after the one with the id ``seen``, as one line; without any, what is still in progress.

    :param events: those of the operation, the oldest first.
    :param limit: how many resources to name at most, those with the newest events.
    """
    ids = [event["EventId"] for event in events]
    fresh = list(events)[ids.index(seen) + 1 :] if seen in ids else list(events)
    if fresh:
        latest: dict[str, str] = {}
        for event in fresh:
            latest.pop(str(event["LogicalResourceId"]), None)
            latest[str(event["LogicalResourceId"])] = str(event["ResourceStatus"])
        lines = [f"{name} {status}" for name, status in latest.items()]
        return (f"{len(lines) - limit} more, " if len(lines) > limit else "") + ", ".join(lines[-limit:])
    return "no news of " + ", ".join(under_way(events)) if under_way(events) else "no news"


def under_way(events: t.Sequence[Event]) -> list[str]:
    """Names of the resources whose last event says that AWS is at work on them, sorted."""
    last = {str(e["LogicalResourceId"]): str(e["ResourceStatus"]) for e in events if not of_stack_itself(e)}
    return sorted(name for name, status in last.items() if status.endswith("_IN_PROGRESS"))


def all_created(events: t.Sequence[Event], names: t.Iterable[str]) -> bool:
    """Whether the resources with these logical names are all there.

    :param events: those of the operation that creates the stack, the oldest first.
    """
    last = {str(e["LogicalResourceId"]): str(e["ResourceStatus"]) for e in events if not of_stack_itself(e)}
    return all(last.get(name) == "CREATE_COMPLETE" for name in names)


def summary(event: Event) -> dict[str, t.Any]:
    """An event as a module returns it."""
    moment: t.Any = event.get("Timestamp")
    return {
        "time": moment.isoformat() if hasattr(moment, "isoformat") else moment,
        "resource": event["LogicalResourceId"],
        "type": event.get("ResourceType"),
        "id": event.get("PhysicalResourceId") or None,
        "status": event["ResourceStatus"],
        "reason": event.get("ResourceStatusReason") or None,
    }


__all__ = (
    "NESTED_STACK",
    "Event",
    "all_created",
    "described",
    "failures_to_delete",
    "first_failure",
    "of_operation",
    "of_stack_itself",
    "progress",
    "summary",
    "under_way",
)
