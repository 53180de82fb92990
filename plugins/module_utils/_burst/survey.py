# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Values of variables that come as text, as AWX's surveys and -e name=value give them. Pure."""

from __future__ import annotations

import re
import textwrap
import typing as t

from .._kubefed.resources.yaml_reader import read
from .._runtime.errors import InvalidOption

# As Ansible takes them (ansible.module_utils.parsing.convert_bool)
_TRUTH = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "off", "0"), False),
}
_MEANT = {
    "str": "it must be text, in quotes where YAML would read anything else",
    "duration": "it must be text such as 8h, or off",
    "list": "it must be a list: one entry per line, or separated by commas, or a list in YAML",
    "data": "it must be a list, in YAML or JSON",
    "int": "it must be a whole number, such as 2",
    "count": "it must be a whole number, such as 2, or auto",
    "bool": "it must be true or false",
}
# More than this of a value is not repeated in a message.
_SHOWN = 100


def value_of(value: t.Any, name: str, kind: str, default: t.Any) -> t.Any:
    """What a value means.

    :param value: of any type; a list is returned as it is.
    :param name: of the variable.
    :param kind: ``str``, ``list``, ``data``, ``int``, ``count`` (a number, or auto), ``duration`` (such as 8h, or off)
        or ``bool``.
    :param default: for an empty text and for None.
    :raises InvalidOption: the text is none of that kind.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return default
    if kind in ("list", "data") and not isinstance(value, (str, list, tuple)):
        raise _invalid(value, name, kind)
    if kind == "count" and str(value).strip() == "auto":
        return "auto"
    if kind in ("str", "duration"):
        return _text_of(value, name, kind)
    if not isinstance(value, str):
        return _number_of(value, name, kind) if kind in ("int", "count", "bool") else value
    # A list may be indented as a whole
    text = textwrap.dedent(value).strip()
    if kind in ("int", "count"):
        if not re.fullmatch(r"[+-]?[0-9]{1,9}", text):
            raise _invalid(value, name, kind)
        return int(text)
    if kind == "bool":
        if text.lower() not in _TRUTH:
            raise _invalid(value, name, kind)
        return _TRUTH[text.lower()]
    if kind == "list" and not text.startswith(("[", "- ", "-\n", "---", "#")):
        return [entry.strip() for entry in re.split(r"[\n,]", text) if entry.strip()]
    found = _yaml(text, value, name, kind)
    if kind == "list" and any(isinstance(entry, (list, dict)) or entry is None for entry in found):
        raise _invalid(value, name, kind)
    return [str(entry) for entry in found] if kind == "list" else found


def _text_of(value: t.Any, name: str, kind: str) -> t.Any:
    """Text, without what a text area or a paste leaves around it."""
    if isinstance(value, str):
        return value.strip()
    if kind == "duration" and value is False:
        # YAML takes off for a truth value
        return "off"
    if isinstance(value, (bool, list, tuple, dict)):
        raise _invalid(value, name, kind)
    # YAML takes 1.35 and 123456789012 for numbers
    return str(value) if isinstance(value, (int, float)) else value


def _number_of(value: t.Any, name: str, kind: str) -> t.Any:
    """A number or truth value that is no text; a survey's answer of the type Float may be a whole number."""
    if kind == "bool" and isinstance(value, int) and value in (0, 1):
        return bool(value)
    is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if kind == "bool" or isinstance(value, bool) or not is_whole:
        raise _invalid(value, name, kind)
    return int(value)


def _yaml(text: str, value: str, name: str, kind: str) -> list[t.Any]:
    try:
        documents = [document for document in read(text, name).documents if document is not None]
    except InvalidOption as error:
        raise InvalidOption(f"{error.message.rstrip('.')}; {_MEANT[kind]}") from error
    if len(documents) != 1 or not isinstance(documents[0], list):
        raise _invalid(value, name, kind)
    return documents[0]


def _invalid(value: t.Any, name: str, kind: str) -> InvalidOption:
    # Some texts are secret, and so is what stands in their place, such as the content of a kubeconfig.
    shown = _kind_of(value) if kind == "str" and isinstance(value, (dict, list, tuple)) else repr(value)
    shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."
    return InvalidOption(f"{name}: {shown} cannot be used; {_MEANT[kind]}")


def _kind_of(value: t.Any) -> str:
    return "a mapping" if isinstance(value, dict) else "a list"


__all__ = ("value_of",)
