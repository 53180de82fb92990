# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.
"""Follows an operation on a stack by the stack's id until it ends, and says why where it ends badly."""

from __future__ import annotations

import time
import typing as t

from ..._runtime.errors import TerminalState, WaitTimeout
from ..._runtime.module import Run
from ..._runtime.wait import PollResult
from ..errors import AwsError, CredentialsRejected
from .advice import advice
from .api import StackApi
from .events import (
    NESTED_STACK,
    Event,
    all_created,
    described,
    failures_to_delete,
    first_failure,
    of_operation,
    of_stack_itself,
    progress,
)
from .states import Kind, in_progress, succeeded, way_out

# CloudFormation's answers are only eventually consistent: for this many seconds after an operation was begun, the
# state that the stack was in before is not taken for the operation's end.
SETTLE_SECONDS = 30

_DOING = {
    Kind.CREATE: "to be created",
    Kind.UPDATE: "to be updated",
    Kind.DELETE: "to be deleted",
    Kind.SETTLE: "to finish its current operation",
}


class Operation(t.NamedTuple):
    """An operation on a stack, in a form that survives from one slice of a wait to the next.

    :ivar kind: a value of :class:`Kind`.
    :ivar token: the ClientRequestToken that we began it with; ``None`` where somebody else did.
    :ivar final: whether the task is done with it; otherwise what comes next is decided anew.
    :ivar since: when it was begun or found, in seconds of the epoch.
    :ivar seen: id of the newest event that was shown to the user.
    :ivar status: the stack's status when it was last seen.
    """

    kind: str
    name: str
    stack_id: str
    token: str | None
    final: bool
    since: float
    seen: str | None = None
    status: str | None = None


def follow(
    api: StackApi, run: Run, operation: Operation, resources: t.Sequence[str] = (), *, early: bool = False
) -> tuple[dict[str, t.Any], list[Event]]:
    """Wait for the end of an operation.

    :param resources: logical names of resources; the wait for a stack that is being created ends as soon as all of them
        are, with the stack still in progress. Any other operation may yet replace them and is followed to its end.
    :param early: the wait ends as soon as a stack that is being created is rolled back, with that still in progress.
    :returns: the stack, and the events of the operation with the oldest first. Whether it has come to what it was to
        come to, :func:`failure` says.
    :raises TerminalState: AWS takes the credentials no more.
    :raises WaitTimeout: the deadline has passed.
    :raises Pending: the slice is used up; :func:`unfinished_operation` finds this operation again in the next one.
    """
    kind = Kind(operation.kind)
    run.slice_state["operation"] = operation._asdict()
    found: dict[str, t.Any] = {"stack": {}, "events": []}

    def poll() -> PollResult:
        try:
            stack = api.describe(operation.stack_id)
            history = api.events(operation.stack_id, operation.token)
        except CredentialsRejected as error:
            raise TerminalState(
                f"{error.message} The operation on the stack {operation.name} continues on AWS without you; the next "
                "run waits for it.",
            ) from error
        events = of_operation(history, operation.token)
        found["stack"], found["events"] = stack, events
        if events:
            run.slice_state["operation"]["seen"] = events[-1]["EventId"]
        status = run.slice_state["operation"]["status"] = stack["StackStatus"]
        lost = early and status == "ROLLBACK_IN_PROGRESS" and first_failure(events) is not None
        over = lost or (not in_progress(status) and _believable(status, events, operation))
        enough = status == "CREATE_IN_PROGRESS" and bool(resources) and all_created(events, resources)
        return PollResult(over or enough, f"{status}; {progress(events, operation.seen)}")

    part = kind is Kind.CREATE and resources
    what = f"{_shortened(resources)} of the stack {operation.name}" if part else f"the stack {operation.name}"
    try:
        run.waiter.until(f"{what} {_DOING[kind]}", poll)
    except WaitTimeout as error:
        raise WaitTimeout(
            f"{error.message}. AWS continues on its own; run this again to keep waiting, with a larger "
            "wait_timeout if need be.",
            **error.details,
        ) from error
    # Until here, as this too may find nobody who answers.
    events = found["events"] or of_operation(api.events(operation.stack_id))
    run.slice_state.pop("operation")
    return found["stack"], events


def _shortened(names: t.Sequence[str], limit: int = 2) -> str:
    """The first of the names, and how many more there are."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def unfinished_operation(run: Run) -> Operation | None:
    """The operation that an earlier slice was waiting for."""
    values = run.slice_state.get("operation")
    return Operation(**values) if values else None


def _believable(status: str, events: t.Sequence[Event], operation: Operation) -> bool:
    own = [event["ResourceStatus"] for event in events if of_stack_itself(event)]
    if status == "DELETE_COMPLETE":
        # The stack of this id was never in that state before, whoever brought it there.
        return True
    return (bool(own) and own[-1] == status) or time.time() - operation.since > SETTLE_SECONDS


def _reason(stack: t.Mapping[str, t.Any]) -> str:
    """What AWS says of the stack itself, where no event tells a cause."""
    return str(stack.get("StackStatusReason") or "AWS gives no reason").rstrip(".")


def failure(api: StackApi, kind: Kind, stack: t.Mapping[str, t.Any], events: t.Sequence[Event]) -> TerminalState | None:
    """The error for an operation that did not end as intended; ``None`` if it did.

    :param events: those of the operation, the oldest first.
    """
    name, status = stack["StackName"], stack["StackStatus"]
    if succeeded(kind, status):
        return None
    if kind is Kind.DELETE:
        failed = failures_to_delete(events)
        details = {"blocking": [_blocking(event) for event in failed]}
        if status != "DELETE_FAILED":
            why = first_failure(events)
            cause = described(why) if why else _reason(stack)
            return TerminalState(
                f"The stack {name} was not deleted: it returned to {status}: {cause}. "
                f"{advice(cause) or 'Remove what blocks the deletion.'} Then run this again.",
                **details,
            )
        causes = "; ".join(described(event) for event in failed) or _reason(stack)
        return TerminalState(
            f"The stack {name} could not be deleted (DELETE_FAILED): {causes}. "
            f"{advice(causes) or 'Remove what blocks the deletion.'} Then run this again: it continues where it "
            "stopped.",
            **details,
        )
    verb = {Kind.CREATE: "created", Kind.UPDATE: "updated"}[kind]
    if status == "DELETE_COMPLETE":
        return TerminalState(
            f"The stack {name} was deleted by somebody else before it was {verb}. Run this again to create it."
        )
    failed_first = first_cause(api, events)
    cause = described(failed_first) if failed_first else _reason(stack)
    after = (
        "run this again: its remains are removed, and it is created again"
        if kind is Kind.CREATE
        else "run this again: it was rolled back to its previous state"
        if status == "UPDATE_ROLLBACK_COMPLETE"
        else f"run {way_out(name, status)} and then this again"
        if way_out(name, status)
        else "run this again"
    )
    return TerminalState(
        f"The stack {name} could not be {verb} ({status}): {cause}. {advice(cause) or 'Fix the cause.'} Then {after}."
    )


def first_cause(api: StackApi, events: t.Sequence[Event], depth: int = 5) -> Event | None:
    """The first failure, followed into nested stacks for as many as ``depth`` levels."""
    cause = first_failure(events)
    if cause is None or depth == 0 or cause.get("ResourceType") != NESTED_STACK or of_stack_itself(cause):
        return cause
    try:
        inner = of_operation(api.events(str(cause["PhysicalResourceId"])))
    except AwsError:
        # The outer reason is worth more than the error of asking for a better one.
        return cause
    return first_cause(api, inner, depth - 1) or cause


def _blocking(event: Event) -> dict[str, t.Any]:
    return {
        "resource": event["LogicalResourceId"],
        "type": event["ResourceType"],
        "id": event.get("PhysicalResourceId") or None,
        "reason": event.get("ResourceStatusReason") or None,
    }


__all__ = ("SETTLE_SECONDS", "Operation", "failure", "first_cause", "follow", "unfinished_operation")
