# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests of the lab's container images."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from labkit import settings
from labkit.build import images

LINK = images.Link("program")


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A file to put into an image."""
    path = tmp_path / "source"
    path.write_bytes(b"\x7fELF")
    return path


def archive(directory: Path, program: Path) -> Path:
    """Writes an image with one program and a link to it."""
    directory.mkdir()
    images.write_layer({"opt/b/program": program, "opt/b/again": LINK}, directory / "layer.tar")
    images.write_archive("docker.io/x/y:1", {"Cmd": ["/opt/b/program"]}, directory / "layer.tar", directory / "image")
    return directory / "image"


def test_the_same_content_is_the_same_bytes(tmp_path: Path, program: Path) -> None:
    first = archive(tmp_path / "1", program).read_bytes()
    os.utime(program, (1, 1))
    program.chmod(0o600)
    assert archive(tmp_path / "2", program).read_bytes() == first


def test_layer_has_directories_first_and_modes(tmp_path: Path, program: Path) -> None:
    images.write_layer({"z": LINK, "opt/b/program": program}, tmp_path / "layer.tar")
    with tarfile.open(tmp_path / "layer.tar") as tar:
        found = [(entry.name, entry.type, entry.mode, entry.uid, entry.mtime) for entry in tar]
    assert found == [
        ("opt", tarfile.DIRTYPE, 0o755, 0, 0),
        ("opt/b", tarfile.DIRTYPE, 0o755, 0, 0),
        ("opt/b/program", tarfile.REGTYPE, 0o755, 0, 0),
        ("z", tarfile.SYMTYPE, 0o777, 0, 0),
    ]


def test_archive_is_what_container_engines_import(tmp_path: Path, program: Path) -> None:
    with tarfile.open(archive(tmp_path / "1", program)) as tar:

        def read(name: str) -> bytes:
            file = tar.extractfile(name)
            assert file
            return file.read()

        (manifest,) = json.loads(read("manifest.json"))
        config = json.loads(read(manifest["Config"]))
        layer = gzip.decompress(read(manifest["Layers"][0]))
        assert manifest["RepoTags"] == ["docker.io/x/y:1"]
        assert manifest["Config"] == hashlib.sha256(read(manifest["Config"])).hexdigest() + ".json"
        assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(layer).hexdigest()}"]
        assert config["config"] == {"Cmd": ["/opt/b/program"]}
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        assert tar.getnames() == ["opt", "opt/b", "opt/b/again", "opt/b/program"]


def test_place_changes_with_configuration_and_content(program: Path) -> None:
    places = {
        images.Image("a/b:1", {}, {"x": program}).path(),
        images.Image("a/b:2", {}, {"x": program}).path(),
        images.Image("a/b:1", {"Cmd": []}, {"x": program}).path(),
        images.Image("a/b:1", {}, {"y": program}).path(),
        images.Image("a/b:1", {}, {"x": LINK}).path(),
        images.Image("a/b:1", layer=program).path(),
    }
    program.write_text("changed")
    places.add(images.Image("a/b:1", {}, {"x": program}).path())
    assert len(places) == 7


def test_images_do_not_wait_for_their_programs_to_have_a_place() -> None:
    programs = {name: settings.CACHE / "programs" / f"{name}-1" for name in ("hyperfed", "kubectl", "coredns")}
    for image in images.all_images(programs):
        if image.name != "kubectl":  # has a file of the machine in it
            assert image.path().suffix == ".tar"


def test_name_of_an_image() -> None:
    assert images.Image("registry.k8s.io/coredns/coredns:v1.15.0").name == "coredns"
    assert images.Image("localhost:5000/x").name == "x"
