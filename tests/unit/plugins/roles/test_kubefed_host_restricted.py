# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""KubeFed's pods as Pod Security restricted and OpenShift's SCC restricted-v2 admit them."""

from __future__ import annotations

import re
import typing as t

import pytest
import yaml

from ansible_collections.cloudburst.federation.tests.unit.roles import Role

NOTHING: list[t.Any] = []
ENFORCED = [{"name": "kube-federation-system", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}]
UNLABELLED = [{"name": "kube-federation-system", "labels": {}}]
OPENSHIFT = [{"name": "v1.security.openshift.io", "labels": {}}]
# The lines of the chart's templates that matter, without helm's own.
DEPLOYMENTS = """\
spec:
  template:
    spec:
      securityContext:
        runAsUser: 1001
      serviceAccountName: kubefed-controller
      containers:
      - name: controller-manager
        image: "kubefed"
        imagePullPolicy: "IfNotPresent"
"""
JOB = """\
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: post-install-job
        image: "kubectl"
        imagePullPolicy: "IfNotPresent"
"""
PROFILE = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


def role(openshift: t.Any = None, enforced: t.Any = None, **given: t.Any) -> Role:
    return Role(
        "kubefed_host",
        burst_host_name="earth",
        __kubefed_host_found={"results": [[], openshift or NOTHING, enforced or NOTHING]},
        **given,
    )


def changed(found: Role, file: str, text: str) -> t.Any:
    """What the role makes of a template, as ansible.builtin.replace does it."""
    for change in found.value("__kubefed_host_changes"):
        if change["file"] == file:
            text, times = re.subn(change["old"], change["new"], text, flags=re.MULTILINE)
            assert times == 1
    return yaml.safe_load(text)["spec"]["template"]["spec"]


@pytest.mark.parametrize(
    ("openshift", "enforced", "expected"),
    [
        (NOTHING, NOTHING, False),
        (NOTHING, UNLABELLED, False),
        (NOTHING, ENFORCED, True),
        (OPENSHIFT, NOTHING, True),
    ],
)
def test_the_chart_is_changed_only_where_it_is_needed(
    openshift: list[t.Any], enforced: list[t.Any], expected: bool
) -> None:
    found = role(openshift, enforced)
    assert found.value("__kubefed_host_is_restricted") is expected
    assert ("podSecurity" in found.value("__kubefed_host_all_values")) is expected


@pytest.mark.parametrize(("file", "text"), [("deployments.yaml", DEPLOYMENTS), ("post-install-job.yaml", JOB)])
def test_pods_are_as_restricted_demands(file: str, text: str) -> None:
    pod = changed(role(enforced=ENFORCED), file, text)
    assert pod["securityContext"] == {**PROFILE, "runAsUser": 1001}
    (container,) = pod["containers"]
    assert container["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    assert container["imagePullPolicy"] == "IfNotPresent"


@pytest.mark.parametrize(("file", "text"), [("deployments.yaml", DEPLOYMENTS), ("post-install-job.yaml", JOB)])
def test_on_openshift_the_user_id_is_the_namespaces_own(file: str, text: str) -> None:
    assert changed(role(OPENSHIFT), file, text)["securityContext"] == PROFILE


@pytest.mark.parametrize(
    ("ref", "kind"),
    [
        ("https://example.com/kubefed-0.10.0.tgz", "archive"),
        ("/srv/charts/kubefed-0.10.0.tgz", "archive"),
        ("~/charts/kubefed", "directory"),
        ("oci://registry.example.com/kubefed", "reference"),
        ("kubefed/kubefed", "reference"),
    ],
)
def test_each_form_of_a_chart(ref: str, kind: str) -> None:
    assert role(kubefed_host_chart_ref=ref).value("__kubefed_host_source_kind") == kind
