# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.
"""kubeconfig files: entries merged by name, with everything else left as it is, comments included.

The format is https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
"""

from __future__ import annotations

import copy
import os
import stat
import tempfile
import typing as t

from ._errors import FederationError

try:
    import yaml
except ImportError:
    yaml = None  # type: ignore[assignment]

Config = dict[str, t.Any]

# The lists of a kubeconfig, each with the key that its entries keep their content under.
LISTS = {"clusters": "cluster", "contexts": "context", "users": "user"}
MASK = "********"

_EMPTY = "apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\ncurrent-context: ''\n"


class Edit(t.NamedTuple):
    """What is to become of a kubeconfig.

    :ivar entries: list, then name, to the content the entry is to have; ``None`` removes it.
    :ivar current_context: what to set it to; ``None`` leaves it.
    """

    entries: dict[str, dict[str, Config | None]]
    current_context: str | None = None


def parse(text: str, path: str) -> Config:
    """A kubeconfig's content.

    :param text: the file's text; empty for a file that is not there.
    :param path: names the file in messages.
    :raises FederationError: it is broken, with line and column; or it is no kubeconfig.
    """
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it is not YAML"
        raise FederationError(f"{path} is broken{where}: {problem}. It was left as it is; mend it first.") from error
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise FederationError(f"{path} is no kubeconfig: its content is a {type(data).__name__}, not a mapping.")
    for name in LISTS:
        for number, entry in enumerate(_entries(data, name, path), start=1):
            if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
                raise FederationError(f"{path} is no kubeconfig: entry {number} of {name} has no name.")
    return data


def _entries(data: Config, name: str, path: str) -> list[t.Any]:
    entries = data.get(name)
    if entries is not None and not isinstance(entries, list):
        raise FederationError(f"{path} is no kubeconfig: {name} is a {type(entries).__name__}, not a list.")
    return entries or []


def find(data: Config, list_name: str, name: str) -> Config | None:
    """The content of the first entry of this name, which is the one kubectl uses."""
    for entry in data.get(list_name) or []:
        if entry["name"] == name:
            return dict(entry.get(LISTS[list_name]) or {})
    return None


def merged(data: Config, edit: Edit) -> Config:
    """The content of a kubeconfig after an edit, with the order of its entries kept."""
    result = copy.deepcopy(data) or yaml.safe_load(_EMPTY)
    for list_name, wanted in edit.entries.items():
        entries = list(result.get(list_name) or [])
        for name, content in wanted.items():
            found = [index for index, entry in enumerate(entries) if entry["name"] == name]
            if content is None:
                entries = [entry for entry in entries if entry["name"] != name]
            elif found:
                entries[found[0]] = {**entries[found[0]], LISTS[list_name]: content}
            else:
                entries.append({LISTS[list_name]: content, "name": name})
        if entries or result.get(list_name) is not None:
            result[list_name] = entries
    if edit.current_context is not None:
        result["current-context"] = edit.current_context
    return result


def apply(text: str, data: Config, edit: Edit) -> tuple[str, bool]:
    """The text of a kubeconfig after an edit.

    :param text: as it is.
    :param data: what :func:`parse` made of it.
    :returns: the text, and whether all lines that the edit does not touch are as they were. They are not where the file
        is written in a way that leaves no lines to edit, such as JSON.
    """
    wanted = merged(data, edit)
    if wanted == data:
        return text, True
    try:
        edited = _splice(text if data else _EMPTY, data or yaml.safe_load(_EMPTY), wanted)
        # The proof that the lines were the right ones.
        if yaml.safe_load(edited) == wanted:
            return edited, True
    except (_NotByLine, yaml.YAMLError):
        pass
    return _dump(wanted), not data


class _NotByLine(Exception):
    """The file is not written in lines that can be edited one by one."""


def _splice(text: str, data: Config, wanted: Config) -> str:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        raise _NotByLine
    nodes = {key.value: (key, value) for key, value in root.value}
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    # (first line, line after the last, new text); from the end to the beginning, so that numbers stay right.
    changes: list[tuple[int, int, str]] = []
    for key in (*LISTS, "current-context"):
        if wanted.get(key) == data.get(key):
            continue
        if key not in nodes:
            changes.append((len(lines), len(lines), _dump({key: wanted[key]})))
            continue
        key_node, value = nodes[key]
        start = key_node.start_mark.line
        by_item = isinstance(value, yaml.SequenceNode) and not value.flow_style and value.value and wanted[key]
        if by_item:
            changes.extend(_items(lines, value, data[key], wanted[key]))
        else:
            changes.append((start, _last_line(value) + 1, _dump({key: wanted[key]})))
    for first, after, new in sorted(changes, reverse=True):
        lines[first:after] = [new]
    return "".join(lines)


def _items(lines: list[str], node: t.Any, old: list[Config], new: list[Config]) -> t.Iterator[tuple[int, int, str]]:
    indent = ""
    kept = 0
    names = {entry["name"] for entry in new}
    for item, entry in zip(node.value, old):
        first = item.start_mark.line
        line = lines[first]
        indent = line[: len(line) - len(line.lstrip())]
        if not line.lstrip().startswith("- "):
            raise _NotByLine
        after = _last_line(item) + 1
        if entry["name"] not in names:
            yield first, after, ""
            continue
        if new[kept] != entry:
            yield first, after, _dump([new[kept]], indent)
        kept += 1
    end = _last_line(node.value[-1]) + 1
    yield end, end, "".join(_dump([entry], indent) for entry in new[kept:])


def _last_line(node: t.Any) -> int:
    """Number of the last line that holds content of the node; comments after it are not the node's."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style or not node.value:
        mark = node.end_mark
        # A block of text ends at the beginning of the next line.
        ends_before = isinstance(node, yaml.ScalarNode) and node.style in ("|", ">") and mark.column == 0
        return int(mark.line) - 1 if ends_before else int(mark.line)
    last = node.value[-1]
    return _last_line(last[1] if isinstance(last, tuple) else last)


def _dump(value: t.Any, indent: str = "") -> str:
    # Wide enough that a certificate stays on its line, as kubectl leaves it.
    text = yaml.safe_dump(value, sort_keys=False, default_flow_style=False, width=1_000_000)
    return "".join(indent + line for line in text.splitlines(keepends=True))


def excerpt(data: Config, names: t.Mapping[str, t.Collection[str]]) -> str:
    """The named entries and the current context as text for a diff, with everything secret masked.

    :param names: list to the names of the entries to show.
    """
    shown: Config = {}
    for list_name, key in LISTS.items():
        entries = [e for e in data.get(list_name) or [] if e["name"] in names.get(list_name, ())]
        if entries:
            shown[list_name] = [{key: _masked(key, e.get(key) or {}), "name": e["name"]} for e in entries]
    shown["current-context"] = data.get("current-context")
    return _dump(shown)


def _masked(key: str, content: Config) -> Config:
    if key != "user":
        return content
    # Of a user, all but how to get a token may be a secret, and so may what is given to the command.
    result: Config = {name: value if name == "exec" else MASK for name, value in content.items()}
    if isinstance(content.get("exec"), dict):
        result["exec"] = dict(content["exec"])
        if isinstance(content["exec"].get("env"), list):
            result["exec"]["env"] = [
                v if isinstance(v, dict) and v.get("name") == "AWS_PROFILE" else MASK for v in content["exec"]["env"]
            ]
    return result


def read(path: str) -> str:
    """The text of a kubeconfig, empty when there is none.

    :raises FederationError: it can not be read.
    """
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise FederationError(f"{path} can not be read: {error}") from error


def is_private(path: str) -> bool:
    """Whether nobody but its owner may do anything with the file."""
    return stat.S_IMODE(os.stat(path).st_mode) == 0o600


def write(path: str, text: str) -> None:
    """Put ``text`` in the place of a file, all at once and with mode 0600.

    A symbolic link stays one: the file that it leads to is replaced. The owner stays as it is where we may say so.

    :raises FederationError: it can not be written.
    """
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    temporary = ""
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        # Made with mode 0600, and in the same folder, so that its renaming is atomic.
        handle, temporary = tempfile.mkstemp(prefix=".kubeconfig-", dir=folder)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
            if os.path.exists(target) and os.geteuid() == 0:
                owner = os.stat(target)
                os.fchown(stream.fileno(), owner.st_uid, owner.st_gid)
        os.replace(temporary, target)
    except OSError as error:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)
        raise FederationError(f"{path} can not be written: {error}") from error


__all__ = ("LISTS", "Config", "Edit", "apply", "excerpt", "find", "is_private", "merged", "parse", "read", "write")
