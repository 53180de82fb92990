# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything the lab is made of, built once and cached: `ensure()`."""

from __future__ import annotations

import dataclasses
import functools
import re
import shutil
import threading
import typing as t
from pathlib import Path

from labkit import settings
from labkit.build import cache, debian, golang, images, venvs
from labkit.build.cache import BuildError
from labkit.build.progress import Plan, Progress

__all__ = ["Artifacts", "BuildError", "ensure", "ensure_traefik"]


@dataclasses.dataclass(frozen=True)
class Artifacts:
    """Paths of everything that the lab is made of; they are read-only."""

    bin: Path  # a directory with all programs
    images: dict[str, Path]  # docker-archive tars by image reference
    rootfs: Path  # the tree of a bootable Debian, to be put below an overlay
    venv_lab: Path  # what runs the lab
    venv_tools: Path  # what its user has
    venv_latest: Path | None  # the newest ansible-core, where the machine has a newer Python
    chart: Path  # KubeFed's Helm chart
    openshift: Path  # a directory with definitions of OpenShift's types


@dataclasses.dataclass(frozen=True)
class Step:
    """One item to build. The steps of a lane run one after the other; both lanes run in parallel."""

    name: str
    lane: t.Literal["compile", "fetch"]
    is_built: t.Callable[[], bool]
    build: t.Callable[[Path], None]
    after: tuple[str, ...] = ()  # names of steps of the other lane


# Seconds on two processors, as far as they are more than a few; the time that is left is reckoned from them.
_SECONDS = {
    **{"etcd": 40, "kube-apiserver": 150, "kube-controller-manager": 60, "kube-scheduler": 20, "kube-proxy": 20},
    **{"kubelet": 60, "kubectl": 30, "coredns": 60, "helm": 40, "hyperfed": 50, "kubefedctl": 20, "crane": 15},
    **{"lab environment": 20, "tools environment": 90, "core-latest environment": 60, "machines' rootfs": 90},
    **{"httpbin's files": 20, "platform environment": 15, "traefik": 420},
}

# Group, file in its manifests, name here.
_OPENSHIFT = (
    ("route", "routes.crd.yaml", "routes.yaml"),
    ("operator", "*_network_01_networks.crd.yaml", "networks.yaml"),
    ("security", "*_securitycontextconstraints.crd.yaml", "securitycontextconstraints.yaml"),
)


def _plan(steps: t.Sequence[Step]) -> Plan:
    """How long steps are expected to take."""
    lanes = [[step for step in steps if step.lane == lane] for lane in ("compile", "fetch")]
    return Plan([{step.name: float(_SECONDS.get(step.name, 5)) for step in lane} for lane in lanes])


def _go_steps(go: golang.Go) -> list[Step]:
    return [
        Step(
            program.name,
            "compile",
            program.path(go.version).exists,
            functools.partial(golang.build, go, program),
        )
        for program in golang.PROGRAMS
    ]


def _chart_path() -> Path:
    return cache.path_of("charts", "kubefed", cache.key((golang.MODULES / "kubefed" / "go.mod").read_bytes()))


def _build_chart(go: golang.Go, _log: Path) -> None:
    """A copy of the chart, for Go's own is read-only and may be cleared away."""
    path = _chart_path()
    with cache.locked(path):
        if path.exists():
            return
        with cache.making(path) as directory:
            source = golang.module_source(go, "kubefed", "sigs.k8s.io/kubefed") / "charts" / "kubefed"
            # Not copytree's modes: in Go's module cache nothing is writable, not even for who removes it.
            shutil.copytree(source, directory / "new", copy_function=shutil.copyfile)
            for each in [directory / "new", *(directory / "new").rglob("*")]:
                each.chmod(0o755 if each.is_dir() else 0o644)


def _openshift_path() -> Path:
    sums = (golang.MODULES / "openshift" / "go.sum").read_bytes()
    return cache.path_of("types", "openshift", cache.key(sums, _OPENSHIFT))


def _build_openshift(go: golang.Go, log: Path) -> None:
    path = _openshift_path()
    with cache.locked(path):
        if path.exists():
            return
        with cache.making(path) as directory:
            (directory / "new").mkdir()
            source = golang.download(go, "openshift", "github.com/openshift/api", log)
            for group, pattern, name in _OPENSHIFT:
                found = next((source / group / "v1" / "zz_generated.crd-manifests").glob(pattern))
                shutil.copyfile(found, directory / "new" / name)


def _venv_step(name: str, python: tuple[Path, str]) -> Step:
    path = venvs.path_of(name, python)
    is_built = functools.partial(venvs.is_built, path)
    return Step(f"{name} environment", "fetch", is_built, functools.partial(venvs.build, name, python))


def _steps(go: golang.Go) -> list[Step]:
    newer = venvs.newer_python()
    programs = {program.name: program.path(go.version) for program in golang.PROGRAMS}
    needed = {"kubefed": ("hyperfed",), "kubectl": ("kubectl",), "coredns": ("coredns",)}
    return [
        *_go_steps(go),
        # What others wait for longest comes first.
        _venv_step("lab", venvs.python()),
        Step("machines' rootfs", "fetch", debian.rootfs_path().exists, debian.build_rootfs),
        _venv_step("tools", venvs.python()),
        _venv_step("platform", venvs.python()),
        *([_venv_step("core-latest", newer)] if newer else []),
        Step("httpbin's files", "fetch", debian.httpbin_path().exists, debian.build_httpbin),
        Step("pause", "fetch", images.pause_path().exists, images.build_pause),
        Step("KubeFed's chart", "fetch", _chart_path().exists, functools.partial(_build_chart, go), ("hyperfed",)),
        Step("OpenShift's types", "fetch", _openshift_path().exists, functools.partial(_build_openshift, go)),
        *(
            Step(
                f"image {image.name}",
                "fetch",
                image.path().exists,
                functools.partial(images.build, image),
                needed.get(image.name, ()),
            )
            for image in images.all_images(programs)
        ),
    ]


def _run_lane(
    steps: list[Step],
    done: dict[str, threading.Event],
    failures: list[tuple[str, Exception]],
    stop: threading.Event,
    report: Progress | None,
) -> None:
    for step in steps:
        for name in step.after:
            if name in done:
                while not done[name].wait(0.5):
                    if stop.is_set():
                        return
        if stop.is_set():
            return
        if report:
            report.begin(step.name)
        log = settings.CACHE / "log" / f"{re.sub('[^A-Za-z0-9-]+', '-', step.name)}.log"
        try:
            log.unlink(missing_ok=True)
            step.build(log)
        except Exception as failure:  # the main thread reports a thread's failure
            failures.append((step.name, failure))
            stop.set()
            if report:
                report.end(step.name, "failed")
            return
        if report:
            report.end(step.name)
        done[step.name].set()


def _run(steps: list[Step], report: Progress | None) -> None:
    done = {step.name: threading.Event() for step in steps}
    failures: list[tuple[str, Exception]] = []
    stop = threading.Event()
    threads = [
        threading.Thread(
            target=_run_lane,
            args=([step for step in steps if step.lane == lane], done, failures, stop, report),
            daemon=True,  # the programs they wait for share our process group and get its signals themselves
        )
        for lane in ("compile", "fetch")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, failure in failures:
        raise BuildError(f"building {name} failed: {failure}") from failure


def _ensure_go(progress: bool) -> golang.Go:
    if go := golang.find():
        return go
    log = settings.CACHE / "log" / "go.log"
    if not progress:
        return golang.install(log)
    with Progress(1) as report:
        report.begin("Go itself")
        go = golang.install(log)
        report.end("Go itself")
        return go


def _build(steps: list[Step], progress: bool) -> None:
    missing = [step for step in steps if not step.is_built()]
    if missing and progress:
        with Progress(len(missing), plan=_plan(missing)) as report:
            _run(missing, report)
    elif missing:
        _run(missing, None)


def ensure_traefik() -> Path:
    """Builds Traefik if it is missing, and returns the path of its image; raises BuildError. A lab does not need it."""
    go = _ensure_go(progress=True)
    program = golang.TRAEFIK
    image = images.traefik(program.path(go.version))
    build = functools.partial(golang.build, go, program)
    _build(
        [
            Step(program.name, "compile", program.path(go.version).exists, build),
            Step(
                "image traefik", "fetch", image.path().exists, functools.partial(images.build, image), (program.name,)
            ),
        ],
        progress=True,
    )
    return image.path()


def ensure(progress: bool = True) -> Artifacts:
    """Builds what is missing and returns the paths; raises BuildError with the failed program's output.

    `progress` tells on standard error what is built, which of how many, and for how long; nothing if all is there.
    """
    settings.CACHE.mkdir(parents=True, exist_ok=True)
    go = _ensure_go(progress)
    _build(_steps(go), progress)
    newer = venvs.newer_python()
    programs = {program.name: program.path(go.version) for program in golang.PROGRAMS}
    return Artifacts(
        bin=golang.collect(go.version),
        images={image.reference: image.path() for image in images.all_images(programs)},
        rootfs=debian.rootfs_path(),
        venv_lab=venvs.path_of("lab", venvs.python()),
        venv_tools=venvs.path_of("tools", venvs.python()),
        venv_latest=venvs.path_of("core-latest", newer) if newer else None,
        chart=_chart_path(),
        openshift=_openshift_path(),
    )
