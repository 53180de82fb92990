# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests of the lab's virtual environments."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from labkit import settings
from labkit.build import venvs


def test_pip_configuration_is_told_to_uv() -> None:
    config = "global.cert='/etc/ssl/x.pem'\nglobal.index-url='https://pypi.example/simple'\nglobal.timeout='60'\n"
    assert venvs.uv_settings(config, {}) == {
        "SSL_CERT_FILE": "/etc/ssl/x.pem",
        "UV_DEFAULT_INDEX": "https://pypi.example/simple",
    }


def test_what_the_user_told_uv_stays() -> None:
    assert venvs.uv_settings("global.index-url='https://a.example'\n", {"UV_DEFAULT_INDEX": "https://b.example"}) == {}


@pytest.mark.parametrize("name", ["lab", "tools", "core-latest"])
def test_requirements_are_pinned(name: str) -> None:
    for row in (venvs.REQUIREMENTS / f"{name}.txt").read_text().splitlines():
        assert row.startswith("#") or re.fullmatch(r"[\w.-]+==[\w.]+", row), row


@pytest.mark.parametrize("name", ["lab", "tools", "core-latest"])
def test_what_is_asked_for_is_pinned(name: str) -> None:
    def names(suffix: str) -> set[str]:
        rows = (venvs.REQUIREMENTS / f"{name}.{suffix}").read_text().splitlines()
        return {re.split(r"[=<>]", row)[0].lower() for row in rows if row and not row.startswith("#")}

    assert names("in") <= names("txt")


def test_newer_python_is_the_newest_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    assert venvs.newer_python() is None
    for version in ("3.11.7", "3.12.1", "3.13.0", "3.13.2"):
        path = tmp_path / "versions" / version / "bin" / f"python{version.rpartition('.')[0]}"
        path.parent.mkdir(parents=True)
        path.touch()
    found = venvs.newer_python()
    assert found is not None
    assert found[1] == "3.13.2"


def test_an_environment_moves_with_its_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "CACHE", tmp_path)
    python = Path("/usr/bin/python3.11")
    assert venvs.path_of("lab", (python, "3.11.2")) != venvs.path_of("lab", (python, "3.11.9"))
    assert venvs.path_of("lab", (python, "3.11.2")) == venvs.path_of("lab", (python, "3.11.2"))
