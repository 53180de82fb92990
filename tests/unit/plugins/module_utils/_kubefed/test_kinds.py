# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of kinds is complete, and the only place that tells kinds apart by their names."""

from __future__ import annotations

import ast
import typing as t
from pathlib import Path

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed import kinds

FOLDER = Path(kinds.__file__).parent
# These make and read the objects that KubeFed and its members are made of, which are not federated
OTHER_OBJECTS = ("membership", "api.py", "controller.py", "host.py", "members.py")
# Which file may name which kind, and why
EXCEPTIONS = {
    # Those that KubeFed's types are made of
    ("types/enabling.py", "CustomResourceDefinition"),
    ("types/manifests.py", "CustomResourceDefinition"),
    # A namespace is made where what is federated in it needs one
    ("resources/template.py", "Namespace"),
}
NAMES = {name for rules in kinds.ALL.values() for name in (rules.kind, f"Federated{rules.kind}")}


@pytest.mark.parametrize("rules", kinds.ALL.values(), ids=lambda rules: f"{rules.group}/{rules.kind}")
def test_each_entry_is_complete(rules: kinds.KindRules) -> None:
    ways = (kinds.TAKEN, kinds.WHEN_ENABLED, kinds.STAYS, kinds.BOOKKEEPING, kinds.CLUSTER_SCOPED)
    assert rules.from_namespace in ways
    assert bool(rules.stays_because) is (rules.from_namespace == kinds.STAYS)
    assert bool(rules.versions) is bool(rules.plural)
    if rules.versions:
        assert rules.versions[0].rpartition("/")[0] == rules.group
    # What is scheduled is divided by replicas, and what is scaled has pods
    assert not rules.schedulable or (rules.scaled and rules.retains_replicas)
    assert not rules.scaled or rules.workload is not None
    # The rights to read its pods are named by it
    assert rules.workload is None or rules.plural
    assert rules.data is None or not (rules.text_maps or rules.object_lists)


def test_no_kind_has_two_entries() -> None:
    assert len(kinds.ALL) == len(kinds._RULES)
    assert len({rules.plural for rules in kinds.ALL.values() if rules.plural}) == len(kinds._EQUIVALENT)
    built_in = [rules.kind for rules in kinds.ALL.values() if rules.group in kinds.BUILT_IN_GROUPS]
    assert len(set(built_in)) == len(built_in)


def test_a_kind_without_an_entry_has_no_special_rules() -> None:
    rules = kinds.rules_for("bakery.example.com", "Loaf")
    assert rules == kinds.KindRules("bakery.example.com", "Loaf", kinds.WHEN_ENABLED)
    assert rules.object_stays({}) == rules.useless_elsewhere({}) == rules.cluster_writes("x", {}) == ""
    assert rules.strip({}, {}) == rules.differs({}) == []
    # Of the same name as one of Kubernetes's own
    assert kinds.rules_for("bakery.example.com", "Secret").data is None


def test_what_is_read_of_federated_kinds() -> None:
    assert kinds.federated_name("FederatedSecret") == "Secret"
    assert kinds.federated_name("Secret") == ""
    secret = kinds.built_in("Secret")
    assert secret is not None
    assert secret.holds_secrets
    assert kinds.built_in("ScaledObject") is None
    assert kinds.schedulable() == ["FederatedDeployment", "FederatedReplicaSet"]


def named_in(tree: ast.AST) -> t.Iterator[tuple[int, str]]:
    """Kinds that code names, but for the API paths and manifests it asks of others by their kind."""
    paths = {
        id(argument)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "path_of"
        for argument in node.args
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value in NAMES and id(node) not in paths:
            yield node.lineno, node.value


def test_kinds_are_told_apart_nowhere_else() -> None:
    found = []
    for path in sorted(FOLDER.rglob("*.py")):
        name = path.relative_to(FOLDER).as_posix()
        if name == "kinds.py" or name.startswith(OTHER_OBJECTS):
            continue
        for line, kind in named_in(ast.parse(path.read_text())):
            if (name, kind) not in EXCEPTIONS:
                found.append(f"{name}:{line}: {kind}")
    assert found == []


def _manifest(api_version: str, kind: str, **body: t.Any) -> dict[str, t.Any]:
    return {"apiVersion": api_version, "kind": kind, **body}


@pytest.mark.parametrize(
    ("manifest", "found"),
    [
        (
            _manifest("apps/v1", "Deployment", spec={"template": {"spec": {"hostname": "a"}}}),
            {"spec": {"hostname": "a"}},
        ),
        (_manifest("batch/v1", "CronJob", spec={"jobTemplate": {"spec": {"template": {"spec": {}}}}}), {"spec": {}}),
        (_manifest("v1", "Pod", spec={}), {"apiVersion": "v1", "kind": "Pod", "spec": {}}),
        (_manifest("example.com/v1", "Rollout", spec={"template": {"spec": {}}}), {"spec": {}}),
        (_manifest("v1", "ConfigMap", data={}), {}),
        (_manifest("apps/v1", "Deployment", spec="none"), {}),
        ({}, {}),
    ],
)
def test_the_template_of_the_pods_is_found(manifest: dict[str, t.Any], found: dict[str, t.Any]) -> None:
    assert kinds.rules_of_manifest(manifest).pod_template(manifest) == found
