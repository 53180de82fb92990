# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the collection declares to need is no less than what the collections need that it depends on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]


def bounds(path: Path) -> dict[str, tuple[int, ...]]:
    """The lower bound of each Python package in a file of requirements."""
    found = re.findall(r"^([\w-]+)>=([\d.]+)", path.read_text(), re.MULTILINE)
    return {name: tuple(map(int, version.split("."))) for name, version in found}


def test_aws_libraries_are_new_enough_for_amazon_aws() -> None:
    aws = pytest.importorskip("ansible_collections.amazon.aws")
    theirs = bounds(Path(next(iter(aws.__path__))) / "requirements.txt")
    ours = bounds(CHECKOUT / "meta" / "ee-requirements.txt")
    for name in ("boto3", "botocore"):
        assert ours[name] >= theirs[name]
