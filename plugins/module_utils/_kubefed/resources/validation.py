# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""What a manifest must be before it is federated. Pure functions.

KubeFed reads manifests without types. When one label is no text, it takes an object to have none, and removes all that
it has (GetLabels of k8s.io/apimachinery's unstructured.Unstructured drops the error; kubernetes/kubernetes#57509 and
#23251 are such reports). Where types are known, the member's API server rejects what does not fit, which is late.
"""

from __future__ import annotations

import base64
import binascii
import typing as t
from functools import partial

from ..._kube.names import check_labels, check_name
from ..._kube.objects import Object
from ..._runtime.errors import InvalidOption
from ..api import FEDERATED_GROUP, SCHEDULING_GROUP
from ..kinds import BUILT_IN_GROUPS, DataRules, KindRules, built_in, federated_name, rules_for

# In Kubernetes's own types, wherever they are: mappings from text to text
_TEXTS = ("matchLabels", "nodeSelector")
# Whose names may be any segment of a path (ValidateRBACName in pkg/apis/rbac/validation of Kubernetes)
_ROLES = "rbac.authorization.k8s.io/"
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_MAPPINGS = ("metadata", "spec", "template", "jobTemplate", "securityContext")
# Of what a message shows, beyond which nobody looks
_SHOWN = 60
_LISTED = 10


def flatten(documents: t.Iterable[t.Any], where: str = "definition") -> list[Object]:
    """The resources in a list of documents: empty documents and List objects dissolved.

    :param where: where the documents come from, for messages.
    :raises InvalidOption: with document, field, value and what is allowed, for all that does not fit.
    """
    problems: list[str] = []
    found: list[Object] = []
    for number, document in enumerate(documents, start=1):
        for location, entry in _documents_in(document, f"document {number} of {where}"):
            trouble = _identity_problems(entry)
            if not trouble:
                found.append(entry)
                location = f"{location} ({entry['kind']} {entry['metadata']['name']})"
                trouble = _content_problems(entry)
            problems += [f"{location}{' ' if text.startswith(('is ', 'has ')) else ': '}{text}" for text in trouble]
    if problems:
        more = len(problems) - _LISTED
        text = "; ".join(problems[:_LISTED] + ([f"and {more} more"] if more > 0 else []))
        raise InvalidOption(f"{text[0].upper()}{text[1:]}.")
    return found


def problems_of(document: t.Any) -> list[str]:
    """What of one document does not fit, each with its path; see :func:`flatten`."""
    return _identity_problems(document) or _content_problems(document)


def _documents_in(document: t.Any, location: str) -> t.Iterator[tuple[str, t.Any]]:
    """The objects in a document, each with its location."""
    if document is None:
        return
    if isinstance(document, list):
        for index, entry in enumerate(document):
            yield from _documents_in(entry, f"{location}[{index}]")
        return
    kind = document.get("kind") if isinstance(document, dict) else None
    if kind == "List" and document.get("items") is None:
        return
    if isinstance(kind, str) and kind.endswith("List") and isinstance(document.get("items"), list):
        for index, entry in enumerate(document["items"]):
            if isinstance(entry, dict) and kind != "List":
                # In a list of a type, the items may leave it out (UnstructuredJSONScheme.decodeToList)
                entry = {"apiVersion": document.get("apiVersion"), "kind": kind[: -len("List")], **entry}
            yield from _documents_in(entry, f"{location}: items[{index}]")
        return
    yield location, document


def _identity_problems(document: t.Any) -> list[str]:
    """Why it cannot be said which object a document is."""
    if not isinstance(document, dict):
        return [f"is {_described(document)}: a Kubernetes object is a mapping with apiVersion, kind and metadata"]
    missing = [field for field in ("apiVersion", "kind") if document.get(field) in (None, "")]
    if missing:
        return [f"is not a Kubernetes object: it needs apiVersion and kind, and has no {' and no '.join(missing)}"]
    problems = [
        _no_text(field, document[field]) for field in ("apiVersion", "kind") if not isinstance(document[field], str)
    ]
    metadata = document.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        return [*problems, _no_mapping("metadata", metadata)]
    name = (metadata or {}).get("name")
    if name in (None, ""):
        generated = (metadata or {}).get("generateName")
        hint = "; metadata.generateName gives another name each time, which cannot be found again" if generated else ""
        problems.append(f"has no metadata.name{hint}")
    elif not isinstance(name, str):
        problems.append(_no_text("metadata.name", name))
    namespace = (metadata or {}).get("namespace")
    if namespace is not None and not isinstance(namespace, str):
        problems.append(_no_text("metadata.namespace", namespace))
    if problems:
        return problems
    wrong = _messages(partial(check_name, t.cast(str, name), "metadata.name"))
    if wrong and document["apiVersion"].startswith(_ROLES):
        wrong = [
            f"{wrong[0]}; a {document['kind']} may have other names, but not what KubeFed federates it with: rename"
            " it, or apply it in each cluster without the federation"
        ]
    return wrong + (
        _messages(partial(check_name, t.cast(str, namespace), "metadata.namespace", limit=63, dots=False))
        if namespace
        else []
    )


def _content_problems(document: Object) -> list[str]:
    """What of an object with a known identity does not fit, each with its path.

    :param document: plain or federated.
    """
    group, kind = document["apiVersion"].rpartition("/")[0], document["kind"]
    problems = _metadata_problems(document.get("metadata") or {}, "metadata")
    if group == SCHEDULING_GROUP:
        return problems + _schedule_problems(document.get("spec"))
    if group != FEDERATED_GROUP:
        return problems + _body_problems(document, _known(group, kind))
    spec = document.get("spec")
    if not isinstance(spec, (dict, type(None))):
        return [*problems, _no_mapping("spec", spec)]
    spec = spec or {}
    problems += _placement_problems(spec.get("placement"))
    problems += _override_problems(spec.get("overrides"))
    template = spec.get("template")
    if not isinstance(template, (dict, type(None))):
        return [*problems, _no_mapping("spec.template", template)]
    metadata = (template or {}).get("metadata")
    if not isinstance(metadata, (dict, type(None))):
        problems.append(_no_mapping("spec.template.metadata", metadata))
    else:
        problems += _metadata_problems(metadata or {}, "spec.template.metadata")
    # Federated resources do not say which group they are of
    return problems + _body_problems(template or {}, built_in(federated_name(kind)), "spec.template.")


def _known(group: str, kind: str) -> KindRules | None:
    """The rules of a kind that is one of Kubernetes's own, so that it is known what its fields take."""
    return rules_for(group, kind) if group in BUILT_IN_GROUPS else None


def _body_problems(body: Object, rules: KindRules | None, prefix: str = "") -> list[str]:
    """What of an object does not fit, but for its metadata.

    :param rules: of its kind, where it is one of Kubernetes's own.
    :param prefix: of the paths in the result.
    """
    if rules is None:
        return []
    if rules.data is not None:
        return _data_problems(body, rules.data, prefix)
    problems = []
    if isinstance(body.get("spec"), dict):
        for field in rules.text_maps:
            problems += _texts_problems(body["spec"].get(field), f"{prefix}spec.{field}")
        for field in rules.object_lists:
            problems += _mappings_problems(body["spec"].get(field), f"{prefix}spec.{field}")
    for key, value in body.items():
        if key not in ("metadata", "apiVersion", "kind", "status"):
            problems += _inner_problems(key, value, f"{prefix}{key}")
    return problems


def applied_problems(body: Object, kind: str, group: str) -> list[str]:
    """What of a template does not fit, once a cluster's overrides are applied to it.

    :param kind: of the object in the cluster; its group likewise.
    """
    metadata = body.get("metadata")
    if not isinstance(metadata, (dict, type(None))):
        return [_no_mapping("metadata", metadata)]
    return _metadata_problems(metadata or {}, "metadata") + _body_problems(body, _known(group, kind))


def useless_problem(manifest: t.Mapping[str, t.Any]) -> str:
    """Why an object can be of no use in another cluster, or an empty string.

    :param manifest: plain or federated.
    """
    kind = manifest["kind"]
    target = federated_name(kind)
    rules = built_in(target or kind)
    if rules is None:
        return ""
    body = (manifest.get("spec") or {}).get("template") or {} if target else dict(manifest)
    reason = rules.useless_elsewhere(body)
    return f"{kind} {manifest['metadata']['name']} {reason}" if reason else ""


def _inner_problems(key: str, value: t.Any, path: str) -> list[str]:
    """What does not fit in a field of a built-in type, and in all that is in it."""
    if value is None:
        return []
    if key in _TEXTS:
        return _texts_problems(value, path)
    if key in _CONTAINERS:
        return _mappings_problems(value, path) or [
            problem for index, entry in enumerate(value) for problem in _container_problems(entry, f"{path}[{index}]")
        ]
    if key in _MAPPINGS and not isinstance(value, dict):
        return [_no_mapping(path, value)]
    problems: list[str] = []
    if key == "metadata":
        problems += _metadata_problems(value, path)
    elif isinstance(value, dict):
        for name, inner in value.items():
            problems += _inner_problems(name, inner, f"{path}.{name}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            problems += _inner_problems("", inner, f"{path}[{index}]")
    return problems


def _container_problems(container: Object, path: str) -> list[str]:
    problems = []
    for field in ("command", "args"):
        values = container.get(field)
        if not isinstance(values, (list, type(None))):
            problems.append(f"{path}.{field} is {_described(values)}; it must be a list of strings")
            continue
        problems += [
            _no_text(f"{path}.{field}[{index}]", value)
            for index, value in enumerate(values or [])
            if not isinstance(value, str)
        ]
    wrong = _mappings_problems(container.get("env"), f"{path}.env")
    if wrong:
        return problems + wrong
    for index, variable in enumerate(container.get("env") or []):
        problems += [
            _no_text(f"{path}.env[{index}].{field}", variable[field])
            for field in ("name", "value")
            if variable.get(field) is not None and not isinstance(variable[field], str)
        ]
    return problems


def _metadata_problems(metadata: Object, path: str) -> list[str]:
    problems = []
    for field in ("labels", "annotations"):
        values = metadata.get(field)
        wrong = _texts_problems(values, f"{path}.{field}", empty="''")
        if not wrong and values:
            wrong = _messages(partial(_check_keys, values, f"{path}.{field}", annotations=field == "annotations"))
        problems += wrong
    return problems


def _check_keys(values: dict[str, str], path: str, *, annotations: bool) -> None:
    # Of annotations, Kubernetes looks at the keys in lower case (ValidateAnnotations in apimachinery)
    check_labels({k.lower(): v for k, v in values.items()} if annotations else values, path, annotations=annotations)


def _data_problems(body: Object, rules: DataRules, prefix: str) -> list[str]:
    problems = []
    for field, encoded in (("data", rules.secret), ("stringData", False), ("binaryData", True)):
        values = body.get(field)
        wrong = _texts_problems(values, f"{prefix}{field}", secret=rules.secret)
        if not wrong and encoded:
            wrong = [
                f"{prefix}{field}.{key} is not base64"
                + ("; stringData takes the plain value" if rules.secret else "; data takes text")
                for key, value in (values or {}).items()
                if value and not _is_base64(value)
            ]
        problems += wrong
    return problems


def _is_base64(value: str) -> bool:
    try:
        # encoding/base64 skips line ends
        base64.b64decode(value.replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _schedule_problems(spec: t.Any) -> list[str]:
    if not isinstance(spec, (dict, type(None))):
        return [_no_mapping("spec", spec)]
    clusters = (spec or {}).get("clusters")
    if not isinstance(clusters, (dict, type(None))):
        return [_no_mapping("spec.clusters", clusters)]
    return [
        _no_mapping(f"spec.clusters.{name}", given)
        for name, given in (clusters or {}).items()
        if not isinstance(given, (dict, type(None)))
    ]


def _placement_problems(placement: t.Any) -> list[str]:
    if placement is None:
        return []
    if not isinstance(placement, dict):
        return [_no_mapping("spec.placement", placement)]
    wrong = _mappings_problems(placement.get("clusters"), "spec.placement.clusters")
    selector = placement.get("clusterSelector")
    if not isinstance(selector, (dict, type(None))):
        wrong.append(_no_mapping("spec.placement.clusterSelector", selector))
    elif selector:
        wrong += _texts_problems(selector.get("matchLabels"), "spec.placement.clusterSelector.matchLabels")
        wrong += _mappings_problems(selector.get("matchExpressions"), "spec.placement.clusterSelector.matchExpressions")
    return wrong or [
        _no_text(f"spec.placement.clusters[{index}].name", entry.get("name"))
        for index, entry in enumerate(placement.get("clusters") or [])
        if not isinstance(entry.get("name"), str)
    ]


def _override_problems(overrides: t.Any) -> list[str]:
    wrong = _mappings_problems(overrides, "spec.overrides")
    if wrong:
        return wrong
    for index, entry in enumerate(overrides or []):
        path = f"spec.overrides[{index}]"
        if not isinstance(entry.get("clusterName"), str):
            wrong.append(_no_text(f"{path}.clusterName", entry.get("clusterName")))
        wrong += _mappings_problems(entry.get("clusterOverrides"), f"{path}.clusterOverrides")
    return wrong


def _texts_problems(values: t.Any, path: str, *, empty: str = "", secret: bool = False) -> list[str]:
    """Why something is no mapping from text to text.

    :param empty: what to write in place of an empty value, where that is none.
    :param secret: whether the values must not be shown.
    """
    if values is None:
        return []
    if not isinstance(values, dict):
        return [_no_mapping(path, values, "text")]
    return [
        _no_text(f"{path}.{key}", value, empty=empty, secret=secret)
        for key, value in values.items()
        if not isinstance(value, str) and (value is not None or empty)
    ]


def _mappings_problems(values: t.Any, path: str) -> list[str]:
    """Why something is no list of mappings."""
    if values is None:
        return []
    if not isinstance(values, list):
        return [f"{path} is {_described(values)}; it must be a list"]
    return [_no_mapping(f"{path}[{index}]", entry) for index, entry in enumerate(values) if not isinstance(entry, dict)]


def _no_mapping(path: str, value: t.Any, of: str = "") -> str:
    return f"{path} is {_described(value)}; it must be a mapping{f' of names to {of}' if of else ''}"


def _no_text(path: str, value: t.Any, *, empty: str = "", secret: bool = False) -> str:
    if value is None:
        return f"{path} is empty; it must be a string" + (f": write {empty}" if empty else "")
    if isinstance(value, (dict, list)):
        return f"{path} is {_described(value)}; it must be a string"
    shown = _described(value)
    if secret:
        shown = shown.rpartition(" ")[0]
    hint = " (YAML reads yes, no, on, off, y and n this way)" if isinstance(value, bool) else ""
    return f"{path} is {shown}{hint}; it must be a string: put it in quotes"


def _described(value: t.Any) -> str:
    """A value as a user knows it."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return f"the boolean {'true' if value else 'false'}"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = str(value)
    return f"the string {text if len(text) <= _SHOWN else text[:_SHOWN] + '...'!r}"


def _messages(check: t.Callable[[], None]) -> list[str]:
    try:
        check()
    except InvalidOption as error:
        return [error.message.rstrip(".")]
    return []


__all__ = ("applied_problems", "flatten", "problems_of", "useless_problem")
