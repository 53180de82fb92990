# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""A value that cannot be used, and how messages say that."""

from __future__ import annotations

import typing as t

_SHOWN = 200  # characters of a value in a message


class Problem(t.NamedTuple):
    """A value that cannot be used: the variable, its value, and what is allowed."""

    variable: str
    value: t.Any
    allowed: str

    def __str__(self) -> str:
        value = repr(self.value)
        shown = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}..."
        return f"{self.variable}: {shown} cannot be used; {self.allowed}"


Rule = t.Callable[[str, t.Any], "list[Problem]"]


__all__ = ("Problem", "Rule")
