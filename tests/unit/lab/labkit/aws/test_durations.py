# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a stack operation takes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from labkit.aws.durations import PROFILES, Durations, Timeline, reverse


def test_without_a_file_it_is_quick(tmp_path: Path) -> None:
    durations = Durations(tmp_path / "durations.json")
    assert durations.seconds("AWS::EC2::VPNConnection", "create") == PROFILES["quick"]["AWS::EC2::VPNConnection"][0]
    assert durations.seconds("AWS::Some::Other", "delete") == PROFILES["quick"]["*"][1]


def test_a_change_of_the_file_counts_at_once(tmp_path: Path) -> None:
    durations = Durations(tmp_path / "durations.json")
    durations.file.write_text(json.dumps({"profile": "instant"}))
    assert durations.seconds("AWS::EKS::Cluster", "create") == 0
    types = {"AWS::EKS::Cluster": {"create": 7}}
    durations.file.write_text(json.dumps({"profile": "aws", "types": types}))
    assert durations.seconds("AWS::EKS::Cluster", "create") == 7
    assert durations.seconds("AWS::EKS::Cluster", "update") == 7
    assert durations.seconds("AWS::EKS::Cluster", "delete") == PROFILES["aws"]["AWS::EKS::Cluster"][1]
    durations.file.write_text(json.dumps({"profile": "aws", "scale": 0.1, "types": types}))
    assert durations.seconds("AWS::EKS::Cluster", "create") == 7
    assert durations.seconds("AWS::EKS::Cluster", "delete") == PROFILES["aws"]["AWS::EKS::Cluster"][1] / 10


def test_a_node_group_gets_a_new_size_sooner_than_a_new_one_is_made(tmp_path: Path) -> None:
    durations = Durations(tmp_path / "durations.json")
    durations.file.write_text(json.dumps({"profile": "aws", "scale": 0.1}))
    assert durations.seconds("AWS::EKS::Nodegroup", "update") == 9
    assert durations.seconds("AWS::EKS::Nodegroup", "create") == 15
    assert durations.seconds("AWS::EC2::VPC", "update") == durations.seconds("AWS::EC2::VPC", "create")
    types = {"AWS::EKS::Nodegroup": {"create": 240, "update": 20}}
    durations.file.write_text(json.dumps({"types": types}))
    assert durations.seconds("AWS::EKS::Nodegroup", "update") == 20


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"profile": "none"}', '{"types": {"AWS::EC2::VPC": {"create": "x"}}}', '{"scale": "x"}']
)
def test_a_file_that_makes_no_sense_breaks_no_stack(tmp_path: Path, content: str) -> None:
    durations = Durations(tmp_path / "durations.json")
    durations.file.write_text(content)
    assert durations.seconds("AWS::EC2::VPC", "create") == PROFILES["quick"]["AWS::EC2::VPC"][0]


def test_what_needs_nothing_of_one_another_takes_no_longer_than_the_longest() -> None:
    timeline = Timeline(100.0, {"Vpc": set(), "Gateway": {"Vpc"}, "Vpn": {"Gateway"}, "Cluster": {"Vpc"}})
    assert timeline.end("Vpc", 10) == 110
    assert timeline.end("Gateway", 20) == 130
    assert timeline.end("Vpn", 40) == 170
    assert timeline.begin("Cluster") == 110
    assert timeline.end("Cluster", 90) == 200


def test_a_deletion_waits_for_those_that_need_it() -> None:
    timeline = Timeline(0.0, reverse({"Vpc": set(), "Vpn": {"Vpc"}, "Cluster": {"Vpc"}}))
    assert timeline.end("Cluster", 30) == 30
    assert timeline.end("Vpn", 5) == 5
    assert timeline.end("Vpc", 1) == 31
