# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Resources as a user gives them: as data, as YAML, in a file or in a directory."""

from __future__ import annotations

import os
import traceback
import typing as t

from .._errors import InvalidOption
from .federate import flatten

YAML_IMPORT_ERROR: str | None = None
try:
    import yaml
except ImportError:
    YAML_IMPORT_ERROR = traceback.format_exc()

Object = dict[str, t.Any]

_ENDINGS = (".yml", ".yaml", ".json")


def from_definition(definition: t.Any) -> list[Object]:
    """The resources in the option definition: a dictionary, a list of them, or YAML with any number of documents.

    :raises InvalidOption: for what is no YAML or no Kubernetes object.
    """
    if isinstance(definition, str):
        return flatten(_loaded(definition, "definition"))
    return flatten(definition if isinstance(definition, list) else [definition])


def from_path(path: str) -> list[Object]:
    """The resources in a YAML or JSON file, or in all of them in a directory, in the order of their names.

    :raises InvalidOption: for what can't be read, is no YAML or no Kubernetes object.
    """
    if not os.path.isdir(path):
        return _from_file(path)
    try:
        names = sorted(name for name in os.listdir(path) if name.endswith(_ENDINGS) and not name.startswith("."))
    except OSError as error:
        raise InvalidOption(f"src {path} can't be read: {error}") from error
    if not names:
        raise InvalidOption(f"src {path} is a directory without a file *.yml, *.yaml or *.json.")
    return [manifest for name in names for manifest in _from_file(os.path.join(path, name))]


def _from_file(path: str) -> list[Object]:
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidOption(f"src {path} can't be read: {error}") from error
    return flatten(_loaded(text, f"src {path}"), f"src {path}")


def _loaded(text: str, where: str) -> list[t.Any]:
    try:
        # libyaml's parser, where PyYAML was built with it, takes a tenth of the time for a thousand documents
        return list(yaml.load_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except yaml.YAMLError as error:
        raise InvalidOption(f"{where} is no YAML: {' '.join(str(error).split())}") from error


def secrets_in(manifests: t.Iterable[Object], overrides: t.Mapping[str, t.Any] | None = None) -> set[str]:
    """The values of Secrets, plain or federated, so that they can be kept out of the result.

    :param overrides: the option overrides; what goes into data is taken for a Secret's when there is one.
    """
    values: set[str] = set()
    for manifest in manifests:
        if manifest.get("kind") == "Secret":
            values |= _values(manifest)
        elif manifest.get("kind") == "FederatedSecret":
            spec = manifest.get("spec") or {}
            values |= _values(spec.get("template") or {})
            for entry in spec.get("overrides") or []:
                values |= _values_of_overrides(entry.get("clusterOverrides") or [])
        else:
            continue
        for entries in (overrides or {}).values():
            values |= _values_of_overrides(entries if isinstance(entries, list) else [])
    return values


def _values(body: Object) -> set[str]:
    return {str(value) for field in ("data", "stringData") for value in (body.get(field) or {}).values() if value}


def _values_of_overrides(items: t.Iterable[t.Any]) -> set[str]:
    values: set[str] = set()
    for item in items:
        if not isinstance(item, dict) or not str(item.get("path")).startswith(("/data", "/stringData")):
            continue
        value = item.get("value")
        values.update(str(one) for one in (value.values() if isinstance(value, dict) else [value]) if one)
    return values


__all__ = ("YAML_IMPORT_ERROR", "from_definition", "from_path", "secrets_in")
