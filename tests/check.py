# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks the collection; tests/check runs it.

Each step is shown with its time. The last line counts what passed and failed, and the exit status says the same.
"""

from __future__ import annotations

import collections.abc
import concurrent.futures
import dataclasses
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT / "tests" / "lab"))

from labkit import settings  # noqa: E402
from labkit.build import venvs  # noqa: E402

SUMMARY = CHECKOUT / "tests" / "output" / "summary"
DEPENDENCIES = ("amazon", "ansible", "kubernetes")
# Scenarios with a lab of their own, beside that of all others, in this order.
SECOND = ("up", "join", "resources", "lock", "down", "crash_recovery")
# They take two to five runs of the playbooks, or concern OpenShift alone: `modules` has them, the whole has not. The
# first work in the burst that is up; the others need none, or have their own.
LONG_IN_BURST = (
    *("examples", "traffic_endpoints", "traffic_ingress", "traffic_killed", "pressure", "runner", "parking", "lease"),
    *("two_bursts", "deleted_by_hand", "routes", "existing_cluster", "existing_cluster_vpn"),
)
LONG_ALONE = ("openshift", "token", "endpoints", "traffic_ways", "watch_killed")
# What there is to check, and how many steps of it at once; what is only done when it is asked for.
GROUPS = ((("lint", "sanity"), 2), (("unit",), 1), (("molecule",), 2), (("modules",), 1), (("docs",), 1))
ASKED_FOR = ("modules", "docs")

NAME = "cloudburst.federation"
PLAYBOOKS = ("burst_up", "burst_status", "burst_down", "burst_watch", "iam_policies")

_FAILURE = re.compile(r"^(?:(?:fatal|failed|FAILED|ERROR|CRITICAL)\b|\[ERROR\]|E   )|: error: ")
# Molecule colours its output wherever it runs, and draws a bar before each line of a playbook.
_DECORATION = re.compile(r"^ *(?:\x1b\[[\d;]*m)*│(?:\x1b\[[\d;]*m)* ?|\x1b\[[\d;]*m")

# ansible-test fetches pip's installer from its own server, which not every network reaches; Python brings one.
GET_PIP = """\
import runpy
import subprocess
import sys

subprocess.run([sys.executable, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
sys.argv[1:] = ["install", *(word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel"))]
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""


@dataclasses.dataclass(frozen=True)
class Core:
    """An ansible-core with the Python that it runs on."""

    venv: Path
    label: str

    def command(self, name: str, *arguments: object) -> list[str]:
        return [str(self.venv / "bin" / name), *map(str, arguments)]

    @property
    def site_packages(self) -> Path:
        return next((self.venv / "lib").glob("python3*")) / "site-packages"

    @property
    def python(self) -> str:
        return self.site_packages.parent.name.removeprefix("python")


@dataclasses.dataclass(frozen=True)
class Step:
    """A command that checks something.

    `count` makes (passed, failed) of the command's output and exit status, where it is more than one check. `prefix` is
    put before each of its lines.
    """

    name: str
    command: collections.abc.Sequence[object]
    core: Core
    cwd: Path
    env: collections.abc.Mapping[str, str] = dataclasses.field(default_factory=dict)
    count: t.Callable[[str, int], tuple[int, int]] | None = None
    prefix: str = ""


@dataclasses.dataclass
class Tally:
    """What passed and what failed, over all steps."""

    passed: int = 0
    failures: dict[str, str] = dataclasses.field(default_factory=dict)  # of each step, what it said of its failure
    failed: int = 0


class Checker:
    """Runs steps and counts what they say."""

    def __init__(self, tree: Path, base: Core, latest: Core | None, platform: Core) -> None:
        self.tree = tree  # the root of ansible_collections with a copy of what is, or will be, tracked
        self.collection = _collection(tree)
        self.base = base
        self.cores = [base, latest] if latest else [base]
        self.platform = platform  # what builds and runs execution environments, without an ansible-core
        self.tally = Tally()

    def run(self, steps: t.Sequence[Step], at_once: int, *, whole: bool) -> None:
        """Run commands, so many at once, show what they say, and count them.

        :param whole: show what each has said when it has ended, where several run at once without a prefix.
        """
        with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
            for step, (passed, failed, said) in zip(
                steps, pool.map(lambda step: self._run(step, whole=whole), steps), strict=True
            ):
                self.tally.passed += passed
                self.tally.failed += failed
                if failed:
                    self.tally.failures[step.name] = said

    def _run(self, step: Step, *, whole: bool) -> tuple[int, int, str]:
        """What passed and what failed, and what was said of a failure."""
        environment = {
            **os.environ,
            "PATH": f"{step.core.venv / 'bin'}:{os.environ['PATH']}",
            "ANSIBLE_COLLECTIONS_PATH": str(self.tree),
            "NO_COLOR": "1",
            **step.env,
        }
        print(f"== {step.name}", flush=True)
        began = time.monotonic()
        lines: list[str] = []
        with subprocess.Popen(
            [str(word) for word in step.command],
            cwd=step.cwd,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
        ) as process:
            for line in t.cast("t.IO[str]", process.stdout):
                lines.append(line)
                if not whole:
                    print(f"{step.prefix}{line}", end="", flush=True)
        status = process.returncode
        passed, failed = step.count("".join(lines), status) if step.count else (0, 0)
        if passed + failed == 0:
            passed, failed = (1, 0) if status == 0 else (0, 1)
        elif status and not failed:
            failed = 1
        ended = f"== {step.name}: {'failed' if failed else 'ok'}, {time.monotonic() - began:.0f} s\n\n"
        print(*(lines if whole else ()), ended, sep="", end="", flush=True)
        return passed, failed, _gist(lines) if failed else ""

    def lint(self) -> list[Step]:
        """Everything that reads the files without running them; the longest first."""
        tool = self.base.command
        cache = settings.CACHE / "check"
        mypy = tool("mypy", "--config-file", self.collection / "pyproject.toml", "--cache-dir", cache / "mypy")
        plugins = self.collection.relative_to(self.tree) / "plugins"
        docs = (
            "lint-collection-docs",
            "--plugin-docs",
            "--validate-collection-refs=dependent",
            "--disallow-unknown-collection-refs",
            "--check-extra-docs-refs",
            ".",
        )
        steps = [
            self._step("ansible-lint", tool("ansible-lint", "--strict", "--nocolor"), XDG_CACHE_HOME=str(cache)),
            self._step("antsibull-docs", tool("antsibull-docs", *docs)),
            self._step(
                "mypy: plugins and unit tests",
                [*mypy, plugins, plugins.parent / "tests" / "unit"],
                cwd=self.tree,
                MYPYPATH=f"{self.tree}:{self.collection / 'tests/lab'}",
            ),
            self._step(
                "mypy: lab",
                [*mypy, "tests/lab/labkit", *(f"tests/{name}.py" for name in ("check", "prose", "docs", "pictures"))],
                MYPYPATH="tests/lab",
            ),
            self._step("antsibull-changelog", tool("antsibull-changelog", "lint")),
            self._step("yamllint", tool("yamllint", "--strict", ".")),
            self._step("prose", tool("python", "tests/prose.py")),
            self._docs(self.tree.with_name("docs")),
            self._step("ruff", tool("ruff", "check", "--no-cache", ".")),
            self._step("reuse", [self.platform.venv / "bin" / "reuse", "lint", "--quiet"]),
        ]
        steps = [*self._artifact(), *steps]
        if shellcheck := shutil.which("shellcheck"):
            return [*steps, self._step("shellcheck", [shellcheck, *self._shell_scripts()])]
        print("== shellcheck: not installed, left out\n")
        return steps

    def _artifact(self) -> list[Step]:
        """What a user gets: taken by Galaxy's own importer, and installed into an empty path on each core."""
        directory = self.tree.with_name("artifact")
        build = self.base.command("ansible-galaxy", "collection", "build", "--output-path", directory)
        subprocess.run(build, cwd=self.collection, check=True, stdout=subprocess.DEVNULL)
        artifact = next(directory.glob("*.tar.gz"))
        galaxy = Core(_environment("galaxy", venvs.python()), "")
        steps = [
            Step(
                "galaxy-importer",
                galaxy.command("python", "-m", "galaxy_importer.main", artifact),
                galaxy,
                directory,
                {"GALAXY_IMPORTER_TMP_ROOT_DIR": str(directory), "HOME": str(settings.CACHE / "check" / "home")},
                _count_importer,
            )
        ]
        for number, core in enumerate(self.cores):
            place = directory / f"installed-{number}"
            script = (
                f"ansible-galaxy collection install --force --no-deps --offline -p {place} {artifact}"
                f" && cd {place}/ansible_collections/cloudburst/federation"
                " && [ ! -e tests ] && [ ! -e extensions/molecule ] && cd /"
                f" && ansible-playbook --syntax-check {' '.join(f'{NAME}.{name}' for name in PLAYBOOKS)}"
            )
            path = f"{place}:{core.site_packages}"
            steps.append(
                Step(
                    f"install: {core.label}",
                    ["sh", "-ec", script],
                    core,
                    directory,
                    {"ANSIBLE_COLLECTIONS_PATH": path, "ANSIBLE_LOCALHOST_WARNING": "false"},
                )
            )
        return [*steps, self._execution_environment(directory, artifact)]

    def _execution_environment(self, directory: Path, artifact: Path) -> Step:
        """What ansible-builder makes of the artifact and of the pattern's definition, up to where it needs podman."""
        place = directory / "execution-environment"
        federation = place / "ansible_collections" / "cloudburst" / "federation"
        definition = federation / "extensions/patterns/burst/exec_env/execution-environment.yml"
        builder = self.platform.venv / "bin" / "ansible-builder"
        script = (
            f"{self.base.venv}/bin/ansible-galaxy collection install --force --no-deps --offline -p {place} {artifact}"
            f" && {builder} introspect --sanitize --write-pip {place}/pip --write-bindep {place}/bindep {place}"
            f" && grep -q '^kubernetes>=' {place}/pip && grep -q '^boto3>=' {place}/pip"
            f" && grep -q '^helm ' {place}/bindep"
            f" && {builder} create --file {definition} --context {place}/context"
            f" && grep -q 'cloudburst.federation' {place}/context/_build/requirements.yml"
        )
        return Step("execution environment", ["sh", "-ec", script], self.platform, directory)

    def docs(self) -> list[Step]:
        """The documentation as HTML, for people."""
        return [self._docs(CHECKOUT / "tests" / "output" / "docs")]

    def _docs(self, folder: Path) -> Step:
        return self._step("docs", self.base.command("python", "-B", "tests/docs.py", "render", folder))

    def _step(
        self, name: str, command: collections.abc.Sequence[object], *, cwd: Path | None = None, **env: str
    ) -> Step:
        return Step(name, command, self.base, cwd or self.collection, env)

    def sanity(self) -> list[Step]:
        """ansible-test sanity, in its plain local mode: no container engine, no ignore file."""
        return [self._sanity(core, self.tree.with_name(f"sanity-{number}")) for number, core in enumerate(self.cores)]

    def _sanity(self, core: Core, tree: Path) -> Step:
        """It has a tree of its own, with the collections of its core."""
        home = settings.CACHE / "check" / "home"
        _copy(tree)
        _prepare_sanity(core, tree, home)
        return Step(
            f"sanity: {core.label}",
            core.command("ansible-test", "sanity", "--python", core.python, "--color", "no"),
            core,
            _collection(tree),
            {"HOME": str(home), "ANSIBLE_COLLECTIONS_PATH": str(tree)},
            _count_sanity,
        )

    def unit(self) -> list[Step]:
        """The unit tests; those of the lab's AWS, which run it with the lab's own Python, on one core alone."""
        _environment("lab", venvs.python())
        # More than there are processors: many wait for a server.
        pytest = ("python", "-m", "pytest", "-q", "-n", 4, "--dist", "worksteal", "tests/unit")
        return [
            Step(
                f"unit: {core.label}",
                core.command(*pytest, *(() if core is self.base else ("--ignore", "tests/unit/lab"))),
                core,
                CHECKOUT,
                count=_count_pytest,
            )
            for core in self.cores
        ]

    def molecule(self) -> list[Step]:
        """All scenarios, in two labs side by side."""
        others = (word for name in (*SECOND, *LONG_IN_BURST, *LONG_ALONE) for word in ("--exclude", name))
        second = f"{settings.LAB_NAME[:18]}-2"
        other = {"LAB_ACCESS": "helper", "LAB_EGRESS": "datacenter"}
        return [
            self._scenarios("molecule", settings.LAB_NAME, "--all", *others),
            self._named("molecule, second lab", second, SECOND, prefix="second lab | ", **other),
        ]

    def modules(self) -> list[Step]:
        """The long scenarios: modules, two bursts, deletion by hand, mars and end points, with nothing beside them."""
        names = ("up", "join", "resources", *LONG_IN_BURST, "down", *LONG_ALONE)
        return [self._named("modules", settings.LAB_NAME, names)]

    def _named(self, name: str, lab: str, scenarios: t.Sequence[str], *, prefix: str = "", **env: str) -> Step:
        words = (word for scenario in scenarios for word in ("--scenario-name", scenario))
        return self._scenarios(name, lab, *words, prefix=prefix, **env)

    def _scenarios(self, name: str, lab: str, *options: str, prefix: str = "", **env: str) -> Step:
        notes = settings.CACHE / "check" / f"molecule-{lab}"
        # A run that was killed has left in them that its lab is up.
        shutil.rmtree(notes, ignore_errors=True)
        return Step(
            name,
            self.base.command("molecule", "test", *options),
            self.base,
            CHECKOUT,
            {
                "PATH": f"{CHECKOUT / 'tests/lab/bin'}:{self.base.venv / 'bin'}:{os.environ['PATH']}",
                "LAB_NAME": lab,
                "LAB_ACCESS": "aws_cli",
                "LAB_EGRESS": "nat",
                **env,
                "MOLECULE_EPHEMERAL_DIRECTORY": str(notes),
            },
            _count_molecule,
            prefix,
        )

    def _shell_scripts(self) -> list[Path]:
        # A template is no script until it is rendered; the unit tests check what becomes of it.
        files = [path for path in _tracked() if path.is_file() and not path.is_symlink() and path.suffix != ".j2"]
        return [path.relative_to(CHECKOUT) for path in files if path.read_bytes()[:9] in (b"#!/bin/sh", b"#!/bin/ba")]


def _prepare_sanity(core: Core, tree: Path, home: Path) -> None:
    """Give ansible-test the collections that ours needs, pip's settings, and an installer of pip."""
    for name in DEPENDENCIES:
        link = tree / "ansible_collections" / name
        link.symlink_to(core.site_packages / "ansible_collections" / name)
    requirements = core.site_packages / "ansible_test" / "_internal" / "python_requirements.py"
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for version in re.findall(r"pip='([\d.]+)'", requirements.read_text()):
        (cache / f"get_pip_{version.replace('.', '_')}.py").write_text(GET_PIP)
    settings_of_pip = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    pairs = re.findall(r"^(?:global|install|:env:)\.([-a-z]+)='(.*)'$", settings_of_pip, re.MULTILINE)
    config = home / ".config" / "pip" / "pip.conf"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text("[global]\n" + "".join(f"{key} = {value}\n" for key, value in dict(pairs).items()))


def _gist(lines: t.Sequence[str]) -> str:
    """What a failed step said: the last lines that tell of failures, each with its task, and the last of all."""
    gist: list[str] = []
    task = ""
    more = 0
    plain = [_DECORATION.sub("", line) for line in lines]
    for line in plain:
        if line.startswith("TASK ["):
            task, more = line, 0
        elif _FAILURE.search(line):
            gist += [task, line]
            task, more = "", 12  # a message may go on
        elif more and line.strip():
            gist.append(line)
            more -= 1
        else:
            more = 0
    return "".join(f"  {line.rstrip()[:1000]}\n" for line in (*gist[-40:], "…", *plain[-12:]) if line.strip())


def _count_pytest(output: str, status: int) -> tuple[int, int]:
    closing = output.rstrip().rsplit("\n", 1)[-1]
    found = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|errors?)", closing)}
    return found.get("passed", 0), found.get("failed", 0) + found.get("error", 0) + found.get("errors", 0)


def _count_sanity(output: str, status: int) -> tuple[int, int]:
    tests = set(re.findall(r'^Running sanity test "([^"]+)"', output, re.MULTILINE))
    failed = set(re.findall(r"^ERROR: Found \d+ (\S+) issue", output, re.MULTILINE))
    return len(tests - failed), len(failed)


def _count_importer(output: str, status: int) -> tuple[int, int]:
    """The importer ends with 0 where it only logs what it has against an artifact.

    Its lint may take 180 s, which is not enough on a busy machine; ours is a step of its own.
    It has no other collection at hand, so it finds neither their modules nor their parts of our documentation. Its lint
    finds no playbook by a collection's name either, as it looks at files that are not installed.
    """
    excused = (
        r"Error running ansible-doc|Timeout on call to ansible-lint|.*(?:syntax-check|internal-error)"
        r"|ERROR    Failed to find cloudburst\.federation\."
    )
    against = re.findall(rf"^(?:ERROR|WARNING): (?!{excused})", output, re.MULTILINE)
    return (0, max(1, len(against))) if status or against else (1, 0)


def _count_molecule(output: str, status: int) -> tuple[int, int]:
    recap = output.rpartition("SCENARIO RECAP")[2]
    passed, failed = (sum(map(int, re.findall(rf"\b{word}=(\d+)", recap))) for word in ("successful", "failed"))
    return passed, failed


def _tracked() -> list[Path]:
    """Every file that git tracks or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [CHECKOUT / name for name in sorted(set(filter(None, listed.split("\0"))))]


def _collection(tree: Path) -> Path:
    return tree / "ansible_collections" / "cloudburst" / "federation"


def _copy(tree: Path) -> None:
    """Put the tracked files where Ansible expects a collection: tools look at the path."""
    target = _collection(tree)
    for path in _tracked():
        if path.is_symlink() or path.exists():
            place = target / path.relative_to(CHECKOUT)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, place, follow_symlinks=False)


def _environment(name: str, python: tuple[Path, str]) -> Path:
    log = settings.CACHE / "log" / f"{name}-environment.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    venvs.build(name, python, log)
    return venvs.path_of(name, python)


def _core(name: str, python: tuple[Path, str]) -> Core:
    venv = _environment(name, python)
    metadata = next((venv / "lib").glob("python3*/site-packages/ansible_core-*.dist-info"))
    version = metadata.name.removeprefix("ansible_core-").removesuffix(".dist-info")
    return Core(venv, f"ansible-core {version}, Python {python[1]}")


def main(arguments: list[str]) -> int:
    """Run what the arguments name and return the exit status."""
    kinds = [kind for group, _at_once in GROUPS for kind in group]
    whole = [kind for kind in kinds if kind not in ASKED_FOR]
    if unknown := set(arguments) - set(kinds):
        print(f"{', '.join(sorted(unknown))}: no such check; there are {', '.join(kinds)}", file=sys.stderr)
        return 2
    began = time.monotonic()
    newer = venvs.newer_python()
    base = _core("tools", venvs.python())
    latest = _core("core-latest", newer) if newer else None
    (settings.CACHE / "check").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tree-", dir=settings.CACHE / "check") as directory:
        tree = Path(directory) / "lint"
        _copy(tree)
        platform = Core(_environment("platform", venvs.python()), "")
        checker = Checker(tree, base, latest, platform)
        for group, at_once in GROUPS:
            steps = [step for kind in group if kind in (arguments or whole) for step in getattr(checker, kind)()]
            checker.run(steps, at_once, whole=len(group) > 1)
    if not newer:
        print("The newest ansible-core was left out: the machine has no Python that it runs on.")
    tally = checker.tally
    for name, said in tally.failures.items():
        print(f"-- {name} failed:\n{said}")
    if tally.failures:
        print(f"Failed: {', '.join(tally.failures)}")
    print(f"{time.monotonic() - began:.0f} s")
    summary = f"{tally.passed} passed, {tally.failed} failed"
    SUMMARY.parent.mkdir(parents=True, exist_ok=True)
    SUMMARY.write_text(summary + "\n")
    print(summary)
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
