# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.
"""Changes in the text of a YAML or JSON document, at the places of the nodes, so that all other text stays.

A change that does not fit the document's style raises NotInPlace. Whoever calls reads the new text again to see that it
means what was wanted: what is here need not foresee everything that YAML allows.
"""

from __future__ import annotations

import json
import re
import typing as t

from .nodes import compose, split_mark

try:
    import yaml
except ImportError:
    yaml = None  # type: ignore[assignment]

# (start, end, new text), as offsets into the text.
Change = tuple[int, int, str]
Entry = dict[str, t.Any]


class NotInPlace(Exception):
    """The document is written in a way in which this cannot be changed without touching more."""


# What is a line's end to YAML, or no character of a text, within double quotes too.
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")


def flow(value: t.Any, indent: int | None = None) -> str:
    """A value in flow style, which is JSON that YAML's readers take for the same: all but what they fold is as it is.

    :raises TypeError: JSON has no such value.
    """
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(value, ensure_ascii=False, indent=indent))


class Document:
    """A document with the changes made to it so far.

    :param text: the document.
    :param dump: makes block style of a value.
    """

    def __init__(self, text: str, dump: t.Callable[[t.Any], str]) -> None:
        self._mark, self._text = split_mark(text)
        self._dump = dump
        self._newline = "\r\n" if re.match(r"[^\n]*\r\n", text) else "\n"
        self._root = compose(text)
        self._changes: list[Change] = []
        # Apart, since at the end of the last list what belongs to that comes first.
        self._keys: list[Change] = []
        self._nodes: dict[str, tuple[t.Any, t.Any]] = {}
        if isinstance(self._root, yaml.MappingNode):
            self._nodes = {k.value: (k, v) for k, v in self._root.value if isinstance(k, yaml.ScalarNode)}

    def text(self) -> str:
        """The text with all changes made."""
        result = self._mark
        done = 0
        for start, end, new in sorted([*self._changes, *self._keys], key=lambda change: change[:2]):
            if start < done:
                raise NotInPlace
            result += self._text[done:start]
            # A block begins on a line of its own, also where the last line of the text has no end.
            if new.endswith("\n") and result and not result.endswith(("\n", "\r", "\ufeff")):
                result += self._newline
            result += new.replace("\n", self._newline)
            done = end
        return result + self._text[done:]

    def filled(self, content: Entry) -> str:
        """The text of a document that has no content yet, with this content."""
        if isinstance(self._root, yaml.MappingNode):
            for key, value in content.items():
                self._add_key(key, value)
            return self.text()
        start = len(self._text) if self._root is None else self._root.start_mark.index
        end = len(self._text) if self._root is None else self._root.end_mark.index
        self._changes.append((start, end, self._dump(content)))
        return self.text()

    def change_text(self, key: str, value: str) -> None:
        """Give a key of the root another text."""
        if key not in self._nodes:
            self._add_key(key, value)
            return
        name, node = self._nodes[key]
        if not isinstance(node, yaml.ScalarNode) or node.style in ("|", ">"):
            raise NotInPlace
        new = flow(value) if self._root.flow_style else self._dump({"k": value})[3:].rstrip()
        start, end = node.start_mark.index, node.end_mark.index
        self._changes.append((start, end, new) if start < end else (self._colon(name),) * 2 + (f" {new}",))

    def change_list(
        self, key: str, entries: t.Sequence[Entry], became: t.Sequence[Entry | None], added: t.Sequence[Entry]
    ) -> None:
        """Change entries of a list in the root.

        :param entries: all that the list has.
        :param became: what becomes of each, ``None`` where it goes.
        :param added: what comes behind them.
        """
        if key not in self._nodes:
            if entries:
                raise NotInPlace
            self._add_key(key, list(added))
            return
        name, node = self._nodes[key]
        if isinstance(node, yaml.SequenceNode) and node.value:
            change = self._flow_list if node.flow_style else self._block_list
            change(name, node, [None if new == old else (new,) for old, new in zip(entries, became)], added)
        elif isinstance(node, yaml.SequenceNode) and (self._root.flow_style or "\n" in self._of(node)):
            place = node.end_mark.index - 1
            self._changes.append((place, place, ", ".join(self._json(entry) for entry in added)))
        elif self._root.flow_style and isinstance(node, yaml.ScalarNode):
            start, end, new = node.start_mark.index, node.end_mark.index, self._json(list(added))
            self._changes.append((start, end, new) if start < end else (self._colon(name),) * 2 + (f" {new}",))
        else:
            self._begin_block_list(name, node, added)

    # -- block style

    def _begin_block_list(self, name: t.Any, node: t.Any, added: t.Sequence[Entry]) -> None:
        colon = self._colon(name)
        if self._text[colon : node.start_mark.index].strip(" \t"):
            raise NotInPlace
        self._changes.append((colon, node.end_mark.index, ""))
        end = self._line_end(node.end_mark.index)
        self._changes.append((end, end, self._block(list(added), name.start_mark.column)))

    def _block_list(
        self, name: t.Any, node: t.Any, changed: t.Sequence[tuple[Entry | None] | None], added: t.Sequence[Entry]
    ) -> None:
        indent = 0
        for item, change in zip(node.value, changed):
            start, indent = self._dash(item)
            if change:
                new = "" if change[0] is None else self._block([change[0]], indent)
                self._changes.append((start, self._line_end(self._content_end(item)), new))
        if added:
            end = self._line_end(self._content_end(node.value[-1]))
            self._changes.append((end, end, self._block(list(added), indent)))
        elif all(change == (None,) for change in changed):
            self._changes.append((self._colon(name),) * 2 + (" []",))

    def _dash(self, item: t.Any) -> tuple[int, int]:
        """Offset of the line with the item's dash, and the dash's column."""
        start = self._line_start(item.start_mark.index)
        match = re.fullmatch(r"( *)-[ \t]+", self._text[start : item.start_mark.index])
        # The dash may have a line of its own above, with comments in between.
        while match is None and start > 0:
            end = start
            start = self._line_start(start - 1)
            line = self._text[start:end]
            match = re.fullmatch(r"( *)-[ \t]*(#.*)?\s*", line)
            if match is None and not re.fullmatch(r"\s*(#.*)?\s*", line):
                break
        if match is None:
            raise NotInPlace
        return start, len(match.group(1))

    def _content_end(self, node: t.Any) -> int:
        """Offset within the last line that holds content of the node; comments after it are not the node's."""
        if isinstance(node, yaml.ScalarNode) or node.flow_style or not node.value:
            mark = node.end_mark
            # A block of text ends at the beginning of the next line.
            ends_before = isinstance(node, yaml.ScalarNode) and node.style in ("|", ">") and mark.column == 0
            return int(mark.index) - 1 if ends_before else int(mark.index)
        last = node.value[-1]
        return self._content_end(last[1] if isinstance(last, tuple) else last)

    def _block(self, value: t.Any, indent: int) -> str:
        # Not splitlines(): a line's end within a text is written as an escape, and others are none to YAML.
        return "".join(f"{' ' * indent}{line}\n" for line in self._dump(value).rstrip("\n").split("\n"))

    # -- flow style, which is JSON's

    def _flow_list(
        self, name: t.Any, node: t.Any, changed: t.Sequence[tuple[Entry | None] | None], added: t.Sequence[Entry]
    ) -> None:
        items = node.value
        gone = [change == (None,) for change in changed]
        # The run of entries that go at the end takes the comma before it along, all others that behind them.
        last = max((index for index, goes in enumerate(gone) if not goes), default=-1)
        for index, change in enumerate(changed[: last + 1]):
            if gone[index]:
                self._changes.append((items[index].start_mark.index, items[index + 1].start_mark.index, ""))
            elif change and change[0] is not None:
                place = items[index]
                self._changes.append((place.start_mark.index, place.end_mark.index, self._json(change[0], place)))
        end = items[-1].end_mark.index
        if last < len(items) - 1:
            start = items[last].end_mark.index if last >= 0 else items[0].start_mark.index
            # With nothing left before it, a comma at the end would stand alone.
            comma = re.compile(r"\s*,").match(self._text, end) if last < 0 and not added else None
            self._changes.append((start, comma.end() if comma else end, ""))
        if added:
            between = self._between(items[-1])
            new = between.join(self._json(entry, items[-1]) for entry in added)
            self._changes.append((end, end, (between if last >= 0 else "") + new))

    def _between(self, like: t.Any) -> str:
        """What separates an entry from the next one: where they stand on lines of their own, new ones do too."""
        start = self._line_start(like.start_mark.index)
        before = self._text[start : like.start_mark.index]
        return ", " if before.strip() else f",\n{before}"

    def _json(self, entry: t.Any, like: t.Any = None) -> str:
        if like is None or "\n" not in self._of(like) or not getattr(like, "value", None):
            return flow(entry)
        first = like.value[0][0] if isinstance(like.value[0], tuple) else like.value[0]
        column = len(self._between(like)) - 2
        return flow(entry, max(1, first.start_mark.column - column)).replace("\n", "\n" + " " * column)

    # -- places

    def _add_key(self, key: str, value: t.Any) -> None:
        root = self._root
        if not root.flow_style:
            last = self._line_end(self._content_end(root))
            self._keys.append((last, last, self._block({key: value}, root.start_mark.column)))
            return
        end = root.end_mark.index - 1
        new = f"{flow(key)}: {self._json(value)}"
        if root.value:
            end = root.value[-1][1].end_mark.index
            new = self._between(root.value[-1][0]) + new
        elif self._keys:
            new = f", {new}"
        self._keys.append((end, end, new))

    def _of(self, node: t.Any) -> str:
        return self._text[node.start_mark.index : node.end_mark.index]

    def _colon(self, name: t.Any) -> int:
        match = re.compile(r"\s*:").match(self._text, name.end_mark.index)
        if match is None:
            raise NotInPlace
        return match.end()

    def _line_start(self, offset: int) -> int:
        return self._text.rfind("\n", 0, offset) + 1

    def _line_end(self, offset: int) -> int:
        found = self._text.find("\n", offset)
        return len(self._text) if found < 0 else found + 1


__all__ = ("Document", "NotInPlace", "flow")
