# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from pathlib import Path

import pytest

MODULES = sorted(
    path
    for path in (Path(__file__).resolve().parents[5] / "plugins" / "modules").glob("*.py")
    if "kube_spec()" in path.read_text()
)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_that_gets_a_kubeconfig_masks_its_secrets(path: Path) -> None:
    main = path.read_text().partition("\ndef main()")[2]
    assert "QuietModule(" in main
    assert re.search(r"^    (prepare\(module\)|run_reading\(module, .+\))$", main, re.MULTILINE)
