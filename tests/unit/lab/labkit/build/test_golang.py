# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests of how the lab builds Go programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit import settings
from labkit.build import golang, images


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("go version go1.26.8 linux/amd64", (1, 26, 8)),
        ("go version go1.27 linux/arm64", (1, 27, 0)),
        ("go version go1.28rc1 linux/amd64", (1, 28, 0)),
        ("go version devel go1.27-abcdef linux/amd64", (1, 27, 0)),
        ("go 1.25.0", (1, 25, 0)),
        ("go 1.24", (1, 24, 0)),
        ("", ()),
        ("sh: go: not found", ()),
    ],
)
def test_parse_version(text: str, version: tuple[int, ...]) -> None:
    assert golang.parse_version(text) == version


def test_no_version_is_older_than_any() -> None:
    assert golang.parse_version("") < golang.required_version()


def test_go_from_pypi_is_new_enough() -> None:
    _name, _equals, version = golang.GO_FROM_PYPI.partition("==")
    assert golang.parse_version(f"go {version}") >= golang.required_version()


def test_programs_say_the_version_that_the_lab_names() -> None:
    flags = golang.kubernetes_ldflags("1.35.4").split()
    assert "k8s.io/client-go/pkg/version.gitVersion=v1.35.4" in flags
    assert "k8s.io/component-base/version.gitMinor=35" in flags


def test_go_mod_has_the_versions_that_the_lab_names() -> None:
    required = (golang.MODULES / "kubernetes" / "go.mod").read_text().splitlines()
    assert f"\tk8s.io/kubernetes v{settings.KUBERNETES_VERSION} // indirect" in required
    required = (golang.MODULES / "coredns" / "go.mod").read_text().splitlines()
    version = settings.COREDNS_IMAGE.rpartition(":")[2]
    assert f"\tgithub.com/coredns/coredns {version} // indirect" in required
    required = (golang.MODULES / "traefik" / "go.mod").read_text().splitlines()
    version = images.TRAEFIK.rpartition(":")[2]
    assert f"\tgithub.com/traefik/traefik/v3 {version} // indirect" in required
    assert f"image: {images.TRAEFIK}\n" in (settings.LAB_DIR / "labkit" / "ingress.yml").read_text()


def test_each_program_is_a_tool_of_its_module_and_no_go_code_is_ours() -> None:
    for program in (*golang.PROGRAMS, golang.TRAEFIK):
        assert program.package in (program.directory / "go.mod").read_text()
        assert sorted(path.name for path in program.directory.iterdir()) == ["go.mod", "go.sum"]


def test_key_changes_with_whatever_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golang, "MODULES", tmp_path)
    (tmp_path / "helm").mkdir()
    for name in ("go.mod", "go.sum"):
        (tmp_path / "helm" / name).write_text("1")
    keys = [
        golang.Program("helm", "helm", "x").key("go1"),
        golang.Program("helm", "helm", "y").key("go1"),
        golang.Program("helm", "helm", "x", "-X a=b").key("go1"),
        golang.Program("helm", "helm", "x").key("go2"),
    ]
    (tmp_path / "helm" / "go.sum").write_text("2")
    keys.append(golang.Program("helm", "helm", "x").key("go1"))
    assert len(set(keys)) == len(keys)


def test_building_ignores_how_the_user_treats_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOFLAGS", "-buildvcs=false -mod=mod")
    environment = golang.Go(Path("/go"), "go1").environment
    assert environment["GOFLAGS"] == "-buildvcs=false -mod=readonly"
    assert environment["CGO_ENABLED"] == "0"
