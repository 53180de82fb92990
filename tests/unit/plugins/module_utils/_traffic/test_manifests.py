# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the keeper consists of: what it may do, and how its pods run."""

from __future__ import annotations

import base64
import json
import typing as t

from ansible_collections.cloudburst.federation.plugins.module_utils._traffic import manifests

Manifests = dict[tuple[str, str, str], dict[str, t.Any]]
ACCESS = {"server": "https://vulcan.example.com", "ca": "PEM", "proxy": "", "unverified": []}
KUBEFED = "kube-federation-system"
NAME = "cloudburst-traffic-vulcan"


def by_name(found: t.Iterable[dict[str, t.Any]]) -> Manifests:
    return {(each["kind"], each["metadata"]["namespace"], each["metadata"]["name"]): each for each in found}


def host(program: str = "print()", user: int | None = 65534, token: str = "t0k3n") -> Manifests:
    return by_name(
        manifests.host_manifests(
            "vulcan", KUBEFED, ["shops", "blog"], image="python:3-slim", program=program, access=ACCESS, token=token,
            user=user,
        )
    )  # fmt: skip


def member() -> Manifests:
    return by_name(manifests.member_manifests("vulcan", KUBEFED, ["shops", "blog"]))


def verbs(role: dict[str, t.Any]) -> set[str]:
    return {f"{verb} {resource}" for rule in role["rules"] for resource in rule["resources"] for verb in rule["verbs"]}


def test_in_the_member_it_only_reads_slices_and_services_of_these_namespaces() -> None:
    roles = {key: each for key, each in member().items() if key[0] == "Role"}
    assert {namespace for _kind, namespace, _name in roles} == {"shops", "blog"}
    for role in roles.values():
        assert verbs(role) == {
            f"{verb} {resource}" for verb in ("get", "list", "watch") for resource in ("endpointslices", "services")
        }
    secret = member()["Secret", KUBEFED, NAME]
    assert secret["type"] == "kubernetes.io/service-account-token"
    assert secret["metadata"]["annotations"] == {"kubernetes.io/service-account.name": NAME}


def test_in_the_host_it_writes_slices_there_and_has_a_lease() -> None:
    made = host()
    assert verbs(made["Role", "shops", NAME]) == {
        "get endpointslices", "list endpointslices", "create endpointslices", "patch endpointslices",
        "delete endpointslices", "create endpointslices/restricted", "get services",
    }  # fmt: skip
    assert verbs(made["Role", KUBEFED, NAME]) == {"get configmaps", "create leases", "get leases", "update leases"}
    for namespace in ("shops", "blog", KUBEFED):
        assert made["RoleBinding", namespace, NAME]["subjects"] == [
            {"kind": "ServiceAccount", "name": NAME, "namespace": KUBEFED}
        ]


def test_its_pods_are_restricted() -> None:
    pod = host()["Deployment", KUBEFED, NAME]["spec"]["template"]["spec"]
    assert pod["securityContext"] == {
        "runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"},
        "runAsUser": 65534, "runAsGroup": 65534, "fsGroup": 65534,
    }  # fmt: skip
    assert pod["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert pod["priorityClassName"] == "system-cluster-critical"


def test_openshift_chooses_the_user() -> None:
    pod = host(user=None)["Deployment", KUBEFED, NAME]["spec"]["template"]["spec"]
    assert pod["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


def test_another_program_makes_other_pods_and_another_token_does_not() -> None:
    def content(made: Manifests) -> t.Any:
        return made["Deployment", KUBEFED, NAME]["spec"]["template"]["metadata"]["annotations"]

    assert content(host()) == content(host(token="other")) != content(host(program="pass"))


def test_the_way_to_the_member_is_kubefeds() -> None:
    spec = {
        "apiEndpoint": "https://vulcan.example.com", "caBundle": base64.b64encode(b"PEM").decode(),
        "proxyURL": "http://proxy:3128", "disabledTLSValidations": ["ValidityPeriod", "SubjectName"],
    }  # fmt: skip
    assert manifests.member_access({"spec": spec}) == {
        "server": "https://vulcan.example.com", "ca": "PEM", "proxy": "http://proxy:3128",
        "unverified": ["SubjectName", "ValidityPeriod"],
    }  # fmt: skip
    secret = host()["Secret", KUBEFED, NAME]
    assert json.loads(base64.b64decode(secret["data"]["member.json"])) == ACCESS


def test_the_configuration_is_read_as_it_was_written() -> None:
    content = manifests.configuration("vulcan", manifests.SHIFTED, [{"service": "shop"}], ["b", "a"])
    assert content["zones"] == ["a", "b"]
    assert manifests.read_configuration(manifests.configuration_manifest("vulcan", KUBEFED, content)) == content
    for nothing in (None, {}, {"data": {"config.json": "nonsense"}}, {"data": {"config.json": "[]"}}):
        assert manifests.read_configuration(nothing) == {}


def test_all_that_is_made_is_taken_away() -> None:
    roles = {"Role", "RoleBinding"}
    made = {key for key in host() if key[0] not in roles} | {("ConfigMap", KUBEFED, NAME), ("Lease", KUBEFED, NAME)}
    assert set(manifests.host_leftovers("vulcan", KUBEFED)) == made
    assert set(manifests.member_leftovers("vulcan", KUBEFED)) == {key for key in member() if key[0] not in roles}
    labels = dict(part.split("=") for part in manifests.role_selector("vulcan").split(","))
    for each in [*host().values(), *member().values()]:
        assert labels.items() <= each["metadata"]["labels"].items()
