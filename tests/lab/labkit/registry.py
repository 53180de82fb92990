# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's image registry: crane's own at 192.0.2.20:5000, plain HTTP, which containerd uses for every registry.

For ECR, it is the one at 192.0.2.21: the same, which a VPC's end points lead to.

Layers are kept in the cache, compressed once. Manifests live in the server's memory only, so they are kept there too,
and the program puts them back whenever it starts.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from labkit import artifacts, namespaces, settings, supervise

PROGRAM = "registry"
URL = f"http://{settings.REGISTRY}:{settings.REGISTRY_PORT}"
DISK = settings.CACHE / "registry" / "blobs"
MANIFESTS = settings.CACHE / "registry" / "manifests"
_TYPE = "application/vnd.docker.distribution.manifest.v2+json"


def repository(reference: str) -> tuple[str, str]:
    """Path and tag in the lab's registry of an image reference with a host: what a mirror is asked for.

    >>> repository("registry.k8s.io/coredns/coredns:v1.15.0")
    ('coredns/coredns', 'v1.15.0')
    """
    path, _colon, tag = reference.partition("/")[2].rpartition(":")
    return path, tag


def _complete(manifest: Path) -> bool:
    """Whether a kept manifest still has all its layers."""
    if not manifest.exists():
        return False
    content = json.loads(manifest.read_text())
    digests = [content["config"]["digest"], *(layer["digest"] for layer in content["layers"])]
    return all((DISK / digest.replace(":", "/")).exists() for digest in digests)


def _program(crane: Path, images: dict[str, Path]) -> str:
    """The shell script that serves, and puts back the manifests first."""
    serve = [str(crane), "registry", "serve", "--address", f":{settings.REGISTRY_PORT}"]
    lines = [
        f"{shlex.join([*serve, '--disk', str(DISK)])} &",
        f"until curl -sf -o /dev/null {URL}/v2/; do kill -0 $! || exit 1; sleep 0.05; done",
    ]
    for reference, file in images.items():
        path, tag = repository(reference)
        manifest = shlex.quote(str(MANIFESTS / file.name))
        put = f"curl -sSf -X PUT -H 'Content-Type: {_TYPE}' --data-binary @{manifest} {URL}/v2/{path}/manifests/{tag}"
        lines.append(f"[ ! -e {manifest} ] || {put}")
    return "\n".join([*lines, "wait $!"]) + "\n"


def start() -> None:
    """Start the registry, and return when it has all images."""
    built = artifacts.load()
    for directory in (DISK, MANIFESTS):
        directory.mkdir(parents=True, exist_ok=True)
    crane = built.bin / "crane"
    images = {reference: file for reference, file in built.images.items() if reference != settings.PAUSE_IMAGE}
    missing = {reference: file for reference, file in images.items() if not _complete(MANIFESTS / file.name)}
    for file in missing.values():
        (MANIFESTS / file.name).unlink(missing_ok=True)
    supervise.start(PROGRAM, ["/bin/sh", "-ec", _program(crane, images)], netns=settings.NS_REGISTRY)

    def answers() -> bool:
        return namespaces.run(["curl", "-sf", f"{URL}/v2/"], netns=settings.NS_REGISTRY, check=False).returncode == 0

    supervise.wait_until("registry", answers, timeout=30, programs=[PROGRAM], every=0.1)
    for reference, file in missing.items():
        push(reference, file)
        path, tag = repository(reference)
        kept = MANIFESTS / f"{file.name}.{settings.LAB_NAME}.new"
        namespaces.run(
            ["curl", "-sSf", "-H", f"Accept: {_TYPE}", "-o", str(kept), f"{URL}/v2/{path}/manifests/{tag}"],
            netns=settings.NS_REGISTRY,
        )
        kept.rename(MANIFESTS / file.name)
    supervise.wait_until("images in the registry", ready, timeout=30, programs=[PROGRAM], every=0.1)


def push(reference: str, file: Path) -> None:
    """Bring an image into the registry, which has it until it ends."""
    path, tag = repository(reference)
    target = f"{settings.REGISTRY}:{settings.REGISTRY_PORT}/{path}:{tag}"
    crane = artifacts.load().bin / "crane"
    namespaces.run([str(crane), "push", "--insecure", str(file), target], netns=settings.NS_REGISTRY)


def ready() -> bool:
    """Whether every image can be had."""
    references = [each for each in artifacts.load().images if each != settings.PAUSE_IMAGE]
    urls = [f"{URL}/v2/{path}/manifests/{tag}" for path, tag in map(repository, references)]
    argv = ["curl", "-sfI", "--max-time", "3", *urls]
    return namespaces.run(argv, netns=settings.NS_REGISTRY, check=False).returncode == 0
