# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._burst.plan import name_problems, plan_problems

TOKEN = "kubernetes.io/service-account-token"
DEPLOYMENT = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "http"}}

PLAN: dict[str, t.Any] = {
    "name": "vulcan",
    "host_name": "earth",
    "extension": "eks",
    "remote_networks": [],
    "region": "eu-central-1",
    "zones": ["eu-central-1a", "eu-central-1b"],
    "vpc_cidr": "10.11.0.0/16",
    "service_cidr": "10.5.0.0/24",
    "local_networks": ["10.10.0.0/24", "10.10.128.0/24"],
    "local_service_cidr": "10.4.0.0/24",
    "link": "strongswan",
    "firewall_address": "203.0.113.10",
    "ports": [{"from": 80, "to": 80}, {"from": 30000, "to": 32767}],
    "node_egress": "nat",
    "kubefed_namespace": "kube-federation-system",
    "members": [],
    "openshift": [],
    "traffic": [],
    "edge_hosts": [],
    "apps": [{"namespace": "fedtestns", "placement": ["earth", "vulcan"], "resources": [DEPLOYMENT]}],
}


def app(**changes: t.Any) -> list[dict[str, t.Any]]:
    return [{**PLAN["apps"][0], **changes}]


def test_the_articles_burst_is_fine() -> None:
    assert plan_problems(PLAN) == []


@pytest.mark.parametrize("egress", ["nat", "endpoints"])
def test_a_vpc_that_somebody_attaches_needs_no_firewall(egress: str) -> None:
    given: dict[str, t.Any] = {"link": "none", "firewall_address": None, "node_egress": egress, "apps": []}
    assert plan_problems({**PLAN, **given}) == []


def test_a_security_group_may_be_full() -> None:
    ports = [{"from": port, "to": port} for port in range(80, 100)]
    assert plan_problems({**PLAN, "ports": ports}) == []
    # What is named twice is opened once
    assert plan_problems({**PLAN, "ports": ports * 2, "local_networks": PLAN["local_networks"] * 2}) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"vpc_cidr": "10.10.128.0/17"},
            "burst_vpc_cidr: '10.10.128.0/17' cannot be used; it overlaps burst_local_networks",
        ),
        ({"service_cidr": "10.11.4.0/24"}, "it overlaps burst_service_cidr 10.11.4.0/24"),
        ({"service_cidr": "10.4.0.0/24"}, "it overlaps burst_local_service_cidr"),
        ({"local_service_cidr": "10.10.128.0/20"}, "it overlaps burst_local_networks[1] 10.10.128.0/24"),
        ({"vpc_cidr": "10.11.0.1/16"}, "has host bits set"),
        ({"vpc_cidr": "10.8.0.0/15"}, "a prefix length from 16 to 24"),
        ({"vpc_cidr": "10.11.0.0"}, "it must be an IPv4 network"),
        ({"service_cidr": "100.64.0.0/24"}, "EKS takes prefix lengths 12 to 24 within 10.0.0.0/8"),
        ({"service_cidr": "10.5.0.0/25"}, "EKS takes prefix lengths 12 to 24"),
        ({"local_networks": []}, "burst_local_networks: [] cannot be used; list the data centre's networks"),
        (
            {"ports": [{"from": port, "to": port} for port in range(80, 101)]},
            "make 63 rules, and a security group of AWS holds 60",
        ),
        (
            {"ports": [], "local_networks": [f"10.10.{part}.0/24" for part in range(60)]},
            "one range of ports for the VPC and 60 burst_local_networks make 61 rules",
        ),
        ({"zones": ["eu-central-1a"]}, "at least two different zones"),
        ({"zones": ["eu-central-1a", "eu-central-1a"]}, "at least two different zones"),
        ({"zones": ["eu-central-1a", "eu-central-1b", "eu-central-1a"]}, "at least two different zones"),
        ({"zones": ["eu-central-1a", "eu-west-1b"]}, "burst_zones: 'eu-west-1b' cannot be used"),
        ({"firewall_address": "10.10.0.1"}, "and this one is in 10.0.0.0/8"),
        ({"firewall_address": None}, "it must be the public IPv4 address"),
        ({"link": "none", "node_egress": "datacenter"}, "nat or endpoints with burst_link none"),
        ({"name": "vulcan-lease", "apps": []}, "that of another burst's lease"),
        ({"name": "vulcan-iam-policy2", "apps": []}, "another burst's IAM policies"),
        ({"firewall_address": "fw.example.com"}, "it must be the public IPv4 address"),
        ({"ports": [{"from": 90, "to": 80}]}, "1 <= from <= to <= 65535"),
        ({"ports": [{"from": 0, "to": 80}]}, "1 <= from <= to <= 65535"),
        ({"ports": [{"from": 80, "to": 65536}]}, "1 <= from <= to <= 65535"),
        ({"apps": app(placement=["earth", "mars"])}, "'mars' cannot be used; the federation has no such cluster"),
        ({"apps": app(namespace="kube-system")}, "KubeFed never propagates"),
        ({"apps": app(namespace="kube-federation-system")}, "KubeFed never propagates"),
        ({"apps": app(namespace="Fed_ns")}, "it must be a DNS label"),
        ({"apps": app(resources=[{"kind": "Service"}])}, "apiVersion, metadata.name must be set"),
        ({"apps": app(resources=[{**DEPLOYMENT, "metadata": {"name": "a", "namespace": "b"}}])}, "leave it out"),
        (
            {"apps": app(resources=[{**DEPLOYMENT, "metadata": {"name": "a", "labels": {"v": 1}}}])},
            "resources[0]: 'Deployment a' cannot be used; metadata.labels.v is the number 1; it must be a string",
        ),
        ({"apps": app(resources=[{**DEPLOYMENT, "metadata": ["a"]}])}, "it must be a mapping with a name"),
        (
            {"apps": app(resources=[{"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "a"}, "type": TOKEN}])},
            "the token of a service account",
        ),
    ],
)
def test_what_can_not_work_is_rejected(changes: dict[str, t.Any], message: str) -> None:
    problems = plan_problems({**PLAN, **changes})
    assert len(problems) == 1
    assert message in str(problems[0])


ECR = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"


def cron_job(image: str) -> dict[str, t.Any]:
    pod = {
        "initContainers": [{"name": "wait", "image": image}],
        "ephemeralContainers": [{"name": "look", "image": f"{ECR}/look:1"}],
        "containers": [{"name": "work", "image": f"{ECR}/work:1"}],
        "volumes": [{"name": "model", "image": {"reference": f"{ECR}/model:1"}}],
    }
    template = {"spec": {"template": {"spec": pod}}}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "c"}, "spec": {"jobTemplate": template}}


@pytest.mark.parametrize(
    "image",
    [
        "httpbin",
        "docker.io/kennethreitz/httpbin",
        "public.ecr.aws/docker/library/httpd:2",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/httpbin",
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com.example.com/httpbin",
        "12345.dkr.ecr.eu-central-1.amazonaws.com/httpbin",
    ],
)
def test_an_image_that_end_points_do_not_lead_to(image: str) -> None:
    plan = {**PLAN, "apps": app(resources=[DEPLOYMENT, cron_job(image)])}
    assert plan_problems(plan) == []
    assert plan_problems({**plan, "node_egress": "datacenter"}) == []
    problems = plan_problems({**plan, "node_egress": "endpoints"})
    assert [(problem.variable, problem.value) for problem in problems] == [
        ("burst_apps[0].resources[1].spec.jobTemplate.spec.template.spec.initContainers[0].image", image)
    ]
    assert "name it as 123456789012.dkr.ecr.eu-central-1.amazonaws.com/repository:tag" in str(problems[0])


def test_images_that_end_points_lead_to() -> None:
    plan = {**PLAN, "node_egress": "endpoints"}
    assert plan_problems({**plan, "apps": app(resources=[cron_job(f"{ECR}/team/wait@sha256:0")])}) == []
    # What does not run there is pulled elsewhere.
    assert plan_problems({**plan, "apps": app(placement=["earth"], resources=[cron_job("httpbin")])}) == []


@pytest.mark.parametrize(
    ("region", "suffix"),
    [
        ("us-gov-west-1", "amazonaws.com"),
        ("cn-north-1", "amazonaws.com.cn"),
        ("eusc-de-east-1", "amazonaws.eu"),
        ("us-iso-east-1", "c2s.ic.gov"),
        ("us-isob-east-1", "sc2s.sgov.gov"),
        ("eu-isoe-west-1", "cloud.adc-e.uk"),
        ("us-isof-south-1", "csp.hci.ic.gov"),
    ],
)
def test_images_that_end_points_lead_to_in_each_partition(region: str, suffix: str) -> None:
    def problems(image: str) -> list[str]:
        pod = {"spec": {"containers": [{"name": "work", "image": image}]}}
        apps = app(resources=[{**DEPLOYMENT, "spec": {"template": pod}}])
        here = {"region": region, "zones": [f"{region}a", f"{region}b"], "node_egress": "endpoints"}
        return [str(problem) for problem in plan_problems({**PLAN, **here, "apps": apps})]

    registry = f"123456789012.dkr.ecr.{region}."
    assert problems(f"{registry}{suffix}/work:1") == []
    (problem,) = problems(f"{registry}amazonaws.org/work:1")
    assert f"name it as {registry}{suffix}/repository:tag" in problem


def test_an_image_as_a_volume_that_end_points_do_not_lead_to() -> None:
    made = cron_job(f"{ECR}/wait:1")
    made["spec"]["jobTemplate"]["spec"]["template"]["spec"]["volumes"][0]["image"]["reference"] = "quay.io/model:1"
    problems = plan_problems({**PLAN, "node_egress": "endpoints", "apps": app(resources=[made])})
    assert [problem.value for problem in problems] == ["quay.io/model:1"]


def test_an_image_of_an_ephemeral_container_that_end_points_do_not_lead_to() -> None:
    made = cron_job(f"{ECR}/wait:1")
    made["spec"]["jobTemplate"]["spec"]["template"]["spec"]["ephemeralContainers"][0]["image"] = "busybox"
    problems = plan_problems({**PLAN, "node_egress": "endpoints", "apps": app(resources=[made])})
    assert [problem.value for problem in problems] == ["busybox"]


def test_a_placement_may_name_a_further_member() -> None:
    assert plan_problems({**PLAN, "members": ["mars"], "apps": app(placement=["mars"])}) == []


def test_data_centre_networks_may_overlap_each_other() -> None:
    assert plan_problems({**PLAN, "local_networks": ["10.10.0.0/16", "10.10.128.0/24"]}) == []


@pytest.mark.parametrize("name", ["Vulcan", "vul_can", "vulcan-", "1vulcan", "vul.can", "", "v" * 64, "earth"])
def test_names_that_one_of_the_systems_rejects(name: str) -> None:
    assert [problem.variable for problem in name_problems(name, "earth")] == ["burst_name"]


def test_the_name_that_marks_the_public_subnet_is_no_clusters() -> None:
    plan = {**PLAN, "name": "none", "apps": []}
    assert [str(problem) for problem in plan_problems(plan)] == [
        "burst_name: 'none' cannot be used; any other name is allowed; the tag kubernetes.io/cluster/none keeps load"
        " balancers out of the public subnet, as that of a cluster that is not there"
    ]
    # A cluster of this name can be taken away
    assert name_problems("none", "earth") == []


def test_a_context_name_is_no_member_name() -> None:
    problems = name_problems("vulcan", "kubernetes-admin@kubernetes")
    assert [problem.variable for problem in problems] == ["burst_host_name"]


def existing(**changes: t.Any) -> list[str]:
    plan = {"name": "mars", "host_name": "earth", "extension": "existing", "members": [], "apps": [], "openshift": []}
    plan |= {"traffic": [], "edge_hosts": []}
    given = {"kubefed_namespace": PLAN["kubefed_namespace"], "local_networks": PLAN["local_networks"]}
    return [str(problem) for problem in plan_problems({**plan, **given, "remote_networks": [], **changes})]


def test_a_cluster_that_exists_needs_no_network_of_ours() -> None:
    assert existing() == existing(local_networks=[]) == existing(remote_networks=["10.30.0.0/24"]) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"remote_networks": ["10.10.0.0/16"]}, "burst_remote_networks[0]: '10.10.0.0/16' cannot be used; it overlaps"),
        ({"remote_networks": ["mars"]}, "burst_remote_networks[0]: 'mars' cannot be used; it must be an IPv4 network"),
        ({"remote_networks": ["10.30.0.0/24"], "local_networks": []}, "burst_local_networks: [] cannot be used"),
        ({"apps": app(placement=["vulcan"])}, "the federation has no such cluster; there are earth, mars"),
    ],
)
def test_what_can_not_work_with_a_cluster_that_exists(changes: dict[str, t.Any], message: str) -> None:
    assert message in existing(**changes)[0]


ACCOUNT: dict[str, t.Any] = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "shop"}}
PULLING = {**ACCOUNT, "imagePullSecrets": [{"name": "shop-dockercfg-x1y2z"}]}


@pytest.mark.parametrize(
    ("resource", "openshift", "said"),
    [
        (ACCOUNT, [], ""),
        (ACCOUNT, ["mars"], ""),
        (ACCOUNT, ["earth"], "it cannot be federated to earth: OpenShift adds a pull secret"),
        (PULLING, ["earth"], ""),
        (DEPLOYMENT, ["earth"], ""),
        (
            {**DEPLOYMENT, "apiVersion": "batch/v1", "kind": "Job", "spec": {"ttlSecondsAfterFinished": 0}},
            [],
            "it cannot be federated: ",
        ),
        (
            {
                **{"apiVersion": "v1", "kind": "Secret"},
                "metadata": {"name": "tls", "annotations": {"replicator.v1.mittwald.de/replicate-from": "shop/tls"}},
            },
            [],
            "it cannot be federated: for its annotation replicator.v1.mittwald.de/replicate-from",
        ),
    ],
)
def test_what_a_cluster_would_undo_is_known_before_there_is_one(
    resource: dict[str, t.Any], openshift: list[str], said: str
) -> None:
    plan = {**PLAN, "openshift": openshift, "apps": app(resources=[resource])}
    problems = [str(problem) for problem in plan_problems(plan)]
    assert len(problems) == bool(said), problems
    assert said in "".join(problems)
    assert plan_problems({**plan, "apps": app(resources=[resource], placement=["vulcan"])}) == [] or not openshift


@pytest.mark.parametrize("body", [{"metadata": {"name": "a", "annotations": ["x"]}}, {"spec": "x"}, {"spec": [1]}])
@pytest.mark.parametrize("kind", ["v1/Secret", "v1/PersistentVolumeClaim", "batch/v1/Job", "v1/ServiceAccount"])
def test_odd_shapes_end_in_no_traceback(kind: str, body: dict[str, t.Any]) -> None:
    version, _slash, name = kind.rpartition("/")
    resource = {"apiVersion": version, "kind": name, "metadata": {"name": "a"}, **body}
    plan_problems({**PLAN, "openshift": ["earth"], "apps": app(resources=[resource])})
