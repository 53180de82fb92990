# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""What a stack's status means, and what follows from it. Pure.

The states are those of
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html#cfn-stack-status-codes
"""

from __future__ import annotations

import enum
import typing as t

# What never became a stack, or is half deleted: nothing can be done to it but delete it.
LEFTOVERS = frozenset(
    {"CREATE_FAILED", "DELETE_FAILED", "REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"},
)
_STUCK = {
    "UPDATE_FAILED": "aws cloudformation rollback-stack --stack-name {name}",
    "UPDATE_ROLLBACK_FAILED": "aws cloudformation continue-update-rollback --stack-name {name}",
}


class Kind(enum.StrEnum):
    """What an operation on a stack should result in."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    # Somebody's operation that is only waited out, whatever it comes to.
    SETTLE = "settle"


class Step(enum.StrEnum):
    """What to do next."""

    NOTHING = "nothing"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    ADOPT = "adopt"


_SUCCESS = {
    Kind.CREATE: frozenset({"CREATE_COMPLETE"}),
    Kind.UPDATE: frozenset({"UPDATE_COMPLETE"}),
    Kind.DELETE: frozenset({"DELETE_COMPLETE"}),
}


_ADOPTED = {
    "CREATE_IN_PROGRESS": Kind.CREATE,
    "UPDATE_IN_PROGRESS": Kind.UPDATE,
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": Kind.UPDATE,
    "DELETE_IN_PROGRESS": Kind.DELETE,
}


def in_progress(status: str) -> bool:
    """Whether AWS is still at work. A stack under review holds nothing and waits for somebody, not for AWS."""
    return status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"


def succeeded(kind: Kind, status: str) -> bool:
    """Whether the terminal ``status`` is the intended result of an operation of this kind."""
    return kind is Kind.SETTLE or status in _SUCCESS[kind]


def adopted_kind(status: str) -> Kind:
    """The intended result of the operation in progress with this ``status``."""
    return _ADOPTED.get(status, Kind.SETTLE)


def step_to_present(status: str | None) -> Step:
    """The next step to create or update a stack in this state (``None``: there is no stack)."""
    if status is None:
        return Step.CREATE
    if in_progress(status):
        return Step.ADOPT
    return Step.DELETE if status in LEFTOVERS else Step.UPDATE


def step_to_absent(status: str | None) -> Step:
    """The next step to delete a stack in this state (``None``: there is no stack).

    AWS takes a delete in the midst of a create, but not of an update or a rollback: those are waited for.
    """
    if status is None or status == "DELETE_COMPLETE":
        return Step.NOTHING
    if in_progress(status) and status != "CREATE_IN_PROGRESS":
        return Step.ADOPT
    return Step.DELETE


def way_out(name: str, status: str) -> str | None:
    """The command that frees a stack that is stuck in this state; ``None`` if it is not stuck."""
    command = _STUCK.get(status)
    return command.format(name=name) if command else None


def same_inputs(
    *,
    stack: t.Mapping[str, t.Any],
    current: str,
    body: str,
    parameters: t.Mapping[str, str],
    declared: t.Mapping[str, t.Mapping[str, t.Any]],
    tags: t.Mapping[str, str] | None,
) -> bool:
    """Whether an update is known to change nothing without asking AWS for a change set.

    :param stack: as DescribeStacks returns it.
    :param current: the stack's template as it was given to AWS.
    :param body: the template wanted.
    :param parameters: the values wanted.
    :param declared: the parameters of ``body``, as ValidateTemplate returns them, by name.
    :param tags: the tags wanted; ``None`` leaves them as they are.
    :returns: ``False`` also where it cannot be known: values that AWS hides, looks up, or makes out of a macro.
    """
    if current.strip() != body.strip() or "Transform" in body:
        return False
    present = {p["ParameterKey"]: p for p in stack.get("Parameters") or []}
    if set(present) != set(declared) or any("ResolvedValue" in p for p in present.values()):
        return False
    for key, declaration in declared.items():
        wanted = parameters.get(key, str(declaration.get("DefaultValue") or ""))
        if declaration.get("NoEcho") or present[key].get("ParameterValue", "") != wanted:
            return False
    return tags is None or dict(tags) == {tag["Key"]: tag["Value"] for tag in stack.get("Tags") or []}


def parameter_text(value: t.Any) -> str:
    """A parameter's value as CloudFormation takes it: lists joined by commas, booleans in lower case."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return ",".join(parameter_text(item) for item in value)
    return str(value)


def describe_changes(changes: t.Sequence[t.Mapping[str, t.Any]]) -> str:
    """The resource changes of a change set as text for a diff: names of properties, never their values."""
    lines = []
    for change in changes:
        resource = change.get("ResourceChange")
        if not resource:
            continue
        targets = [detail.get("Target") or {} for detail in resource.get("Details") or []]
        names = sorted({str(target.get("Name") or target.get("Attribute")) for target in targets})
        line = f"{resource['Action']} {resource['LogicalResourceId']} ({resource['ResourceType']})"
        if names:
            line += ": " + ", ".join(names)
        if resource.get("Replacement") in ("True", "Conditional"):
            line += " [replaced]" if resource["Replacement"] == "True" else " [may be replaced]"
        lines.append(line)
    return "\n".join(lines) + "\n" if lines else ""


def names_of_changes(changes: t.Sequence[t.Mapping[str, t.Any]]) -> list[str]:
    """Logical names of the resources that a change set may touch, sorted.

    CloudFormation also lists those that change only because another one does, with Evaluation Dynamic in their
    details: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChangeDetail.html
    """
    return sorted(
        {str(change["ResourceChange"]["LogicalResourceId"]) for change in changes if change.get("ResourceChange")}
    )


__all__ = (
    "LEFTOVERS",
    "Kind",
    "Step",
    "adopted_kind",
    "describe_changes",
    "in_progress",
    "names_of_changes",
    "parameter_text",
    "same_inputs",
    "step_to_absent",
    "step_to_present",
    "succeeded",
    "way_out",
)
