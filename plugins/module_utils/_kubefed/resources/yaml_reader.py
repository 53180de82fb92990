# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Reads manifests from text in the same way as kubectl. Pure functions.

Sources, all as of Kubernetes 1.35: k8s.io/apimachinery pkg/util/yaml/decoder.go (a stream of JSON or of YAML),
k8s.io/cli-runtime pkg/resource/visitor.go (byte order marks), sigs.k8s.io/yaml yaml.go (from YAML to JSON), and
go.yaml.in/yaml/v2 resolve.go and decode.go (what a plain value is). In short: the booleans of YAML 1.1, but dates and
times stay text, as do numbers to the base of 60; a leading zero means octal; keys become text.
"""

from __future__ import annotations

import base64
import codecs
import json
import math
import re
import struct
import traceback
import typing as t
from decimal import Decimal

from ..._runtime.errors import InvalidOption

YAML_IMPORT_ERROR: str | None = None
try:
    import yaml
except ImportError:
    YAML_IMPORT_ERROR = traceback.format_exc()

# A byte order mark decides (transform.NewReader with unicode.BOMOverride in visitor.go)
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

_TAG = "tag:yaml.org,2002:"
_PLAIN = "plain"
_TEXT = f"{_TAG}str"
_MERGE = f"{_TAG}merge"
# resolveMapList in resolve.go
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_NOT_FINITE = frozenset(
    (*(sign + word for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")), ".nan", ".NaN", ".NAN")
)
# What a tag allows; all others make text of a scalar, and of mappings and lists no tag changes anything
_TYPES: dict[str, tuple[type, ...]] = {
    _PLAIN: (),
    f"{_TAG}bool": (bool,),
    f"{_TAG}int": (int,),
    f"{_TAG}float": (int, float),
    f"{_TAG}null": (type(None),),
    f"{_TAG}timestamp": (str,),
}
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
# strconv.ParseFloat alone, for what begins with a dot
_FRACTION = re.compile(r"\.[0-9]+(_[0-9]+)*([eE][-+]?[0-9]+)?")
# strconv.ParseInt with base 0, once the underscores are gone
_INT = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_BASES = (16, 2, 8, 10)
# go-yaml and encoding/json end at 10,000 levels, Python at about four hundred. No manifest has as many as this.
_DEEPEST = 200
_TOO_DEEP = f"it is nested more than {_DEEPEST} levels deep."
# newDecoder in decode.go: what share of a document may come from aliases
_ALIASES_LOW, _ALIASES_HIGH = 400_000, 4_000_000


class Text(t.NamedTuple):
    """The content of a text.

    :ivar documents: one value for each document, ``None`` for an empty one.
    :ivar warnings: what kubectl ignores without a warning.
    """

    documents: list[t.Any]
    warnings: list[str]


def decoded(content: bytes, where: str) -> str:
    """A file's content as text, by its byte order mark, or else as UTF-8.

    :raises InvalidOption: it is neither; kubectl would replace what it cannot read with U+FFFD.
    """
    mark, encoding = next((entry for entry in _MARKS if content.startswith(entry[0])), (b"", "utf-8"))
    try:
        return content[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        raise InvalidOption(f"{where} cannot be read: it is not {encoding.upper()} ({error.reason}).") from error


def read(text: str, where: str) -> Text:
    """The documents of a text, as JSON has them.

    :param where: where the text comes from, for messages.
    :raises InvalidOption: kubectl could not read it either.
    """
    warnings: list[str] = []
    text = text.removeprefix("\ufeff")
    try:
        begin = _from_json if text.lstrip().startswith(("{", "[")) else _from_yaml
        documents = begin(text, warnings)
    except yaml.YAMLError as error:
        raise InvalidOption(f"{where} is not YAML: {_said(error)}") from error
    except _Unreadable as error:
        raise InvalidOption(f"{where} cannot be read: {error}") from error
    except RecursionError as error:
        raise InvalidOption(f"{where} cannot be read: {_TOO_DEEP}") from error
    return Text(documents, [f"{where}: {warning}" for warning in warnings])


def as_json(value: t.Any, where: str) -> t.Any:
    """A value with its numbers as Go writes them: a float without a fraction is an integer.

    :param value: as JSON has it, perhaps from a playbook.
    :param where: where it comes from, for messages.
    :raises InvalidOption: for what is not a JSON number.
    """
    try:
        return _clean(value)
    except _Unreadable as error:
        raise InvalidOption(f"{where} cannot be read: {error}") from error


class _Unreadable(Exception):
    """It is well-formed YAML, but has no equivalent in JSON."""


def _said(error: Exception) -> str:
    """An error of PyYAML as one line, with the line of the text that it is about."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return " ".join(str(error).split())
    context = getattr(error, "context", None)
    problem = f"{getattr(error, 'problem', '')}{f', {context}' if context else ''}"
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}"


def _from_json(text: str, warnings: list[str]) -> list[t.Any]:
    """The documents of a stream that begins as JSON, but may be YAML: a mapping in braces, or what follows on JSON."""
    twice: list[str] = []

    def pairs(found: list[tuple[str, t.Any]]) -> dict[str, t.Any]:
        made: dict[str, t.Any] = {}
        for key, value in found:
            if key in made:
                twice.append(_twice(key))
            made[key] = value
        return made

    def not_finite(word: str) -> t.NoReturn:
        raise ValueError(f"{word} is not JSON")

    decoder = json.JSONDecoder(object_pairs_hook=pairs, parse_constant=not_finite)
    found: list[t.Any] = []
    position = 0
    try:
        while position < len(text):
            if text[position].isspace():
                position += 1
                continue
            value, position = decoder.raw_decode(text, position)
            found.append(_clean(value))
            warnings += twice
            twice.clear()
    except ValueError as error:
        line = text.count("\n", 0, getattr(error, "pos", position)) + 1
        neither = _Unreadable(f"it is not JSON, line {line}: {getattr(error, 'msg', error)}")
        # With two objects, one after the other, it is surely JSON (YAMLOrJSONDecoder.Decode)
        if len(found) > 1:
            raise neither from error
        try:
            return found + _from_yaml("\n" * text.count("\n", 0, position) + text[position:], warnings)
        except (yaml.YAMLError, _Unreadable) as also:
            raise _Unreadable(f"{neither}; and not YAML: {_said(also)}") from error
    return found


def _clean(value: t.Any, depth: int = 0) -> t.Any:
    """JSON as Go has it: halves of surrogates are no text, and numbers are of 64 bits."""
    if depth == _DEEPEST and isinstance(value, (dict, list)):
        raise _Unreadable(_TOO_DEEP)
    if isinstance(value, dict):
        return {_clean(key): _clean(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [_clean(inner, depth + 1) for inner in value]
    if isinstance(value, str):
        return re.sub("[\ud800-\udfff]", "\ufffd", value)
    return _number(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def _twice(key: str, line: int | None = None) -> str:
    location = "" if line is None else f", line {line}"
    return f"the key {key} is given twice{location}; as with kubectl, the last one counts."


def _number(value: float) -> t.Any:
    """A number as the API server has it, so that what comes back is the same.

    An integer of more than 64 bits with its sign is a float (apimachinery's pkg/util/json), and encoding/json writes a
    float without a fraction as an integer, up to 1e21.
    """
    if isinstance(value, int):
        if -(2**63) <= value < 2**63:
            return value
        try:
            value = float(value)
        except OverflowError as error:
            raise _Unreadable("a number is too large for JSON in Go.") from error
    if not math.isfinite(value):
        raise _Unreadable(f"{value} is not a JSON number.")
    return int(Decimal(repr(value))) if value.is_integer() and abs(value) < 1e21 else value


def _from_yaml(text: str, warnings: list[str]) -> list[t.Any]:
    # The parser reads NUL as the end, and what comes after would be lost
    # Where files were joined, each may have brought its own mark
    text = re.sub(r"(^---[^\n]*\n)\ufeff", r"\1", text, flags=re.MULTILINE)
    if "\0" in text:
        raise _Unreadable("it holds the character NUL; is it UTF-16 without a byte order mark?")
    loader = _loader()(text)
    documents = []
    try:
        loader.get_event()
        while not loader.check_event(yaml.StreamEndEvent):
            loader.get_event()
            documents.append(_Document(loader, warnings).value)
            loader.get_event()
    finally:
        loader.dispose()
    return documents


def _loader() -> t.Any:
    # libyaml's parser, where PyYAML was built with it, takes a tenth of the time for a thousand documents
    return getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class _Node:
    """A node of a document, as go-yaml's parser makes it.

    :ivar kind: scalar, sequence, mapping or alias.
    :ivar value: text, items, keys and values in turn, or the node that is meant.
    """

    __slots__ = ("kind", "line", "tag", "value")

    def __init__(self, kind: str, tag: str, value: t.Any, line: int) -> None:
        self.kind = kind
        self.tag = tag
        self.value = value
        self.line = line


class _Document:
    """One document. Made of the parser's events, since PyYAML's own composer ends Python on deep nesting."""

    def __init__(self, loader: t.Any, warnings: list[str]) -> None:
        self._warnings = warnings
        self._anchors: dict[str | None, t.Any] = {}
        self._done = self._from_aliases = self._depth = 0
        self._open: list[int] = []
        self.value = self._value(self._parsed(loader))

    def _parsed(self, loader: t.Any) -> t.Any:
        """The next node with all that is in it."""
        root: list[t.Any] = []
        stack = [root]
        while True:
            event = loader.get_event()
            line = event.start_mark.line + 1
            if isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
                stack.pop()
            elif isinstance(event, yaml.AliasEvent):
                target = self._anchors.get(event.anchor)
                if target is None:
                    raise _Unreadable(f"line {line}: unknown anchor '{event.anchor}' referenced.")
                stack[-1].append(_Node("alias", "", target, line))
            elif isinstance(event, yaml.ScalarEvent):
                tag = (_PLAIN if event.implicit[0] else _TEXT) if event.tag is None else event.tag
                self._add(_Node("scalar", tag, event.value, line), event, stack[-1])
            else:
                kind = "sequence" if isinstance(event, yaml.SequenceStartEvent) else "mapping"
                node = _Node(kind, event.tag or "", [], line)
                self._add(node, event, stack[-1])
                stack.append(node.value)
                if len(stack) > _DEEPEST + 1:
                    raise _Unreadable(f"line {line}: {_TOO_DEEP}")
            if len(stack) == 1:
                return root[0]

    def _add(self, node: _Node, event: t.Any, parent: list[t.Any]) -> None:
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        parent.append(node)

    def _value(self, node: _Node) -> t.Any:
        if node.kind == "alias":
            return self._aliased(node, self._value)
        self._count(node)
        if node.kind == "scalar":
            found = _scalar(node)
            try:
                return _number(found) if isinstance(found, float) else found
            except _Unreadable as error:
                raise _Unreadable(f"line {node.line}: {error}") from error
        # Also through aliases, which the parser does not follow
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _Unreadable(f"line {node.line}: {_TOO_DEEP}")
        made: t.Any = {}
        if node.kind == "sequence":
            made = [self._value(item) for item in node.value]
        else:
            self._fill(made, node)
        self._depth -= 1
        return made

    def _aliased(self, node: _Node, then: t.Callable[[_Node], t.Any]) -> t.Any:
        """What is done for an alias, with the node that it stands for."""
        if id(node.value) in self._open:
            raise _Unreadable(f"line {node.line}: an anchor's value contains itself.")
        self._open.append(id(node.value))
        try:
            return then(node.value)
        finally:
            self._open.pop()

    def _count(self, node: _Node) -> None:
        """Reject a document that is short and means a very long one (allowedAliasRatio)."""
        self._done += 1
        self._from_aliases += bool(self._open)
        if self._from_aliases <= 100 or self._done <= 1000:
            return
        over = (self._done - _ALIASES_LOW) / (_ALIASES_HIGH - _ALIASES_LOW)
        allowed = 0.99 - 0.89 * min(max(over, 0.0), 1.0)
        if self._from_aliases / self._done > allowed:
            raise _Unreadable(f"line {node.line}: document contains excessive aliasing.")

    def _fill(self, made: dict[str, t.Any], node: _Node) -> None:
        own: set[str] = set()
        for key_node, value_node in zip(node.value[::2], node.value[1::2]):
            if key_node.kind == "scalar" and key_node.value == "<<" and key_node.tag in (_PLAIN, _MERGE):
                self._merge(made, value_node)
                continue
            key = self._key(key_node)
            if key in own:
                self._warnings.append(_twice(key, key_node.line))
            own.add(key)
            made[key] = self._value(value_node)

    def _merge(self, made: dict[str, t.Any], node: _Node) -> None:
        """A merge key, as go-yaml has it: what comes later in the mapping goes over it, and it over what was before."""
        nodes = [node]
        if node.kind == "sequence":
            # Of a list, what is earlier takes precedence
            nodes = node.value[::-1]
        for found in nodes:
            target = found.value if found.kind == "alias" else found
            if target.kind != "mapping":
                raise _Unreadable(f"line {found.line}: a merge key (<<) needs a mapping, or a list of mappings.")
            if found.kind == "alias":
                self._aliased(found, lambda inner: self._fill(made, inner))
            else:
                self._fill(made, found)

    def _key(self, node: _Node) -> str:
        """A key as text (convertToJSONableObject in sigs.k8s.io/yaml)."""
        target = node.value if node.kind == "alias" else node
        key = _scalar(target) if target.kind == "scalar" else self._value(target)
        if isinstance(key, bool):
            return "true" if key else "false"
        if isinstance(key, (str, int)):
            return str(key)
        if isinstance(key, float):
            return _short(key)
        raise _Unreadable(f"line {node.line}: a key is {_kind_of(key)}; keys must be strings.")


def _kind_of(value: t.Any) -> str:
    if value is None:
        return "empty"
    return "a list" if isinstance(value, list) else "a mapping"


def _scalar(node: _Node) -> t.Any:
    """What a scalar is (resolve in resolve.go)."""
    tag, value = node.tag, node.value
    if tag == f"{_TAG}binary":
        try:
            return base64.b64decode(value, validate=True).decode()
        except ValueError as error:
            raise _Unreadable(
                f"line {node.line}: a value has the tag !!binary, which kubectl cannot read either. Remove the tag: "
                "binaryData, and data of a Secret, take base64 as text."
            ) from error
    wanted = _TYPES.get(tag)
    resolved = value if wanted is None else _plain(value)
    if wanted and type(resolved) not in wanted:
        raise _Unreadable(f"line {node.line}: {value!r} is no {tag.removeprefix(_TAG)}.")
    return resolved


def _plain(value: str) -> t.Any:
    if value in _WORDS:
        return _WORDS[value]
    if value in _NOT_FINITE:
        return float(value.lower().replace(".", ""))
    if not value or value[0] not in "+-.0123456789":
        return value
    if value[0] == ".":
        return _float(value.replace("_", ""), value) if _FRACTION.fullmatch(value) else value
    digits = value.replace("_", "")
    match = _INT.fullmatch(digits)
    if match:
        number = next(int(text, base) for text, base in zip(match.groups()[1:], _BASES) if text)
        number = -number if match[1] == "-" else number
        if -(2**63) <= number < 2**64 and not (match[1] == "+" and number >= 2**63):
            return number
    if _FLOAT.fullmatch(digits):
        return _float(digits, value)
    return value


def _float(digits: str, value: str) -> t.Any:
    """The number; beyond its range (ErrRange of strconv.ParseFloat) it stays text."""
    number = float(digits)
    return number if abs(number) != float("inf") else value


def _short(value: float) -> str:
    """A float as strconv.FormatFloat(value, 'g', -1, 32) writes it."""
    try:
        single = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        single = float("inf") if value > 0 else float("-inf")
    if not math.isfinite(single):
        return ".nan" if math.isnan(single) else (".inf" if single > 0 else "-.inf")
    text = next(
        text
        for text in (f"{single:.{digits}e}" for digits in range(17))
        if struct.unpack("f", struct.pack("f", float(text)))[0] == single
    )
    mantissa, _e, exponent = text.partition("e")
    power = int(exponent)
    if -4 <= power < 6:
        return f"{Decimal(text):f}"
    return f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"


__all__ = ("YAML_IMPORT_ERROR", "Text", "as_json", "decoded", "read")
