# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import textwrap
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]


FILES = CHECKOUT / "roles" / "eks_stack" / "files"
NAMES = ("iam-policy.json", "iam-policy-leftovers.json")


def test_the_documentation_has_the_roles_policies_word_for_word() -> None:
    page = (CHECKOUT / "docs" / "docsite" / "rst" / "iam_policy.rst").read_text()
    blocks = [block.partition("\n\n")[2] for block in page.split(".. code-block:: json")[1:]]
    shown = [textwrap.dedent(block.partition("\n    }\n")[0]) + "\n}\n" for block in blocks]
    assert shown == [(FILES / name).read_text() for name in NAMES]


def test_nothing_left_is_removed_without_a_sign() -> None:
    """What changes something and is not CloudFormation's has a condition, or the burst's name in its resource."""
    policy = json.loads((FILES / "iam-policy-leftovers.json").read_text())
    for statement in policy["Statement"]:
        actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        if any(action.partition(":")[2].startswith(("Delete", "Revoke", "Terminate", "Tag")) for action in actions):
            assert "Condition" in statement or "/vulcan/" in statement["Resource"], statement["Sid"]
