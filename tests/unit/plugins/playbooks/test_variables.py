# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the playbooks say to a value that no part of them knows, run by Ansible with nothing but a controller."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[4]


@pytest.mark.parametrize(
    ("playbook", "given", "said"),
    [
        ("burst_up", "burst_extension=gcp", "burst_extension: 'gcp' cannot be used; it must be eks or existing"),
        ("burst_down", "burst_link=wireguard", "burst_link: 'wireguard' cannot be used; it must be strongswan"),
        ("burst_status", "burst_extension=gcp", "burst_extension: 'gcp' cannot be used; it must be eks or existing"),
        ("burst_watch", "burst_link=wireguard", "burst_link: 'wireguard' cannot be used; it must be strongswan"),
    ],
)
def test_a_variable_is_named_as_the_user_knows_it(tmp_path: Path, playbook: str, given: str, said: str) -> None:
    """Not as the role's own, which Ansible would name where it validates the role's arguments itself."""
    place = tmp_path / "ansible_collections" / "cloudburst"
    place.mkdir(parents=True)
    (place / "federation").symlink_to(CHECKOUT)
    (tmp_path / "hosts").write_text("[burst_controller]\nlocalhost ansible_connection=local\n")
    done = subprocess.run(
        [
            Path(sys.executable).with_name("ansible-playbook"),
            *("-i", str(tmp_path / "hosts"), str(CHECKOUT / "playbooks" / f"{playbook}.yml"), "-e", given),
        ],
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": f"{tmp_path}:{os.environ.get('ANSIBLE_COLLECTIONS_PATH', '')}",
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "ANSIBLE_HOME": str(tmp_path),
            "NO_COLOR": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    output = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0
    assert said in output
    assert "burst_check_extension" not in output
    assert "burst_check_link" not in output
