# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import textwrap
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]


def test_the_documentation_has_the_roles_policy_word_for_word() -> None:
    page = (CHECKOUT / "docs" / "docsite" / "rst" / "iam_policy.rst").read_text()
    shown = textwrap.dedent(page.split(".. code-block:: json\n\n", 1)[1])
    assert shown == (CHECKOUT / "roles" / "eks_stack" / "files" / "iam-policy.json").read_text()
