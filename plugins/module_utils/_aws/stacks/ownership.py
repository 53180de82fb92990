# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Whose stack a burst's stack is, by its tags. Pure.

A stack's name is all that an account and a region know it by: a second data centre, or anybody, can have one of the
same name.
"""

from __future__ import annotations

import typing as t

from ..._runtime.errors import TerminalState
from ..tags import BURST_TAG

OWNER_TAG = "cloudburst:owner"


class Ownership(t.NamedTuple):
    """Who may change a stack.

    :ivar burst: name of the burst that the stack is of.
    :ivar owner: who works on it now; ``None`` where nobody is named.
    :ivar take_over: the owner from whom it is taken over, if it is that one's.
    """

    burst: str
    owner: str | None = None
    take_over: str | None = None

    def tags(self) -> dict[str, str]:
        """The tags that mark a stack as this burst's and this owner's."""
        return {BURST_TAG: self.burst, **({OWNER_TAG: self.owner} if self.owner else {})}

    def mismatch(self, stack: t.Mapping[str, t.Any]) -> str | None:
        """Why this stack must not be changed; ``None`` if it may be.

        One without an owner, which an earlier version has made, is the burst's that it is marked with.

        :param stack: as DescribeStacks returns it.
        """
        name = stack["StackName"]
        tags = tags_of(stack)
        burst, owner = tags.get(BURST_TAG), tags.get(OWNER_TAG)
        if burst != self.burst:
            found = f"its tag {BURST_TAG} is {burst!r}" if burst else f"it has no tag {BURST_TAG}"
            return (
                f"The stack {name} was not created for the burst {self.burst}: {found}. It is left alone. Choose "
                "another "
                "burst_name, or remove that stack by hand."
            )
        if not owner or owner in (self.owner, self.take_over):
            return None
        if not self.owner:
            return (
                f"The stack {name} belongs to {owner} (tag {OWNER_TAG}), and this run names no owner. It is left "
                "alone. Run the playbook as a whole, or set eks_stack_owner (eks_cleanup_owner)."
            )
        return (
            f"The stack {name} belongs to {owner} (tag {OWNER_TAG}, the UID of the namespace kube-system of the data "
            f"centre's cluster), and this is {self.owner}. It is left alone. If it belongs to another data centre, "
            "choose another burst_name. If it belongs to this one, whose cluster was rebuilt, take it over with "
            f"burst_take_over={owner}."
        )


def tags_of(stack: t.Mapping[str, t.Any]) -> dict[str, str]:
    """A stack's own tags by key."""
    return {tag["Key"]: tag["Value"] for tag in stack.get("Tags") or []}


def check_owner(stack: t.Mapping[str, t.Any] | None, params: t.Mapping[str, t.Any]) -> None:
    """Reject a stack that belongs to somebody else, if a module's options name its owner.

    :param stack: as DescribeStacks returns it; ``None`` where there is none.
    :param params: with ``name``, the burst's, and with ``owner`` and ``take_over``. Nothing is checked if ``owner`` is
        ``None``; an empty one stands for nobody.
    :raises TerminalState: whose it is, and what to do.
    """
    if stack is None or params["owner"] is None:
        return
    reason = Ownership(params["name"], params["owner"] or None, params["take_over"] or None).mismatch(stack)
    if reason:
        raise TerminalState(reason)


__all__ = ("OWNER_TAG", "Ownership", "check_owner", "tags_of")
