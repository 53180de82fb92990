# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether pods run, and why they never will."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kube import workloads
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.objects import Object


def workload(spec: Object | None = None, generation: int = 2, **status: t.Any) -> Object:
    return {
        "metadata": {"uid": "w", "generation": generation, "annotations": {"deployment.kubernetes.io/revision": "2"}},
        "spec": spec or {},
        "status": {"observedGeneration": 2, **status},
    }


def pod(name: str, owner: str, reason: str = "", *, restarts: int = 0, labels: Object | None = None) -> Object:
    state: Object = {"waiting": {"reason": reason, "message": "said"}} if reason else {"running": {}}
    return {
        "metadata": {"name": name, "ownerReferences": [{"uid": owner}], "labels": labels or {}},
        "status": {
            "containerStatuses": [
                {
                    "name": "c",
                    "restartCount": restarts,
                    "state": state,
                    "lastState": {"terminated": {"exitCode": 7, "message": "no oven\n"}},
                }
            ]
        },
    }


READINGS = {
    "DaemonSet": workloads.DAEMON_SET,
    "Deployment": workloads.DEPLOYMENT,
    "ReplicaSet": workloads.REPLICA_SET,
    "StatefulSet": workloads.STATEFUL_SET,
}
PARTLY = {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}, "replicas": 3}


@pytest.mark.parametrize(
    ("kind", "found", "done", "last"),
    [
        ("Deployment", workload(generation=3), False, "not seen"),
        ("Deployment", workload(), False, "0 of 1 pods are new"),
        ("Deployment", workload(updatedReplicas=1, replicas=2, availableReplicas=2), False, "1 old pods"),
        ("Deployment", workload(updatedReplicas=1, replicas=1), False, "0 of 1 pods are available"),
        ("Deployment", workload(updatedReplicas=1, replicas=1, availableReplicas=1), True, "1 of 1"),
        ("Deployment", workload({"replicas": 0}), True, "0 of 0"),
        ("ReplicaSet", workload(replicas=1, availableReplicas=1), True, "1 of 1"),
        ("StatefulSet", workload(PARTLY, updatedReplicas=1, availableReplicas=3), True, "3 of 3"),
        ("StatefulSet", workload({"replicas": 3}, updatedReplicas=1, availableReplicas=3), False, "1 of 3"),
        ("StatefulSet", workload({"updateStrategy": {"type": "OnDelete"}}, availableReplicas=1), True, "1 of 1"),
        ("DaemonSet", workload(desiredNumberScheduled=2, updatedNumberScheduled=1), False, "1 of 2 pods are new"),
        (
            "DaemonSet",
            workload(desiredNumberScheduled=2, updatedNumberScheduled=2, numberAvailable=2),
            True,
            "2 of 2",
        ),
    ],
)
def test_a_rollout_is_seen_as_kubectl_sees_it(kind: str, found: Object, done: bool, last: str) -> None:
    state = workloads.rollout(READINGS[kind], found)
    assert state.done is done
    assert last in state.last


def test_controllers_say_when_they_give_up() -> None:
    late = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "too slow"}
    quota = {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": "x: exceeded quota: small",
    }
    account = {**quota, "message": 'pods "x" is forbidden: error looking up service account a/b'}
    assert workloads.given_up(workload(conditions=[late])) == "ProgressDeadlineExceeded: too slow"
    assert "exceeded quota: small" in workloads.given_up(workload(conditions=[quota]))
    # It may still be on its way
    assert workloads.given_up(workload(conditions=[account])) == ""


def test_events_say_what_no_condition_does() -> None:
    event = {"involvedObject": {"uid": "w"}, "message": "exceeded quota: small"}
    assert workloads.rejected([event], workload()) == "FailedCreate: exceeded quota: small"
    assert workloads.rejected([{**event, "involvedObject": {"uid": "other"}}], workload()) == ""


@pytest.mark.parametrize(
    ("found", "message", "may_pass"),
    [
        (pod("p", "w"), "", False),
        (pod("p", "w", "ContainerCreating"), "", False),
        (pod("p", "w", "ImagePullBackOff"), "pod p, container c: ImagePullBackOff: said", False),
        (pod("p", "w", "InvalidImageName"), "InvalidImageName", False),
        (pod("p", "w", "CreateContainerConfigError"), "CreateContainerConfigError: said", True),
        (pod("p", "w", "CrashLoopBackOff", restarts=1), "", False),
        (pod("p", "w", "CrashLoopBackOff", restarts=2), "ended 3 times, last with exit code 7. no oven", False),
    ],
)
def test_pods_say_why_they_do_not_run(found: Object, message: str, may_pass: bool) -> None:
    trouble = workloads.trouble([found])
    assert message in trouble.message
    assert bool(trouble.message) is bool(message)
    assert trouble.may_pass is may_pass


@pytest.mark.parametrize(
    ("restarts", "exit_code", "message"),
    [(1, 7, ""), (2, 7, "pod p, container c: Error: ended 3 times, last with exit code 7."), (4, 0, "")],
)
def test_a_container_that_has_ended_again_is_not_waited_for(restarts: int, exit_code: int, message: str) -> None:
    found = pod("p", "w", "CrashLoopBackOff", restarts=restarts)
    ended = {"reason": "Error" if exit_code else "Completed", "exitCode": exit_code}
    found["status"]["containerStatuses"][0].update(state={"terminated": ended}, lastState={})
    assert workloads.trouble([found]).message == message


def test_the_pods_of_an_earlier_revision_do_not_count() -> None:
    def replica_set(uid: str, revision: str) -> Object:
        return {
            "metadata": {
                "uid": uid,
                "ownerReferences": [{"uid": "w"}],
                "annotations": {"deployment.kubernetes.io/revision": revision},
            }
        }

    pods = [pod("old", "r1", "ImagePullBackOff"), pod("new", "r2"), pod("other", "x")]
    found = workloads.current_pods(
        workloads.DEPLOYMENT, workload(), pods, [replica_set("r1", "1"), replica_set("r2", "2")]
    )
    assert [entry["metadata"]["name"] for entry in found] == ["new"]
    assert workloads.current_pods(workloads.DEPLOYMENT, workload(), pods, []) == []


def test_the_pods_of_a_stateful_set_by_revision() -> None:
    pods = [
        pod("old", "w", labels={"controller-revision-hash": "a"}),
        pod("new", "w", labels={"controller-revision-hash": "b"}),
    ]
    found = workloads.current_pods(workloads.STATEFUL_SET, workload(updateRevision="b"), pods, [])
    assert [entry["metadata"]["name"] for entry in found] == ["new"]


def test_what_may_still_come_is_told() -> None:
    waiting = {"status": {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]}}
    assert workloads.held_up([waiting]) == "Unschedulable"
    assert workloads.held_up([pod("p", "w")]) == ""


@pytest.mark.parametrize(
    "message",
    [
        'pods "a-1" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi',
        'pods "a-1" is forbidden: [maximum cpu usage per Pod is 1, but limit is 2, minimum memory usage is 1]',
        'pods "a-1" is forbidden: failed quota: q: must specify limits.cpu for: c',
        'pods "a-1" is forbidden: unable to validate against any security context constraint: [provider "x"]',
    ],
)
def test_what_no_time_mends_of_the_clusters_rules(message: str) -> None:
    condition = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message}
    assert workloads.given_up(workload(conditions=[condition])) == f"FailedCreate: {message}"


@pytest.mark.parametrize(
    ("message", "may_pass"),
    [
        ('pods "a-1" is forbidden: error looking up service account ns/x: serviceaccount "x" not found', True),
        ('pods "a-1" is forbidden: no PriorityClass with name nope was found', True),
        ('Internal error occurred: failed calling webhook "w": connection refused', False),
    ],
)
def test_why_there_are_no_pods_is_told_where_it_may_change(message: str, may_pass: bool) -> None:
    condition = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message}
    told = workloads.Trouble(f"FailedCreate: {message}", may_pass)
    assert workloads.not_made(workload(conditions=[condition]), []) == told
    uid = workload()["metadata"]["uid"]
    older = {"message": "older", "lastTimestamp": "2026-01-01T00:00:00Z", "involvedObject": {"uid": uid}}
    event = {"message": message, "lastTimestamp": "2026-01-01T00:00:09Z", "involvedObject": {"uid": uid}}
    others = {"message": "others", "lastTimestamp": "2026-01-01T00:00:30Z", "involvedObject": {"uid": "other"}}
    assert workloads.not_made(workload(), [event, older, others]) == told
    assert workloads.not_made(workload(), [others]) == workloads.Trouble()


def test_what_was_said_before_a_change_is_of_no_matter_after_it() -> None:
    message = 'pods "a-1" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi'
    failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message}
    late = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "too slow"}
    found = workload(conditions=[failure], observedGeneration=2)
    found["metadata"]["generation"] = 2
    assert message in workloads.given_up(found)
    # The Deployment still says it while the ReplicaSet of before is there, which the new one takes the place of
    assert workloads.given_up(found, {"metadata": {"uid": "new"}, "status": {}}) == ""
    assert workloads.not_made(found, [], {"metadata": {"uid": "new"}, "status": {}}) == workloads.Trouble()
    unseen = workload(conditions=[failure, late], observedGeneration=1)
    unseen["metadata"]["generation"] = 2
    assert workloads.given_up(unseen) == ""
    assert workloads.not_made(unseen, []) == workloads.Trouble()
    changed = workload()
    changed["metadata"]["managedFields"] = [
        {"time": "2026-01-01T00:00:10Z"},
        {"time": "2026-01-01T00:00:30Z", "subresource": "status"},
    ]
    event = {"message": message, "involvedObject": {"uid": changed["metadata"]["uid"]}}
    before, after = ({**event, "lastTimestamp": f"2026-01-01T00:00:{second}Z"} for second in ("09", "11"))
    assert workloads.rejected([before], changed) == ""
    assert workloads.not_made(changed, [before]) == workloads.Trouble()
    assert message in workloads.rejected([after], changed)
