# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each threshold, a second or a thousandth of a core before it and at it."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._capacity.amounts import Amount
from ansible_collections.cloudburst.federation.plugins.module_utils._capacity.autoscalers import Limited
from ansible_collections.cloudburst.federation.plugins.module_utils._capacity.judgement import (
    Burst,
    Limits,
    Seen,
    Verdict,
    judge,
    needed,
    needs,
    summary,
)
from ansible_collections.cloudburst.federation.plugins.module_utils._capacity.memory import Memory
from ansible_collections.cloudburst.federation.plugins.module_utils._capacity.nodes import Nodes
from ansible_collections.cloudburst.federation.plugins.module_utils._capacity.packing import Load, Room
from ansible_collections.cloudburst.federation.plugins.module_utils._capacity.pods import WaitingPod

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
LIMITS = Limits()
WHOLE = Amount(1000, 1000, 10)
UP = Burst(member=True, ready=True, since=NOW - timedelta(days=1), loads=())


def ago(seconds: int) -> datetime:
    return NOW - timedelta(seconds=seconds)


def pod(seconds: int, hindrance: str = "") -> WaitingPod:
    return WaitingPod(Load("shop/web", Amount(100, 0, 1)), ("cpu",), ago(seconds), hindrance)


def limited(seconds: int) -> Limited:
    return Limited("shop", "web", ("apps/v1", "Deployment", "web"), 4, 2, ago(seconds))


def seen(
    pods: t.Sequence[WaitingPod] = (),
    autoscalers: t.Sequence[Limited] = (),
    *,
    used: int = 0,
    burst: Burst | None = None,
    free: int = 1000,
) -> Seen:
    nodes = Nodes(1, WHOLE, Amount(used, 0, 0), [Room("earth", WHOLE._replace(cpu=1000 - used))])
    home = Nodes(1, WHOLE, Amount(used, 0, 0), [Room("earth", WHOLE._replace(cpu=free))])
    return Seen(pods, autoscalers, nodes, home, burst or Burst())


def judged(what: Seen, memory: Memory | None = None, **limits: t.Any) -> Verdict:
    return judge(NOW, what, memory or Memory(), LIMITS._replace(**limits))


@pytest.mark.parametrize(("seconds", "action"), [(119, "none"), (120, "up")])
def test_a_pod_counts_once_it_has_waited_for_long_enough(seconds: int, action: str) -> None:
    verdict = judged(seen([pod(seconds)]))
    assert (verdict.action, verdict.pressure) == (action, action == "up")


def test_a_pod_that_no_burst_helps_never_counts() -> None:
    verdict = judged(seen([pod(9999, "its volume stays")]))
    assert (verdict.action, verdict.pressure, needed(seen([pod(9999, "its volume stays")]))) == ("none", False, [])


@pytest.mark.parametrize(("seconds", "action"), [(179, "none"), (180, "up")])
def test_an_autoscaler_counts_once_it_has_been_held_for_long_enough(seconds: int, action: str) -> None:
    assert judged(seen(autoscalers=[limited(seconds)])).action == action


@pytest.mark.parametrize(("signals", "action"), [(["autoscalers"], "none"), (["pods"], "up")])
def test_only_the_chosen_signals_count(signals: list[str], action: str) -> None:
    assert judged(seen([pod(9999)]), signals=signals).action == action


@pytest.mark.parametrize(("used", "since"), [(899, None), (900, NOW)])
def test_nodes_are_full_from_a_share_on(used: int, since: datetime | None) -> None:
    assert judged(seen(used=used)).memory.full_since == since


@pytest.mark.parametrize(("seconds", "action"), [(599, "none"), (600, "up")])
def test_full_nodes_count_once_they_have_been_so_for_long_enough(seconds: int, action: str) -> None:
    verdict = judged(seen(used=900), Memory(full_since=ago(seconds)), signals=["nodes"])
    assert verdict.action == action
    assert verdict.memory.full_since == ago(seconds)


def test_full_nodes_are_not_counted_by_themselves() -> None:
    assert judged(seen(used=1000), Memory(full_since=ago(9999))).action == "none"


def test_nodes_that_have_room_again_are_full_anew_later() -> None:
    assert judged(seen(used=100), Memory(full_since=ago(9999))).memory.full_since is None


def loads(cpu: int) -> Burst:
    return UP._replace(loads=[Load("shop/web", Amount(cpu, 0, 1))])


@pytest.mark.parametrize(("cpu", "fits"), [(851, False), (850, True)])
def test_what_runs_in_the_burst_has_to_fit_at_home_with_the_margin(cpu: int, fits: bool) -> None:
    verdict = judged(seen(burst=loads(cpu), free=850))
    assert (verdict.fits_at_home, verdict.memory.idle_since) == (fits, NOW if fits else None)


@pytest.mark.parametrize(("seconds", "action"), [(1799, "none"), (1800, "down")])
def test_a_burst_ends_once_it_has_been_dispensable_for_long_enough(seconds: int, action: str) -> None:
    verdict = judged(seen(burst=loads(100)), Memory(idle_since=ago(seconds)))
    assert (verdict.action, verdict.idle) == (action, action == "down")


@pytest.mark.parametrize(("seconds", "action"), [(3599, "none"), (3600, "down")])
def test_a_burst_lasts_for_a_while_at_least(seconds: int, action: str) -> None:
    burst = loads(100)._replace(since=ago(seconds))
    assert judged(seen(burst=burst), Memory(idle_since=ago(9999))).action == action


@pytest.mark.parametrize(
    "burst",
    # One that is parked is not counted as a member
    [UP, UP._replace(loads=None), UP._replace(ready=False, loads=None), Burst()],
)
def test_a_burst_whose_lease_is_over_ends_whether_it_is_needed_or_not(burst: Burst) -> None:
    """Also one that nobody was watching when it began."""
    over = burst._replace(lease_end=ago(0))
    for what in (seen(burst=over), seen([pod(9999)], burst=over)):
        assert judged(what).action == "down"
        # Once at a time
        assert judged(what, Memory(down_begun=ago(899))).action == "none"
        assert judged(what, Memory(down_begun=ago(900))).action == "down"
        assert judged(what._replace(burst=over._replace(under_way=True))).action == "none"
    assert judged(seen(burst=burst._replace(lease_end=ago(-1)))).action == "none"


@pytest.mark.parametrize(
    "what",
    [
        seen([pod(1)], burst=loads(100)),
        seen(autoscalers=[limited(1)], burst=loads(100)),
        seen(burst=loads(100), free=50),
        seen(burst=UP._replace(loads=None)),
    ],
)
def test_a_burst_that_is_needed_or_unknown_is_not_idle(what: Seen) -> None:
    verdict = judged(what, Memory(idle_since=ago(9999)))
    assert (verdict.action, verdict.idle, verdict.memory.idle_since) == ("none", False, None)


def test_without_a_burst_nothing_is_idle() -> None:
    assert judged(seen(), Memory(idle_since=ago(9999))).memory.idle_since is None


def test_a_burst_that_was_begun_and_never_became_a_member_ends_too() -> None:
    """Its stack may be there, and cost money."""
    memory = Memory(up_begun=ago(7200), idle_since=ago(1800))
    assert judged(seen(), memory).action == "down"
    assert judged(seen(), memory._replace(down_ended=ago(900))).action == "none"


@pytest.mark.parametrize(("seconds", "action"), [(3599, "none"), (3600, "down")])
def test_one_that_never_became_a_member_is_as_old_as_its_beginning(seconds: int, action: str) -> None:
    assert judged(seen(), Memory(up_begun=ago(seconds), idle_since=ago(1800))).action == action


@pytest.mark.parametrize(("seconds", "action"), [(899, "none"), (900, "up")])
def test_an_attempt_is_not_repeated_at_once(seconds: int, action: str) -> None:
    assert judged(seen([pod(9999)]), Memory(up_begun=ago(seconds))).action == action


@pytest.mark.parametrize(("seconds", "action"), [(899, "none"), (900, "down")])
def test_an_end_is_not_repeated_at_once(seconds: int, action: str) -> None:
    memory = Memory(idle_since=ago(9999), down_begun=ago(seconds))
    assert judged(seen(burst=loads(100)), memory).action == action


@pytest.mark.parametrize(("seconds", "action"), [(899, "none"), (900, "up")])
def test_a_burst_does_not_begin_right_after_one_has_ended(seconds: int, action: str) -> None:
    assert judged(seen([pod(9999)]), Memory(down_ended=ago(seconds))).action == action


@pytest.mark.parametrize(("seconds", "action"), [(899, "none"), (900, "up")])
def test_an_attempt_that_has_failed_is_not_repeated_at_once(seconds: int, action: str) -> None:
    """Counted from its end, when it was last seen working."""
    assert judged(seen([pod(9999)]), Memory(up_begun=ago(7200), worked=ago(seconds))).action == action
    assert judged(seen(burst=Burst(under_way=True))).memory.worked == NOW


def test_nothing_is_started_while_a_playbook_works() -> None:
    assert judged(seen([pod(9999)], burst=Burst(under_way=True))).action == "none"
    busy = loads(100)._replace(under_way=True)
    assert judged(seen(burst=busy), Memory(idle_since=ago(9999))).action == "none"


@pytest.mark.parametrize(("nodes", "action"), [(2, "grow"), (3, "none"), (4, "none")])
def test_a_burst_with_as_many_nodes_as_it_may_have_does_not_grow(nodes: int, action: str) -> None:
    """A run of burst_up every quarter of an hour would change nothing."""
    what = seen([pod(9999)], burst=UP._replace(nodes=nodes))
    verdict = judged(what, grows=True, node_max=3)
    assert (verdict.action, verdict.pressure) == (action, True)
    assert judged(what, grows=True).action == "grow"
    if action == "none":
        assert f"the burst has {nodes} nodes, and may not have more" in verdict.why
    # It begins all the same
    assert judged(seen([pod(9999)]), grows=True, node_max=3).action == "up"


def test_a_burst_that_is_up_grows_only_if_it_can() -> None:
    what = seen([pod(9999)], burst=UP)
    assert judged(what).action == "none"
    assert judged(what, grows=True).action == "grow"
    assert judged(what, Memory(up_begun=ago(899)), grows=True).action == "none"


def test_a_burst_whose_cluster_is_not_ready_is_begun_again() -> None:
    assert judged(seen([pod(9999)], burst=UP._replace(ready=False))).action == "up"


def test_what_is_begun_is_remembered() -> None:
    assert judged(seen([pod(9999)])).memory.up_begun == NOW
    assert judged(seen([pod(9999)], burst=UP), grows=True).memory.up_begun == NOW
    assert judged(seen(burst=loads(1)), Memory(idle_since=ago(9999))).memory.down_begun == NOW
    assert judged(seen()).memory == Memory()


def test_one_look_after_the_other_begins_a_burst_once() -> None:
    """Whoever looks next reads what the first has written."""
    first = judged(seen([pod(9999)]))
    assert (first.action, judged(seen([pod(9999)]), first.memory).action) == ("up", "none")


def test_replicas_that_are_tried_in_both_clusters_are_needed_once() -> None:
    """KubeFed gives those that find no node in the burst yet to the data centre as well."""
    home, away = pod(100)._replace(owner="shop/web-1"), pod(100)._replace(owner="shop/web-1", away=True)
    other = pod(100)._replace(owner="shop/other-1", away=True)

    def count(*pods: WaitingPod) -> int:
        return sum(need["count"] for need in needs(seen(pods, burst=UP)))

    assert count(home, home, away, away, away) == 3
    assert count(home, home, home, away) == 3
    assert count(home, away, other) == 2
    # Of those without an owner, nothing is known
    assert count(pod(100), pod(100)._replace(away=True)) == 2
    assert summary(NOW, seen([home, away]), judged(seen([home, away])))["waiting"]["pods"] == 2


def test_all_of_it_is_told() -> None:
    what = seen([pod(130), pod(10), pod(500, "its volume stays")], [limited(200)], used=500, burst=loads(100))
    told = summary(NOW, what, judged(what))
    assert told["waiting"] == {"pods": 2, "longest": 130, "lacking": {"cpu": 2}, "names": ["shop/web", "shop/web"]}
    assert told["not_counted"] == [{"pod": "shop/web", "why": "its volume stays"}]
    assert told["autoscalers"][0]["seconds"] == 200
    assert told["nodes"]["free"]["cpu"] == 0.5
    assert told["burst"] == {"member": True, "ready": True, "under_way": False, "pods": 1, "nodes": 0}
    assert told["needs"] == [{"cpu": 0.1, "memory_mib": 0, "alone": "", "count": 3}]
    assert told["why"].startswith("1 pod waiting for cpu, up to 130 s; 1 autoscaler at the maximum")
