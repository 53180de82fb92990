# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.cloudburst.federation.plugins.module_utils._capacity.judgement import Limits
from ansible_collections.cloudburst.federation.plugins.module_utils._capacity.options import (
    demand_spec,
    read_limits,
    read_question,
)
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import InvalidOption


def options(**given: t.Any) -> dict[str, t.Any]:
    result = ArgumentSpecValidator(demand_spec()).validate({"name": "vulcan", **given})
    assert not result.error_messages
    return t.cast("dict[str, t.Any]", result.validated_parameters)


def test_defaults_are_those_of_the_judgement() -> None:
    assert read_limits(options()) == Limits(signals=["pods", "autoscalers"])
    assert read_question(options()).margin_percent == 15


def test_what_is_given_arrives() -> None:
    limits = read_limits(options(pending_seconds=5, idle_seconds="6", signals=["nodes"], growing=True))
    assert (limits.pending, limits.idle, limits.signals, limits.grows) == (5, 6, ["nodes"], True)
    question = read_question(options(node_labels={"tier": 1}, namespaces="shop,pay"))
    assert (question.labels, question.namespaces) == ({"tier": "1"}, ["shop", "pay"])


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"name": "a.b"}, "name is 'a.b'"),
        ({"namespaces": ["Shop"]}, "namespaces is 'Shop'"),
        ({"pending_seconds": -1}, "pending_seconds is -1"),
        ({"idle_margin_percent": 101}, "idle_margin_percent is 101"),
        ({"idle_margin_percent": -0.1}, "idle_margin_percent is -0.1"),
        ({"full_percent": -0.1}, "full_percent is -0.1"),
        ({"full_percent": 100.1}, "full_percent is 100.1"),
        ({"node_max": -1}, "node_max is -1"),
        ({"node_taints": [{"key": "a"}]}, "node_taints has"),
        ({"node_allocatable": {"cpu": "two"}}, "node_allocatable: 'two' is no quantity"),
        ({"node_allocatable": {"gpu": 1}}, "node_allocatable has 'gpu'; cpu and memory are allowed"),
    ],
)
def test_what_makes_no_sense_is_named(given: dict[str, t.Any], named: str) -> None:
    with pytest.raises(InvalidOption, match=named):
        params = options(**given)
        read_question(params)
        read_limits(params)


def test_zero_is_allowed() -> None:
    assert read_limits(options(pending_seconds=0, idle_margin_percent=0)).pending == 0
    read_limits(options(idle_margin_percent=100, full_percent=100))
