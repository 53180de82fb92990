# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Reads the resources that a user gives as data, as YAML, in a file or in a directory."""

from __future__ import annotations

import os
import typing as t

from ..._kube.objects import Object
from ..._runtime.errors import InvalidOption
from ..._runtime.files import content
from ..kinds import built_in, federated_name
from .validation import flatten
from .yaml_reader import as_json, decoded, read

# Far more than an API server takes in one object, and no more than is read into memory.
MAXIMUM_LENGTH = 64 << 20
_ENDINGS = (".yml", ".yaml", ".json")


def from_definition(definition: t.Any, warn: t.Callable[[str], object]) -> list[Object]:
    """The resources in the option definition: a dictionary, a list of them, or YAML with any number of documents.

    :param warn: is called with what kubectl ignores without a warning.
    :raises InvalidOption: for what cannot be read, or is no Kubernetes object.
    """
    if isinstance(definition, str):
        return _from_text(definition, "definition", warn)
    return flatten(as_json(definition if isinstance(definition, list) else [definition], "definition"))


def from_path(path: str, warn: t.Callable[[str], object]) -> list[Object]:
    """The resources in a YAML or JSON file, or in all of them in a directory, in the order of their names.

    :param warn: see :func:`from_definition`.
    :raises InvalidOption: for what cannot be read, or is no Kubernetes object.
    """
    if not os.path.isdir(path):
        return _from_file(path, warn)
    try:
        names = sorted(name for name in os.listdir(path) if name.endswith(_ENDINGS) and not name.startswith("."))
    except OSError as error:
        raise InvalidOption(f"src {path} cannot be read: {error}.") from error
    if not names:
        raise InvalidOption(f"src {path} is a directory without a file *.yml, *.yaml or *.json.")
    return [manifest for name in names for manifest in _from_file(os.path.join(path, name), warn)]


def _from_file(path: str, warn: t.Callable[[str], object]) -> list[Object]:
    try:
        raw = content(path, MAXIMUM_LENGTH)
    except OSError as error:
        raise InvalidOption(f"src {path} cannot be read: {error}.") from error
    return _from_text(decoded(raw, f"src {path}"), f"src {path}", warn)


def _from_text(text: str, where: str, warn: t.Callable[[str], object]) -> list[Object]:
    found = read(text, where)
    for warning in found.warnings:
        warn(warning)
    return flatten([as_json(document, where) for document in found.documents], where)


def secrets_in(manifests: t.Iterable[Object], overrides: t.Mapping[str, t.Any] | None = None) -> set[str]:
    """The values of Secrets, plain or federated, so that they can be kept out of the result.

    :param overrides: the option overrides; what goes into data is taken for a Secret's when there is one.
    """
    values: set[str] = set()
    for manifest in manifests:
        kind = str(manifest.get("kind"))
        target = federated_name(kind)
        rules = built_in(target or kind)
        if rules is None or not rules.holds_secrets:
            continue
        if target:
            spec = manifest.get("spec") or {}
            values |= _values(spec.get("template") or {})
            for entry in spec.get("overrides") or []:
                values |= _values_of_overrides(entry.get("clusterOverrides") or [])
        else:
            values |= _values(manifest)
        for entries in (overrides or {}).values():
            values |= _values_of_overrides(entries if isinstance(entries, list) else [])
    return values


def _values(body: Object) -> set[str]:
    fields = [body[field] for field in ("data", "stringData") if isinstance(body.get(field), dict)]
    return {str(value) for values in fields for value in values.values() if value}


def _values_of_overrides(items: t.Iterable[t.Any]) -> set[str]:
    values: set[str] = set()
    for item in items:
        if not isinstance(item, dict) or not str(item.get("path")).startswith(("/data", "/stringData")):
            continue
        value = item.get("value")
        values.update(str(one) for one in (value.values() if isinstance(value, dict) else [value]) if one)
    return values


__all__ = ("from_definition", "from_path", "secrets_in")
