# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stack operations as AWS runs them: they take their time, act with the caller's rights, and can be cut short.

Each resource is worked on in a thread of its own, so everything here may wait.
"""

from __future__ import annotations

import asyncio
import logging
import re
import threading
import time
import typing as t
from dataclasses import dataclass, field

from labkit.aws import rights, seams
from labkit.aws.durations import Durations, Timeline, reverse, usual

logger = logging.getLogger("lab.operations")

Properties = dict[str, t.Any]
Attributes = dict[str, t.Any]


@dataclass(frozen=True)
class Type:
    """What the lab knows about a resource type beyond MiniStack's handler.

    `settle` waits until the created resource really exists and returns further attributes; `before_delete` raises
    AwsError when AWS would reject; `gone` waits until the deleted resource no longer exists. All get the physical id
    and the properties."""

    settle: t.Callable[[str, Properties], Attributes] | None = None
    before_delete: t.Callable[[str, Properties], None] | None = None
    gone: t.Callable[[str, Properties], None] | None = None


class CancelledError(Exception):
    """The stack is being deleted while it is created."""


@dataclass
class _Running:
    """A create or update that runs."""

    cancel: threading.Event = field(default_factory=threading.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)


class Operations:
    """The operations of all stacks of the lab's account."""

    def __init__(self, durations: Durations, types: t.Mapping[str, Type]) -> None:
        self.durations = durations
        self.types = types
        self._running: dict[str, _Running] = {}
        self._deleting: set[str] = set()
        self._timelines: dict[str, Timeline] = {}

    def install(self) -> None:
        """Stand around MiniStack's own operations from now on."""
        seams.wrap_resource_operations(self._create, self._update, self._delete)
        seams.wrap_stack_operations(self._deploy, self._roll_back, self._delete_stack)
        seams.wrap_delete_action(_begin_deletion)
        seams.order_resources(lambda resource_type: usual(resource_type, "create"))

    # ---- one resource ----

    def _create(
        self, original: t.Callable[..., t.Any], resource_type: str, logical_id: str, props: Properties, stack_name: str
    ) -> tuple[str, Attributes]:
        stack = seams.stacks().get(stack_name)
        cancel = self._cancel_of(stack)
        if cancel.is_set():
            raise CancelledError("Resource creation cancelled")
        rights.require(resource_type, "create", logical_id, props, stack_name)
        began = time.monotonic()
        physical_id, attributes = original(resource_type, logical_id, props, stack_name)
        if stack:
            seams.add_event(
                stack, logical_id, resource_type, "CREATE_IN_PROGRESS", "Resource creation Initiated", physical_id
            )
        try:
            settle = self._type(resource_type).settle
            if settle:
                attributes = {**attributes, **settle(physical_id, props)}
            left = self._left(resource_type, "create", stack_name, logical_id, began)
            if left > 0 and cancel.wait(left):
                raise CancelledError("Resource creation cancelled")
        except Exception:
            # MiniStack forgets what failed after it was made, and would leave it behind.
            self._discard(resource_type, physical_id, props)
            raise
        return physical_id, attributes

    def _update(
        self,
        original: t.Callable[..., t.Any],
        resource_type: str,
        physical_id: str,
        old: Properties,
        new: Properties,
        *rest: t.Any,
    ) -> t.Any:
        if old == new:
            return original(resource_type, physical_id, old, new, *rest)
        rights.require(resource_type, "update", physical_id, new, str(rest[0] if rest else ""))
        began = time.monotonic()
        result = original(resource_type, physical_id, old, new, *rest)
        settle = self._type(resource_type).settle
        if settle:
            result = (result[0], {**result[1], **settle(result[0], new)})
        time.sleep(max(0.0, began + self.durations.seconds(resource_type, "update") - time.monotonic()))
        return result

    def _delete(
        self,
        original: t.Callable[..., t.Any],
        resource_type: str,
        physical_id: str,
        props: Properties,
        stack_name: str = "",
        logical_id: str = "",
    ) -> None:
        rights.require(resource_type, "delete", physical_id, props, stack_name)
        kind = self._type(resource_type)
        if kind.before_delete:
            kind.before_delete(physical_id, props)
        began = time.monotonic()
        original(resource_type, physical_id, props, stack_name, logical_id)
        if kind.gone:
            kind.gone(physical_id, props)
        time.sleep(max(0.0, self._left(resource_type, "delete", stack_name, logical_id, began)))

    def _discard(self, resource_type: str, physical_id: str, props: Properties) -> None:
        try:
            seams.delete_resource(resource_type, physical_id, props)
            gone = self._type(resource_type).gone
            if gone:
                gone(physical_id, props)
        except Exception:
            logger.exception("%s %s was made but not finished, and could not be deleted", resource_type, physical_id)

    def _left(
        self,
        resource_type: str,
        operation: t.Literal["create", "delete"],
        stack_name: str,
        logical_id: str,
        began: float,
    ) -> float:
        """Seconds that an operation on a resource still takes, of which the real work began at `began`."""
        now = time.monotonic()
        timeline = self._timelines.get(stack_name) or Timeline(began, {})
        seconds = max(self.durations.seconds(resource_type, operation), now - began)
        return timeline.end(logical_id, seconds) - now

    def _type(self, resource_type: str) -> Type:
        return self.types.get(resource_type) or Type()

    def _cancel_of(self, stack: dict[str, t.Any] | None) -> threading.Event:
        running = self._running.get(stack["StackId"]) if stack else None
        return running.cancel if running else threading.Event()

    # ---- a whole stack ----

    async def _deploy(
        self, original: t.Callable[..., t.Any], stack_name: str, stack_id: str, *args: t.Any, **kwargs: t.Any
    ) -> None:
        running = self._running[stack_id] = _Running()
        self._timelines[stack_name] = Timeline(time.monotonic(), seams.dependencies(args[0]))
        try:
            await original(stack_name, stack_id, *args, **kwargs)
        finally:
            del self._running[stack_id]
            running.done.set()

    async def _roll_back(
        self,
        original: t.Callable[..., t.Any],
        stack_name: str,
        stack_id: str,
        stack: dict[str, t.Any],
        operation: dict[str, t.Any],
        reason_override: str = "",
    ) -> None:
        running = self._running.get(stack_id)
        if running and running.cancel.is_set():
            return  # the deletion that cancelled it takes everything away
        failed = operation.get("failed_logical_id")
        if failed and not reason_override and not operation.get("is_update"):
            reason_override = f"The following resource(s) failed to create: [{failed}]. Rollback requested by user."
        self._time_deletion(stack_name)
        await original(stack_name, stack_id, stack, operation, reason_override)

    async def _delete_stack(
        self, original: t.Callable[..., t.Any], stack_name: str, stack_id: str, *args: t.Any, **kwargs: t.Any
    ) -> None:
        if stack_id in self._deleting:
            return  # as on AWS, a second request joins the first
        self._deleting.add(stack_id)
        try:
            running = self._running.get(stack_id)
            if running:
                running.cancel.set()
                stack = seams.stacks().get(stack_name)
                if stack:
                    stack["StackStatus"] = "DELETE_IN_PROGRESS"
                await running.done.wait()
            self._time_deletion(stack_name)
            await original(stack_name, stack_id, *args, **kwargs)
        finally:
            self._deleting.discard(stack_id)

    def _time_deletion(self, stack_name: str) -> None:
        template = (seams.stacks().get(stack_name) or {}).get("_template") or {}
        self._timelines[stack_name] = Timeline(time.monotonic(), reverse(seams.dependencies(template)))


def _begin_deletion(
    original: t.Callable[..., seams.Answer], stack: dict[str, t.Any] | None, params: dict[str, t.Any]
) -> seams.Answer:
    """DeleteStack. Of a stack whose export is in use, MiniStack rejects the request; AWS takes it, and the stack falls
    back to what it was (boto/botocore#2590)."""
    answer = original(params)
    in_use = re.search(rb"Export (\S+) is imported by stack ([^<\s]+)", answer[2])
    if not stack or not in_use:
        return answer
    export, user = (part.decode() for part in in_use.groups())
    reason = f"Export {export} cannot be deleted as it is in use by {user}"
    for status, why in (("DELETE_IN_PROGRESS", "User Initiated"), (stack["StackStatus"], reason)):
        seams.add_event(stack, stack["StackName"], "AWS::CloudFormation::Stack", status, why, stack["StackId"])
    stack["StackStatusReason"] = reason
    return seams.delete_answer()
