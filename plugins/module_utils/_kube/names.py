# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Checks names, labels and annotations as Kubernetes does. Pure functions."""

from __future__ import annotations

import re
import typing as t

from .._runtime.errors import InvalidOption

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_RULE = "lower-case letters, digits, {marks}, beginning and ending with a letter or digit, at most {limit} characters"


def check_name(value: str, option: str, *, limit: int = 253, dots: bool = True) -> None:
    """Reject a name that is not a DNS-1123 subdomain (RFC 1123, as Kubernetes reads it).

    :param dots: ``False`` for a DNS-1123 label, as the name of a namespace has to be.
    :raises InvalidOption: with option, value and what is allowed.
    """
    if not _is_subdomain(value, limit) or (not dots and "." in value):
        marks = "'-' and '.'" if dots else "and '-'"
        raise InvalidOption(f"{option} is {value!r}; allowed are {_RULE.format(marks=marks, limit=limit)}.")


def texts(values: dict[str, t.Any]) -> dict[str, str]:
    """Labels or annotations as strings, also those that YAML has read as a number or a boolean."""
    return {str(k): str(v).lower() if isinstance(v, bool) else str(v) for k, v in values.items()}


def check_labels(values: t.Mapping[str, str], option: str, *, annotations: bool = False) -> None:
    """Reject labels or annotations that Kubernetes would reject, before a join has begun.

    Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set

    :param annotations: their values may be anything.
    :raises InvalidOption: with option, value and what is allowed.
    """
    for key, value in values.items():
        prefix, slash, name = key.rpartition("/")
        if not name or not _LABEL.fullmatch(name) or (slash and not _is_subdomain(prefix, 253)):
            raise InvalidOption(
                f"{option} has the key {key!r}; allowed are up to 63 letters, digits, '-', '_' and '.', beginning and"
                " ending with a letter or digit, after a DNS-1123 subdomain and '/' if needed."
            )
        if not annotations and not _LABEL.fullmatch(value):
            raise InvalidOption(
                f"{option} has the value {value!r} for {key}; allowed are up to 63 letters, digits, '-', '_' and '.',"
                " beginning and ending with a letter or digit."
            )


def _is_subdomain(value: str, limit: int) -> bool:
    return len(value) <= limit and bool(_SUBDOMAIN.fullmatch(value))


__all__ = ("check_labels", "check_name", "texts")
