# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The measure of residue: it must see what is left, and must not see what changes by itself."""

from __future__ import annotations

import typing as t

import pytest

from labkit.residue import aws, compare, hosts, kubernetes

DEPLOYMENT: dict[str, t.Any] = {
    "kind": "Deployment",
    "metadata": {"name": "web", "uid": "1", "resourceVersion": "7", "generation": 2, "labels": {"app": "web"}},
    "spec": {"replicas": 1},
    "status": {"readyReplicas": 1},
}


def test_nothing_is_different_from_itself() -> None:
    assert compare.differences({"a": {"b": [1, 2]}}, {"a": {"b": [1, 2]}}) == []


def test_what_is_gone_new_or_changed_is_told_with_its_place() -> None:
    before = {"gone": 1, "kept": {"labels": {"x": "1"}, "list": [1, {"y": 2}]}}
    after = {"new": 1, "kept": {"labels": {"x": "1", "kubefed.io/managed": "true"}, "list": [1, {"y": 3}]}}
    assert compare.differences(before, after) == [
        "- gone",
        "+ new",
        '~ kept .labels.kubefed.io/managed: null -> "true"',
        "~ kept .list[1].y: 2 -> 3",
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"metadata": {**DEPLOYMENT["metadata"], "uid": "2"}},
        {"metadata": {**DEPLOYMENT["metadata"], "labels": {"app": "web", "kubefed.io/managed": "true"}}},
        {"spec": {"replicas": 2}},
    ],
)
def test_a_changed_object_is_seen(change: dict[str, t.Any]) -> None:
    assert kubernetes.steady({**DEPLOYMENT, **change}) != kubernetes.steady(DEPLOYMENT)


@pytest.mark.parametrize(
    "change",
    [
        {"metadata": {**DEPLOYMENT["metadata"], "resourceVersion": "8", "generation": 3}},
        {"status": {"readyReplicas": 0}},
        {
            "metadata": {
                **DEPLOYMENT["metadata"],
                "labels": {"app": "web", "kubernetes.io/legacy-token-last-used": "2026-11-28"},
            }
        },
    ],
)
def test_what_the_cluster_counts_is_not(change: dict[str, t.Any]) -> None:
    assert kubernetes.steady({**DEPLOYMENT, **change}) == kubernetes.steady(DEPLOYMENT)


def test_a_restarted_pod_is_seen() -> None:
    def pod(restarts: int) -> dict[str, t.Any]:
        status = {"containerStatuses": [{"name": "web", "restartCount": restarts}]}
        return kubernetes.steady({"kind": "Pod", "metadata": {"name": "web"}, "spec": {}, "status": status})

    assert pod(0) != pod(1)


def test_a_secret_is_compared_and_not_kept() -> None:
    def secret(value: str) -> dict[str, t.Any]:
        return kubernetes.steady({"kind": "Secret", "metadata": {"name": "s"}, "data": {"token": value}})

    assert secret("one") != secret("two")
    assert "one" not in str(secret("one"))


def test_each_line_of_a_host_is_a_thing_and_a_file_keeps_its_name() -> None:
    before = hosts.sections("== routes\ndefault via 10.0.0.1\n== files\n/etc/a 644 root:root aaa\n")
    after = hosts.sections("== routes\ndefault via 10.0.0.1\n10.11.0.0/16 dev x\n== files\n/etc/a 600 root:root aaa\n")
    assert compare.differences(before, after) == [
        "+ routes: 10.11.0.0/16 dev x",
        '~ files: /etc/a (all): "644 root:root aaa" -> "600 root:root aaa"',
    ]


def test_an_empty_chain_of_kube_proxy_is_nothing_but_a_rule_in_it_is() -> None:
    chain = "\tchain endpoint-OSSXEZKA-shop/web/tcp/http__10.10.128.6/80 {\n"
    rule = "\t\tmeta l4proto tcp dnat to 10.10.128.6:80\n"
    empty, full = hosts.sections(f"== nftables\n{chain}\t}}\n"), hosts.sections(f"== nftables\n{chain}{rule}\t}}\n")
    assert compare.differences(empty, hosts.sections("== nftables\n\t}\n")) == []
    assert compare.differences(full, empty) == [f"- nftables: {rule.rstrip()}"]


def test_a_deleted_connection_is_gone_though_aws_shows_it() -> None:
    assert aws.kept({"State": "deleted"})["state"] == "deleted"
    assert aws.kept({"Status": {"Code": "deleted"}, "Tags": [{"Key": "a", "Value": "b"}]})["tags"] == {"a": "b"}
