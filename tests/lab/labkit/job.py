# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command tests/lab/job, on the lab's management host: a playbook as a job of AWX.

AWX hands ansible-runner a folder with everything, which is /runner and HOME in the job's container: one inventory
script, the survey's answers as extra variables, credentials as variables of the environment and as files. The
container's first process is ansible-runner; nothing outlives it. Its user has a number and belongs to the group 0:
https://docs.ansible.com/projects/runner/en/stable/intro/ and awx/main/tasks/jobs.py of github.com/ansible/awx
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import dataclasses
import fcntl
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

import yaml

from labkit import settings
from labkit.build import venvs
from labkit.leaks import places
from labkit.leaks.forms import Search

RUNNER = Path("/runner")
# Where a job that has no kubeconfig keeps that of the burst, and the tokens for it, until its container ends
TOKENS = Path(".kube") / "config.eks" / "tokens"
USER = 100650  # no user of any machine
ACCOUNT = "awx"  # in kube-system, where somebody has made it
LOGINS = ("kubeconfig", "token", "unverified")
ANSWERS = settings.LAB_DIR / "inventory" / "group_vars" / "all" / "burst.yml"
PLAYBOOKS = "extensions/patterns/burst/playbooks"
# What a container would have instead of this machine's: programs, AWS's authority.
_KEPT = ("PATH", "AWS_CA_BUNDLE", "LANG")
# What of this machine a job needs. Folders that other users may not enter, such as root's home, are covered by empty
# ones with nothing but that.
_PROGRAMS = (settings.CACHE, Path(sys.base_prefix), settings.CA_CERTIFICATE.parent)
_SCRIPT = """
mount --bind "$FOLDER" /runner
[ -z "$PASSWD" ] || mount --bind "$PASSWD" /etc/passwd
for place in $PROGRAMS; do
  mkdir -p "$STASH$place"
  mount --bind "$place" "$STASH$place"
done
for place in $CLOSED; do
  mount -t tmpfs -o mode=755 closed "$place"
done
for place in $PROGRAMS; do
  mkdir -p "$place"
  mount --bind "$STASH$place" "$place"
done
cd /runner
exec env -u FOLDER -u PASSWD -u PROGRAMS -u CLOSED -u STASH "$@"
"""
# What a container has of the collection
_COLLECTION = ("extensions/patterns", "galaxy.yml", "meta", "playbooks", "plugins", "roles")

Event = dict[str, t.Any]


def text_of(value: t.Any) -> str:
    """A variable as a survey gives it: a list of texts with one entry a line, any other structure as YAML."""
    if isinstance(value, list) and value and all(isinstance(entry, str) for entry in value):
        return "\n".join(value)
    return yaml.safe_dump(value) if isinstance(value, (list, dict)) else str(value)


def answers(variables: dict[str, t.Any], given: dict[str, str]) -> dict[str, str]:
    """All variables of a burst as answers. The clusters are reached by the job's credentials alone."""
    found = {name: text_of(value) for name, value in variables.items() if name.startswith("burst_")}
    return {**found, "burst_kubeconfig": "", "burst_host_context": "", "burst_kubeconfig_access": "helper", **given}


def closed(place: Path) -> Path | None:
    """The uppermost folder on the way to a place that other users may not enter."""
    return next((path for path in reversed(place.parents) if not path.stat().st_mode & stat.S_IXOTH), None)


def failures(events: t.Sequence[Event]) -> list[dict[str, str]]:
    """The task and the message of each task that failed for good: neither rescued nor ignored."""
    found = []
    for event in events:
        data = event.get("event_data", {})
        if event["event"] in ("runner_on_failed", "runner_on_unreachable") and not data.get("ignore_errors"):
            found.append({"task": data.get("task", ""), "msg": str(data.get("res", {}).get("msg", ""))})
    return found


def progress(events: t.Sequence[Event]) -> int:
    """How many events show what a task waits for."""
    return sum("waiting for" in event.get("stdout", "") for event in events)


def lock_seconds(events: t.Sequence[Event]) -> float:
    """How long the longest task that locks the burst took: with a lock that nobody holds, a few seconds."""
    found = (event.get("event_data", {}) for event in events if event["event"] in ("runner_on_ok", "runner_on_failed"))
    return max((data["duration"] for data in found if data.get("task_action", "").endswith("burst_lock")), default=0.0)


@contextlib.contextmanager
def shared(folder: Path) -> t.Iterator[None]:
    """A folder that jobs of several labs mount over, each for itself; the last one to end removes it.

    Linux removes a folder on which another mount namespace has something mounted, and unmounts it there:
    https://man7.org/linux/man-pages/man7/mount_namespaces.7.html (Restrictions)
    """
    locks = settings.CACHE / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with (locks / "runner").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        folder.mkdir(exist_ok=True)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                folder.rmdir()


@dataclasses.dataclass
class Job:
    """A job in its folder."""

    folder: Path
    playbook: str
    login: str = "kubeconfig"
    token: str = ""

    def prepare(self, given: dict[str, str]) -> None:
        """Write what AWX writes."""
        federation = Path("collections") / "ansible_collections" / "cloudburst" / "federation"
        for name in _COLLECTION:
            source, target = settings.REPOSITORY / name, self.folder / federation / name
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
        (self.folder / "project").symlink_to(federation)
        (self.folder / "artifacts").mkdir()
        self._write("env/extravars", json.dumps(answers(self._variables(), given)))
        self._write("env/settings", json.dumps({"idle_timeout": 0, "job_timeout": 0}))
        if self.login == "kubeconfig":
            self._write("env/kubeconfig", settings.KUBECONFIG.read_text())
        self._write("env/ssh_key", (settings.HOME / ".ssh" / "id_ed25519").read_text())
        self._write("env/envvars", json.dumps(self._credentials()))
        inventory = f"#!/bin/sh\ncat <<'END'\n{json.dumps(self._inventory())}\nEND\n"
        self._write("inventory/hosts", inventory, 0o700)
        for path in [self.folder, *self.folder.rglob("*")]:
            os.chown(path, USER, 0, follow_symlinks=False)

    def _write(self, name: str, content: str, mode: int = 0o600) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.touch(mode)
        path.write_text(content)

    def _variables(self) -> dict[str, t.Any]:
        """The lab's own, with what its inventory takes from the environment."""
        text = ANSWERS.read_text()
        registries = yaml.safe_load(text)["lab_registries"]
        egress = os.environ.get("LAB_EGRESS") or "nat"
        text = re.sub(r"\{\{ lab_registries.*?\}\}", registries.get(egress, "docker.io"), text)
        text = re.sub(r"\{\{ lookup\([^)]*'LAB_EGRESS'\).*?\}\}", egress, text)
        text = re.sub(r"\{\{ lookup\([^)]*'CLOUDBURST_CHART'\).*?\}\}", os.environ["CLOUDBURST_CHART"], text)
        return t.cast("dict[str, t.Any]", yaml.safe_load(text))

    def _inventory(self) -> dict[str, t.Any]:
        """The lab's hosts; the variables of a burst are answers."""
        said = subprocess.run(
            ["ansible-inventory", "-i", str(settings.LAB_DIR / "inventory" / "hosts.yml"), "--list"],
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        found = t.cast("dict[str, t.Any]", json.loads(said))
        for variables in found["_meta"]["hostvars"].values():
            for name in [name for name in variables if name.startswith(("burst_", "lab_"))]:
                del variables[name]
            # The container is its own host: its user and HOME are what it says.
            if variables.get("ansible_connection") == "local":
                for name in ("ansible_async_dir", "ansible_remote_tmp", "ansible_user"):
                    variables.pop(name, None)
        return found

    def _credentials(self) -> dict[str, str]:
        import boto3

        keys = boto3.Session(profile_name="default").get_credentials()
        return {
            "AWS_ACCESS_KEY_ID": keys.access_key,
            "AWS_SECRET_ACCESS_KEY": keys.secret_key,
            **self._cluster(),
            "ANSIBLE_HOST_KEY_CHECKING": "False",
            # The lab has settings for its own user.
            "ANSIBLE_SSH_COMMON_ARGS": "-F none",
        }

    def _cluster(self) -> dict[str, str]:
        """The way to the data centre's cluster, as a credential of AWX gives it.

        The token is as *OpenShift or Kubernetes API Bearer Token* has it, which verifies nothing without an authority:
        https://github.com/ansible/awx-plugins/blob/devel/src/awx_plugins/credentials/injectors.py
        """
        if self.login == "kubeconfig":
            return {
                "K8S_AUTH_KUBECONFIG": str(RUNNER / "env" / "kubeconfig"),
                "K8S_AUTH_CONTEXT": settings.HOST_CONTEXT,
            }
        cluster = self._entry()
        created = _kubectl("kube-system", "create", "token", ACCOUNT)
        if created.returncode:
            raise SystemExit(f"job: there is no token for kube-system's account {ACCOUNT}: {created.stderr}")
        self.token = created.stdout.strip()
        found = {"K8S_AUTH_HOST": cluster["server"], "K8S_AUTH_API_KEY": self.token}
        if self.login == "unverified":
            return {**found, "K8S_AUTH_VERIFY_SSL": "False"}
        self._write("env/ca.crt", base64.b64decode(cluster["certificate-authority-data"]).decode())
        return {**found, "K8S_AUTH_VERIFY_SSL": "True", "K8S_AUTH_SSL_CA_CERT": str(RUNNER / "env" / "ca.crt")}

    def _entry(self) -> dict[str, str]:
        """The data centre's cluster in the administrator's kubeconfig."""
        entries = yaml.safe_load(settings.KUBECONFIG.read_text())
        (name,) = (each["context"]["cluster"] for each in entries["contexts"] if each["name"] == settings.HOST_CONTEXT)
        return next(t.cast("dict[str, str]", each["cluster"]) for each in entries["clusters"] if each["name"] == name)

    def run(self, *, named: bool, end_at: str) -> None:
        """Run it to its end, or cancel it once a task has begun, and kill it if necessary.

        :param named: the user gets a name, as the entry point of ansible-builder's images gives it one; ssh needs it.
        """
        own = self.folder.with_name(f"{self.folder.name}-own")
        own.mkdir()
        passwd = own / "passwd"
        passwd.write_text(f"{Path('/etc/passwd').read_text()}runner:x:{USER}:0::{RUNNER}:/bin/sh\n")
        covered = {place: closed(place) for place in _PROGRAMS}
        runner = venvs.path_of("platform", venvs.python()) / "bin" / "ansible-runner"
        words = [
            *("unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-ec", _SCRIPT, "sh"),
            *("setpriv", f"--reuid={USER}", "--regid=0", "--clear-groups"),
            *(str(runner), "run", str(RUNNER), "--ident", "job", "-p", f"{PLAYBOOKS}/{self.playbook}.yml"),
            *("--quiet", "--omit-env-files"),
        ]
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ} | {
            "HOME": str(RUNNER),
            "ANSIBLE_COLLECTIONS_PATH": str(RUNNER / "collections"),
            "FOLDER": str(self.folder),
            "PASSWD": str(passwd) if named else "",
            "PROGRAMS": " ".join(str(place) for place, cover in covered.items() if cover),
            "CLOSED": " ".join(sorted({str(cover) for cover in covered.values() if cover})),
            "STASH": str(own / "stash"),
        }
        try:
            with (
                shared(RUNNER),
                subprocess.Popen(words, env=environment, stdin=subprocess.DEVNULL) as process,
            ):
                if end_at:
                    self._end(process, end_at)
        finally:
            shutil.rmtree(own)

    def _end(self, process: subprocess.Popen[bytes], task: str) -> None:
        stdout = self.folder / "artifacts" / "job" / "stdout"
        while process.poll() is None and not (stdout.exists() and f"{task}] ***" in stdout.read_text(errors="replace")):
            time.sleep(0.5)
        # Into the wait
        time.sleep(3)
        if process.poll() is not None:
            return
        first = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        for number in (signal.SIGTERM, signal.SIGKILL):
            for child in first:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(child), number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=5)

    def events(self) -> list[Event]:
        """All events so far, in their order."""
        found = []
        for path in (self.folder / "artifacts" / "job" / "job_events").glob("[0-9]*.json"):
            # Those that are being written are left for the next look.
            with contextlib.suppress(ValueError, OSError):
                found.append(t.cast("Event", json.loads(path.read_text())))
        return sorted((event for event in found if "counter" in event), key=lambda event: event["counter"])

    def leaks(self, known: t.Mapping[str, str]) -> list[str]:
        """Files with secrets, without those that AWX has given to the job."""
        search = Search({**known, **({"token of the login": self.token} if self.token else {})})
        found = []
        for path in self.folder.rglob("*"):
            within = path.relative_to(self.folder)
            # ansible-runner itself writes the environment into `command`; AWX takes it from there, and masks it.
            if (
                within.parts[0] in ("env", "project")
                or within.name == "command"
                or within.parent == TOKENS
                or not stat.S_ISREG(path.lstat().st_mode)
            ):
                continue
            found += [f"{within}: {name}" for name in sorted(search.names(path.read_bytes()))]
        return found

    def left(self) -> list[str]:
        """What the job has left in its home, beside artifacts: temporary files of its tasks."""
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.glob(".ansible/tmp/*"))


def _held(burst: str) -> bool:
    """Whether some run has the burst."""
    return "NotFound" not in _kubectl("kube-system", "get", "lease", f"cloudburst-{burst}").stderr


def _kubectl(namespace: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = ["kubectl", "--context", settings.HOST_CONTEXT, "--namespace", namespace, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def main() -> None:
    """Run a job, and print its result."""
    parser = argparse.ArgumentParser(prog="job", description="Run a playbook in the lab as a job of AWX runs it")
    parser.add_argument("--without-name", action="store_true", help="leave the user id without a name; ssh needs one")
    parser.add_argument(
        "--login", choices=LOGINS, default=LOGINS[0], help=f"a token is that of kube-system's account {ACCOUNT}"
    )
    parser.add_argument("--end-at", default="", metavar="TASK", help="cancel and kill the job in this task")
    parser.add_argument("playbook", choices=("burst_check", "burst_up", "burst_status", "burst_down"))
    parser.add_argument("answers", nargs="*", metavar="NAME=ANSWER")
    arguments = parser.parse_args()
    given = dict(answer.split("=", 1) for answer in arguments.answers)
    folder = Path(tempfile.mkdtemp(prefix="job-", dir="/var/tmp"))
    try:
        job = Job(folder, arguments.playbook, arguments.login)
        job.prepare(given)
        began = time.monotonic()
        job.run(named=not arguments.without_name, end_at=arguments.end_at)
        seconds = round(time.monotonic() - began)
        held = _held("vulcan")
        events = job.events()
        artifacts = folder / "artifacts" / "job"
        nothing: Event = {}
        recap = next((event["event_data"] for event in events if event["event"] == "playbook_on_stats"), nothing)
        result = {
            "rc": int((artifacts / "rc").read_text()) if (artifacts / "rc").exists() else None,
            "failures": failures(events),
            "changed": sum((recap.get("changed") or {}).values()),
            "progress": progress(events),
            "lock_seconds": lock_seconds(events),
            "held": held,
            "leaks": job.leaks(places.secrets()),
            "left": job.left(),
            "seconds": seconds,
            "stdout": (artifacts / "stdout").read_text()[-40000:] if (artifacts / "stdout").exists() else "",
        }
        print(json.dumps(result))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
