# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.
"""A kubeconfig's text: entries merged by name, with everything else left as it is to the byte, comments included.

The format is https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
"""

from __future__ import annotations

import contextlib
import copy
import functools
import gc
import os.path
import re
import typing as t

from ..._runtime.errors import FederationError, without_login
from . import text_edit
from .nodes import MAXIMUM_DEPTH, compose, expanded, plain, values

try:
    import yaml
except ImportError:
    yaml = None  # type: ignore[assignment]

Config = dict[str, t.Any]

# The lists of a kubeconfig, each with the key that its entries keep their content under.
LISTS = {"clusters": "cluster", "contexts": "context", "users": "user"}
CURRENT = "current-context"
MASK = "********"
# Some hundred clusters have room in it. What is larger, or what stands for more by its aliases, is no kubeconfig, but
# would take all day and all memory.
MAXIMUM_LENGTH = 2 * 2**20
MAXIMUM_NODES = 400_000

_EMPTY: Config = {"apiVersion": "v1", "kind": "Config", "clusters": [], "contexts": [], "users": [], CURRENT: ""}
# What looks like a number to one of YAML's readers, if not to all.
_AMBIGUOUS = re.compile(r"[-+]?\.?[0-9]|[-+]?\.(inf|nan)", re.IGNORECASE)
# What YAML's readers fold, drop or reject where it is not written as an escape.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")


class Edit(t.NamedTuple):
    """What is to become of a kubeconfig.

    :ivar entries: list, then name, to the content the entry is to have; ``None`` removes it.
    :ivar current_context: what to set it to; ``None`` leaves it.
    """

    entries: dict[str, dict[str, Config | None]]
    current_context: str | None = None

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return any(self.entries.values()) or self.current_context is not None


@contextlib.contextmanager
def _no_collection() -> t.Iterator[None]:
    """Keep Python from looking for cycles, again and again, among hundreds of thousands of new nodes that have none."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


# -- reading


@_no_collection()
def parse(text: str, path: str) -> Config:
    """A kubeconfig's content.

    :param text: the file's text; empty for a file that is not there.
    :param path: names the file in messages.
    :raises FederationError: it is broken, with line and column; or it is no kubeconfig.
    """
    if len(text) > MAXIMUM_LENGTH:
        raise FederationError(
            f"{path} is not a kubeconfig: it has {len(text)} characters, more than {MAXIMUM_LENGTH}. It was left "
            "unchanged."
        )
    try:
        size, depth = expanded(compose(text))
        if size > MAXIMUM_NODES or depth > MAXIMUM_DEPTH:
            most = f"{MAXIMUM_NODES} values" if size > MAXIMUM_NODES else f"{MAXIMUM_DEPTH} levels"
            raise FederationError(
                f"{path} is not a kubeconfig: its aliases expand to more than {most}. It was left unchanged."
            )
        data = _load(text)
    except yaml.YAMLError as error:
        raise FederationError(
            f"{path} is broken{_position(error, text)}. It was left unchanged; fix it first."
        ) from error
    except ValueError as error:
        raise FederationError(f"{path} is broken: {error}. It was left unchanged; fix it first.") from error
    return check({} if data is None else data, path)


def check(data: t.Any, path: str) -> Config:
    """A kubeconfig's content, where it has the form of one.

    :param path: names it in messages.
    :raises FederationError: it has not.
    """
    if not isinstance(data, dict):
        raise FederationError(f"{path} is not a kubeconfig: its content is a {kind_of(data)}, not a mapping.")
    for name, key in LISTS.items():
        for number, entry in enumerate(_entries(data, name, path), start=1):
            called = entry.get("name") if isinstance(entry, dict) else None
            if called is None:
                raise FederationError(f"{path} is not a kubeconfig: entry {number} of {name} has no name.")
            if not isinstance(called, str):
                raise FederationError(_no_text(path, f"the name of entry {number} of {name}", called))
            content = entry.get(key)
            if content is not None and not isinstance(content, dict):
                raise FederationError(
                    f"{path} is not a kubeconfig: {key} of {called} in {name} is a {kind_of(content)}, not a mapping."
                )
            for reference in ("cluster", "user", "namespace") if key == "context" else ():
                value = (content or {}).get(reference)
                if value is not None and not isinstance(value, str):
                    raise FederationError(_no_text(path, f"{reference} of the context {called}", value))
    if not isinstance(data.get(CURRENT) or "", str):
        raise FederationError(_no_text(path, CURRENT, data[CURRENT]))
    return data


def _no_text(path: str, what: str, value: t.Any) -> str:
    # YAML takes 110, on and yes for what is no text, and kubectl rejects them here.
    if isinstance(value, (bool, int, float)):
        return f"{path} is not a kubeconfig: {what} is a {kind_of(value)} ({value}), not a string. Put it in quotes."
    return f"{path} is not a kubeconfig: {what} is a {kind_of(value)}, not a string."


def kind_of(value: t.Any) -> str:
    """What a value of a document is called in messages."""
    kinds = {bool: "boolean", int: "number", float: "number", str: "string", list: "list", dict: "mapping"}
    return kinds.get(type(value), type(value).__name__)


def _entries(data: Config, name: str, path: str) -> list[t.Any]:
    entries = data.get(name)
    if entries is not None and not isinstance(entries, list):
        raise FederationError(f"{path} is not a kubeconfig: {name} is a {kind_of(entries)}, not a list.")
    return entries or []


def _position(error: t.Any, text: str) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark:
        return f" in line {mark.line + 1}, column {mark.column + 1}: {error.problem}"
    if isinstance(error, yaml.reader.ReaderError):
        before = text[: error.position]
        line, column = before.count("\n") + 1, error.position - (before.rfind("\n") + 1) + 1
        return f" in line {line}, column {column}: {error.reason}"
    return ": it is not YAML"


def _load(text: str) -> t.Any:
    return values(compose(text))


def find(data: Config, list_name: str, name: str) -> Config | None:
    """The content of the first entry of this name, which is the one kubectl uses."""
    for entry in data.get(list_name) or []:
        if entry["name"] == name:
            return dict(entry.get(LISTS[list_name]) or {})
    return None


def view(configs: t.Sequence[Config]) -> Config:
    """Several files as kubectl sees them: of entries of the same name, and of the current contexts, the first one.

    That is Load() of client-go's tools/clientcmd/loader.go.
    """
    result: Config = {CURRENT: next((data[CURRENT] for data in configs if data.get(CURRENT)), "")}
    for list_name in LISTS:
        seen: dict[str, Config] = {}
        for data in configs:
            for entry in data.get(list_name) or []:
                seen.setdefault(entry["name"], entry)
        result[list_name] = list(seen.values())
    return result


def share(edit: Edit, configs: t.Sequence[Config], default: int) -> list[Edit]:
    """What an edit of all files together means for each.

    An entry is changed or removed in the file it comes from. What is new, and a current context that is set, goes to
    the default file. A current context is emptied where it comes from. That is ModifyConfig() of client-go's
    tools/clientcmd/config.go. It is also emptied wherever it names a context that is removed.

    :param configs: what :func:`parse` made of each file, in the order of precedence.
    :param default: index of the file that new entries go to.
    """

    def origin(holds: t.Callable[[Config], bool]) -> int:
        return next((index for index, data in enumerate(configs) if holds(data)), default)

    result = [Edit({list_name: {} for list_name in LISTS}) for data in configs]
    for list_name, wanted in edit.entries.items():
        for name, entry in wanted.items():
            index = origin(lambda data: find(data, list_name, name) is not None)  # noqa: B023 # called at once
            result[index].entries[list_name][name] = entry
    if edit.current_context is not None:
        index = default if edit.current_context else origin(lambda data: bool(data.get(CURRENT)))
        result[index] = result[index]._replace(current_context=edit.current_context)
    gone = {name for name, content in edit.entries.get("contexts", {}).items() if content is None}
    for index, data in enumerate(configs):
        # It may be hidden by another file's, and must not come up later and lead nowhere.
        if data.get(CURRENT) in gone and _number_of(configs, data[CURRENT]) == 1:
            result[index] = result[index]._replace(current_context="")
    return result


def _number_of(configs: t.Sequence[Config], context: str) -> int:
    """How many files have a context of this name."""
    return sum(find(data, "contexts", context) is not None for data in configs)


# -- changing


def merged(data: Config, edit: Edit) -> Config:
    """The content of a kubeconfig after an edit, with the order of its entries kept.

    Of several entries of a name that is edited one is left: kubectl rejects a file that has two.
    """
    result = dict(data) or copy.deepcopy(_EMPTY)
    for list_name, wanted in edit.entries.items():
        if not wanted:
            continue
        became, added = _outcome(result.get(list_name) or [], LISTS[list_name], wanted)
        entries = [entry for entry in became if entry is not None] + added
        if entries or result.get(list_name) is not None:
            result[list_name] = entries
    if edit.current_context is not None:
        result[CURRENT] = edit.current_context
    return result


def _outcome(
    entries: t.Sequence[Config], key: str, wanted: t.Mapping[str, Config | None]
) -> tuple[list[Config | None], list[Config]]:
    """What becomes of each entry, ``None`` where it goes, and what is added behind them."""
    became: list[Config | None] = []
    seen: set[str] = set()
    for entry in entries:
        name = entry["name"]
        if name not in wanted:
            became.append(entry)
            continue
        content = wanted[name]
        became.append(None if content is None or name in seen else {**entry, key: content})
        seen.add(name)
    return became, [{key: new, "name": name} for name, new in wanted.items() if new is not None and name not in seen]


@_no_collection()
def apply(text: str, data: Config, edit: Edit) -> tuple[str, bool]:
    """The text of a kubeconfig after an edit.

    :param text: as it is.
    :param data: what :func:`parse` made of it.
    :returns: the text, and whether all that the edit does not touch is as it was, to the byte. It is not where an entry
        that is edited holds what another one refers to, by a YAML anchor.
    """
    wanted = merged(data, edit)
    if wanted == data:
        return text, True
    try:
        edited = _spliced(text, data, edit)
        # The proof that the right places were cut.
        if _load(edited) == wanted:
            return edited, True
    except (text_edit.NotInPlace, yaml.YAMLError):
        pass
    return _written_anew(text, wanted), not data


def _written_anew(text: str, wanted: Config) -> str:
    if text.lstrip("\ufeff \t\r\n").startswith("{"):
        try:
            return text_edit.flow(wanted, 2) + "\n"
        except TypeError:
            pass
    return dump(wanted)


def _spliced(text: str, data: Config, edit: Edit) -> str:
    document = text_edit.Document(text, dump)
    if not data:
        return document.filled(merged(data, edit))
    for list_name, key in LISTS.items():
        entries = data.get(list_name) or []
        became, added = _outcome(entries, key, edit.entries.get(list_name) or {})
        if added or became != entries:
            document.change_list(list_name, entries, became, added)
    if edit.current_context is not None and edit.current_context != data.get(CURRENT):
        document.change_text(CURRENT, edit.current_context)
    return document.text()


# -- writing


@functools.cache
def _dumper() -> t.Any:
    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: t.Any) -> bool:
            return True

        def text(self, data: str) -> t.Any:
            escaped = not data or _UNSAFE.search(data)
            ambiguous = _AMBIGUOUS.match(data) or not isinstance(plain(data), str)
            style = '"' if escaped else "'" if ambiguous else None
            return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)

    Dumper.add_representer(str, Dumper.text)
    return Dumper


def dump(value: t.Any) -> str:
    """A value as YAML in block style, as kubectl and the aws CLI read it."""
    # Wide enough that a certificate stays on its line, as kubectl leaves it.
    return str(
        yaml.dump(
            value, Dumper=_dumper(), sort_keys=False, default_flow_style=False, width=1_000_000, allow_unicode=True
        )
    )


def excerpt(data: Config, names: t.Mapping[str, t.Collection[str]]) -> str:
    """The named entries and the current context as text for a diff, with everything secret masked.

    :param names: list to the names of the entries to show.
    """
    shown: Config = {}
    for list_name, key in LISTS.items():
        entries = [e for e in data.get(list_name) or [] if e["name"] in names.get(list_name, ())]
        if entries:
            shown[list_name] = [{key: _masked(key, e.get(key) or {}), "name": e["name"]} for e in entries]
    shown[CURRENT] = data.get(CURRENT)
    return dump(shown)


def _masked(key: str, content: Config) -> Config:
    if key == "context":
        return content
    if key == "cluster":
        url = content.get("proxy-url")
        hidden = {"proxy-url": without_login(url)} if isinstance(url, str) else {}
        return {**content, **hidden}
    # Of a user, all but how to get a token may be a secret, and so may what is given to the command.
    result: Config = {name: value if name == "exec" else MASK for name, value in content.items()}
    if isinstance(content.get("exec"), dict):
        entry = result["exec"] = dict(content["exec"])
        if isinstance(entry.get("env"), list):
            entry["env"] = [v if isinstance(v, dict) and v.get("name") == "AWS_PROFILE" else MASK for v in entry["env"]]
        if entry.get("args") and not _is_plain(entry):
            entry["args"] = MASK
    return result


def _is_plain(entry: Config) -> bool:
    """Whether it is a command that gets tokens for EKS: no secret is among its arguments."""
    command = os.path.basename(str(entry.get("command")))
    return command == "aws" or any(str(word).startswith("--cluster-name") for word in entry["args"])


__all__ = (
    *("CURRENT", "LISTS", "Config", "Edit", "apply", "check", "dump", "excerpt", "find", "kind_of", "merged"),
    *("parse", "share", "view"),
)
