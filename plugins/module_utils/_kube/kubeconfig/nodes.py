# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.
"""A YAML or JSON document as kubectl reads it: a tree of nodes with their places in the text, and its content.

kubectl reads with sigs.k8s.io/yaml, which has goyaml.v2 in it, a port of libyaml: of several documents the first
counts, tabs may stand between the parts of what is in brackets, and what a plain scalar is says resolve() in its
resolve.go. libyaml itself is used where PyYAML was built with it, which is some twenty times as fast.
"""

from __future__ import annotations

import base64
import binascii
import functools
import math
import re
import typing as t

try:
    import yaml
except ImportError:
    yaml = None  # type: ignore[assignment]

_TAG = "tag:yaml.org,2002:"
_NULLS = ("", "~", "null", "Null", "NULL")
_TRUTHS = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"), False),
}
_INFINITE = {".inf": math.inf, "+.inf": math.inf, "-.inf": -math.inf, ".nan": math.nan}
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|0[bB]([01]+)|(0|[1-9][0-9]*))")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
# No kubeconfig has more than some ten levels; Python ends at about three hundred here.
MAXIMUM_DEPTH = 100
# Longer than any number that a computer reckons with.
_LONGEST_NUMBER = 400


def split_mark(text: str) -> tuple[str, str]:
    """The byte order mark at a text's beginning, or nothing, and the rest."""
    return ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)


@functools.lru_cache(maxsize=4)
def compose(text: str) -> t.Any:
    """The tree of nodes of the first document; ``None`` when there is none. Nobody may change it.

    Its places begin behind a byte order mark. An alias is a node of its own with its own place. It has the style ``*``,
    and ``target`` is what it stands for.

    :raises yaml.YAMLError: it is broken; so it is when a key appears twice, an anchor contains itself, or it is nested
        more than MAXIMUM_DEPTH levels deep.
    """
    text = split_mark(text)[1]
    # Said here for both readers alike.
    strange = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if strange:
        reason = "special characters are not allowed"
        raise yaml.reader.ReaderError("", strange.start(), ord(strange.group()), "unicode", reason)
    fast = getattr(yaml, "CSafeLoader", None)
    if fast is None and text.lstrip().startswith("{"):
        # PyYAML itself takes no tab there. In JSON's texts it is not allowed, so it is one between them.
        text = text.replace("\t", " ")
    return _Composer(yaml.parse(text, Loader=fast or yaml.SafeLoader)).document()


class _Composer:
    def __init__(self, events: t.Iterable[t.Any]) -> None:
        self._events: t.Iterator[t.Any] = iter(events)
        self._anchors: dict[str, t.Any] = {}
        self._depth = 0

    def document(self) -> t.Any:
        for event in self._events:
            kind = type(event)
            if kind is yaml.StreamEndEvent:
                return None
            if kind is yaml.DocumentStartEvent:
                if event.version not in (None, (1, 1)):
                    raise yaml.composer.ComposerError(None, None, "kubectl accepts only %YAML 1.1", event.start_mark)
                break
        return self._node(next(self._events))

    def _node(self, event: t.Any) -> t.Any:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            node: t.Any = yaml.ScalarNode(event.tag, event.value, event.start_mark, event.end_mark, style=event.style)
            node.plain = event.implicit[0]
            node.anchor = event.anchor
            if event.anchor:
                self._anchors[event.anchor] = node
            return node
        if kind is yaml.AliasEvent:
            return self._alias(event)
        if event.anchor:
            # Until it is complete.
            self._anchors[event.anchor] = None
        self._depth += 1
        if self._depth > MAXIMUM_DEPTH:
            problem = f"it is nested more than {MAXIMUM_DEPTH} levels deep"
            raise yaml.composer.ComposerError(None, None, problem, event.start_mark)
        node = self._mapping(event) if kind is yaml.MappingStartEvent else self._sequence(event)
        self._depth -= 1
        node.anchor = event.anchor
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _alias(self, event: t.Any) -> t.Any:
        if event.anchor not in self._anchors:
            raise yaml.composer.ComposerError(None, None, "found undefined alias", event.start_mark)
        target = self._anchors[event.anchor]
        if target is None:
            raise yaml.composer.ComposerError(None, None, "an anchor contains itself", event.start_mark)
        node: t.Any = yaml.ScalarNode("alias", event.anchor, event.start_mark, event.end_mark, style="*")
        node.anchor, node.target, node.plain = None, target, False
        return node

    def _sequence(self, event: t.Any) -> t.Any:
        parts: list[t.Any] = []
        while True:
            inner = next(self._events)
            kind = type(inner)
            if kind is yaml.SequenceEndEvent:
                return yaml.SequenceNode(event.tag, parts, event.start_mark, inner.end_mark, event.flow_style)
            parts.append(self._node(inner))

    def _mapping(self, event: t.Any) -> t.Any:
        pairs: list[tuple[t.Any, t.Any]] = []
        seen: set[str] = set()
        while True:
            inner = next(self._events)
            kind = type(inner)
            if kind is yaml.MappingEndEvent:
                return yaml.MappingNode(event.tag, pairs, event.start_mark, inner.end_mark, event.flow_style)
            key = self._node(inner)
            if key.id == "scalar" and key.style != "*":
                if key.value in seen:
                    # PyYAML would take the last, kubectl rejects it.
                    raise yaml.composer.ComposerError(None, None, f"{key.value} appears twice", key.start_mark)
                seen.add(key.value)
            pairs.append((key, self._node(next(self._events))))


def expanded(root: t.Any) -> tuple[int, int]:
    """How many nodes and levels a tree of :func:`compose` has with each alias replaced by what it stands for."""
    known: dict[int, tuple[int, int]] = {}

    def count(node: t.Any) -> tuple[int, int]:
        if node.id == "scalar":
            return known[id(node.target)] if node.style == "*" else remember(node, 1, 0)
        size, depth = 1, 0
        for entry in node.value:
            for part in entry if isinstance(entry, tuple) else (entry,):
                inner, levels = count(part)
                size += inner
                depth = max(depth, levels)
        return remember(node, size, depth + 1)

    def remember(node: t.Any, size: int, depth: int) -> tuple[int, int]:
        if node.anchor:
            known[id(node)] = size, depth
        return size, depth

    return (0, 0) if root is None else count(root)


def values(root: t.Any) -> t.Any:
    """What a tree of :func:`compose` says, in values of its own.

    :raises yaml.YAMLError: a tag is not known, or a key is not a string.
    """
    known: dict[int, t.Any] = {}

    def build(node: t.Any) -> t.Any:
        if node.id == "scalar":
            if node.style == "*":
                return known[id(node.target)]
            value = _scalar(node)
        elif node.id == "sequence":
            _check_tag(node, "seq")
            value = [build(item) for item in node.value]
        else:
            _check_tag(node, "map")
            value = mapping(node)
        if node.anchor:
            known[id(node)] = value
        return value

    def mapping(node: t.Any) -> dict[str, t.Any]:
        result: dict[str, t.Any] = {}
        merged: dict[str, t.Any] = {}
        for key, item in node.value:
            if key.id == "scalar" and key.plain and key.value == "<<":
                for other in reversed(_merged_from(item, build(item))):
                    merged = {**merged, **other}
            else:
                result[_key(build(key), key)] = build(item)
        return {**merged, **result} if merged else result

    return None if root is None else build(root)


def _merged_from(node: t.Any, value: t.Any) -> list[dict[str, t.Any]]:
    parts = value if isinstance(value, list) else [value]
    if not all(isinstance(part, dict) for part in parts):
        raise yaml.constructor.ConstructorError(None, None, "the merged value is not a mapping", node.start_mark)
    return parts


def _key(value: t.Any, node: t.Any) -> str:
    """A key as sigs.k8s.io/yaml makes text of it for JSON (convertToJSONableObject)."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return str(value)
    raise yaml.constructor.ConstructorError(None, None, "a key is not a string", node.start_mark)


def _check_tag(node: t.Any, kind: str) -> None:
    if node.tag not in (None, "!", _TAG + kind):
        raise yaml.constructor.ConstructorError(None, None, f"the tag {node.tag} is not supported", node.start_mark)


def _scalar(node: t.Any) -> t.Any:
    if node.plain:
        return plain(node.value)
    tag = (node.tag or _TAG + "str").replace(_TAG, "", 1)
    if tag in ("!", "str", "timestamp"):
        return node.value
    try:
        if tag == "binary":
            return base64.b64decode(node.value)
        if tag in ("null", "bool", "int", "float"):
            return plain(node.value)
    except binascii.Error as error:
        raise yaml.constructor.ConstructorError(None, None, f"it is not base64: {error}", node.start_mark) from error
    raise yaml.constructor.ConstructorError(None, None, f"the tag {node.tag} is not supported", node.start_mark)


def plain(value: str) -> t.Any:
    """What a plain scalar is to kubectl: dates, and numbers to the base of sixty, are text; y and on are not."""
    if value in _NULLS:
        return None
    if value in _TRUTHS:
        return _TRUTHS[value]
    if value[0] not in "+-.0123456789" or len(value) > _LONGEST_NUMBER:
        return value
    if value.lower() in _INFINITE:
        return _INFINITE[value.lower()]
    number = value.replace("_", "")
    match = _INTEGER.fullmatch(number)
    if match:
        sign, *digits = match.groups()
        found = next(int(part, base) for part, base in zip(digits, (16, 8, 2, 10)) if part is not None)
        # What neither int64 nor uint64 holds becomes a float.
        if found < 2**64:
            return -found if sign == "-" else found
        return float(number) if match[5] else value
    if _FLOAT.fullmatch(number):
        real = float(number)
        return value if math.isinf(real) else real
    return value


__all__ = ("MAXIMUM_DEPTH", "compose", "expanded", "plain", "split_mark", "values")
