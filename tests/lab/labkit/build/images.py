# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Container images without a container engine: docker-archive tars, the same bytes for the same content.

Format: the `docker save` one, manifest.json with one config and one layer each
(https://github.com/moby/docker-image-spec/blob/main/v1.2.md#combined-image-json--filesystem-changeset-format).
"""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import io
import json
import platform
import tarfile
import typing as t
from pathlib import Path

from labkit import settings
from labkit.build import cache, debian

HTTPBIN = "docker.io/kennethreitz/httpbin:latest"
KUBEFED = "quay.io/kubernetes-multicluster/kubefed:v0.10.0"
PYTHON = "docker.io/library/python:3-slim"  # of the keeper of endpoints: any Python 3
TRAEFIK = "docker.io/library/traefik:v3.6.12"  # the version that tests/lab/go/traefik has
KUBECTL = "docker.io/bitnamilegacy/kubectl:1.17.16"  # of KubeFed's post-install job: bash and kubectl

_PAUSE_C = """\
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void down(int number) { (void)number; _exit(0); }
static void reap(int number) { (void)number; while (waitpid(-1, NULL, WNOHANG) > 0) ; }

int main(void)
{
    signal(SIGTERM, down);
    signal(SIGINT, down);
    signal(SIGCHLD, reap);
    for (;;)
        pause();
}
"""


@dataclasses.dataclass(frozen=True)
class Link:
    """A symbolic link in an image."""

    target: str


@dataclasses.dataclass(frozen=True)
class Image:
    """The content of an image: either files by their paths, or an existing layer as a tar."""

    reference: str
    config: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    files: t.Mapping[str, Path | Link] = dataclasses.field(default_factory=dict)
    layer: Path | None = None

    @property
    def name(self) -> str:
        """The last part of the reference's path, for people and file names."""
        return self.reference.rpartition("/")[2].partition(":")[0]

    def path(self) -> Path:
        """Where its archive is; sources lie in the cache under their own keys, or are the machine's own files."""
        sources = [f"{path} {_identity(source)}" for path, source in sorted(self.files.items())]
        config = json.dumps(self.config, sort_keys=True)
        layer = _identity(self.layer) if self.layer else ""
        return cache.path_of("images", self.name, cache.key(self.reference, config, sources, layer), ".tar")


def _identity(source: Path | Link) -> str:
    if isinstance(source, Link):
        return f"-> {source.target}"
    # The key in its name determines its content before it is built.
    if settings.CACHE in source.parents:
        return str(source.relative_to(settings.CACHE))
    status = source.stat()
    return f"{source} {status.st_size} {status.st_mtime_ns}"


def _entry(tar: tarfile.TarFile, name: str, data: bytes | None = None, link: str = "") -> None:
    info = tarfile.TarInfo(name)
    if data is not None:
        info.size, info.mode = len(data), 0o755
    elif link:
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, link, 0o777
    else:
        info.type, info.mode = tarfile.DIRTYPE, 0o755
    tar.addfile(info, None if data is None else io.BytesIO(data))


def write_layer(files: t.Mapping[str, Path | Link], target: Path) -> None:
    """Writes a layer: sorted, with the directories above each file, owned by root, mode 0755, without times."""
    directories = {str(parent) for path in files for parent in Path(path).parents if str(parent) != "."}
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted({*directories, *files}):
            source = files.get(name)
            if source is None:
                _entry(tar, name)
            elif isinstance(source, Link):
                _entry(tar, name, link=source.target)
            else:
                _entry(tar, name, source.read_bytes())


def _compress(source: Path, target: Path) -> str:
    """Writes `source` compressed and returns the digest of what it was."""
    digest = hashlib.sha256()
    with (
        source.open("rb") as plain,
        target.open("wb") as out,
        gzip.GzipFile(filename="", fileobj=out, mode="wb", compresslevel=6, mtime=0) as packed,
    ):
        while block := plain.read(1 << 20):
            digest.update(block)
            packed.write(block)
    return digest.hexdigest()


def write_archive(reference: str, config: t.Mapping[str, t.Any], layer: Path, target: Path) -> None:
    """Writes a docker-archive with one layer, compressed, for whoever pushes it would have to do that each time."""
    packed = target.with_name(f"{target.name}.layer")
    digest = _compress(layer, packed)
    blob = json.dumps(
        {
            "architecture": {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine()),
            "os": "linux",
            "created": "1970-01-01T00:00:00Z",
            "config": dict(config),
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
            "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "cloudburst.federation lab"}],
        },
        sort_keys=True,
    ).encode()
    name = f"{hashlib.sha256(blob).hexdigest()}.json"
    manifest = [{"Config": name, "RepoTags": [reference], "Layers": [f"{digest}/layer.tar"]}]
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as tar:
        _entry(tar, name, blob)
        info = tarfile.TarInfo(f"{digest}/layer.tar")
        info.size, info.mode = packed.stat().st_size, 0o644
        with packed.open("rb") as file:
            tar.addfile(info, file)
        _entry(tar, "manifest.json", json.dumps(manifest).encode())


def pause_path() -> Path:
    """Where the built pause program is."""
    return cache.path_of("programs", "pause", cache.key(_PAUSE_C))


def build_pause(log: Path) -> None:
    """Builds the program that holds a pod's namespaces: it reaps what is left to it and ends when told to."""
    path = pause_path()
    with cache.locked(path):
        if path.exists():
            return
        with cache.making(path) as directory:
            (directory / "pause.c").write_text(_PAUSE_C)
            command: list[str | Path] = [
                "gcc",
                "-static",
                "-Os",
                "-s",
                "-Wall",
                "-o",
                directory / "new",
                directory / "pause.c",
            ]
            cache.run(command, log=log)


def all_images(programs: t.Mapping[str, Path]) -> tuple[Image, ...]:
    """The images of the lab; `programs` are the built ones, by name."""
    kubefed = "hyperfed/hyperfed"
    return (
        Image(settings.PAUSE_IMAGE, {"Entrypoint": ["/pause"]}, {"pause": pause_path()}),
        Image(
            KUBEFED,
            {"WorkingDir": "/hyperfed", "Entrypoint": ["/hyperfed/controller-manager"]},
            {
                kubefed: programs["hyperfed"],
                "hyperfed/controller-manager": Link("hyperfed"),
                "hyperfed/webhook": Link("hyperfed"),
                "hyperfed/kubefedctl": Link("hyperfed"),
            },
        ),
        Image(
            KUBECTL,
            {"Env": ["PATH=/bin"], "Entrypoint": ["kubectl"], "Cmd": ["--help"]},
            {"bin/kubectl": programs["kubectl"], "bin/bash": Path("/bin/bash-static"), "bin/sh": Link("bash")},
        ),
        Image(settings.COREDNS_IMAGE, {"Entrypoint": ["/coredns"]}, {"coredns": programs["coredns"]}),
        Image(
            HTTPBIN,
            {
                "Env": ["PATH=/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE=1"],
                "Cmd": ["/usr/bin/python3", "-m", "gunicorn", "--bind=0.0.0.0:80", "--worker-tmp-dir=/dev/shm",
                        "--access-logfile=-", "httpbin:app"],
                "ExposedPorts": {"80/tcp": {}},
            },
            layer=debian.httpbin_path(),
        ),
        # The same files, so that they are neither built nor kept twice
        Image(PYTHON, {"Env": ["PATH=/usr/bin:/bin"], "Cmd": ["python3"]}, layer=debian.httpbin_path()),
    )  # fmt: skip


def traefik(program: Path) -> Image:
    """The image of an Ingress controller; `program` is the built one."""
    return Image(TRAEFIK, {"Entrypoint": ["/traefik"]}, {"traefik": program})


def build(image: Image, _log: Path) -> None:
    """Writes the archive of an image, unless another process just did."""
    path = image.path()
    with cache.locked(path):
        if path.exists():
            return
        with cache.making(path) as directory:
            layer = image.layer
            if layer is None:
                layer = directory / "layer.tar"
                write_layer(image.files, layer)
            write_archive(image.reference, image.config, layer, directory / "new")
