# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program that gets tokens, run as kubectl runs it."""

from __future__ import annotations

import base64
import json
import os
import stat
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._aws.eks import clusters, token_helper, tokens
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import FederationError

pytest.importorskip("botocore")

REGION = "eu-central-1"
WORDS = ["--region", REGION, "--cluster-name", "vulcan"]
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}


@pytest.fixture(name="program")
def _program(tmp_path: Path) -> str:
    path = token_helper.program(str(tmp_path / "config"))
    token_helper.put(path, token_helper.source(), 0o700)
    return path


def run(program: str, words: list[str], env: dict[str, str], bare: bool = False) -> subprocess.CompletedProcess[str]:
    rest = {"HOME": str(Path(program).parent), "PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true"}
    # -S leaves out site-packages, and botocore with it.
    command = [sys.executable, "-I", *(["-S"] if bare else []), program, *words]
    return subprocess.run(command, env={**rest, **env}, capture_output=True, text=True, check=False)


def token(program: str, *words: str, **env: str) -> dict[str, str]:
    done = run(program, list(words) or WORDS, {**KEYS, **env})
    assert done.returncode == 0, done.stderr
    status: dict[str, str] = json.loads(done.stdout)["status"]
    return status


def kept(program: str) -> list[Path]:
    return sorted(Path(program).parent.glob("tokens/*"))


def test_a_token_is_a_signed_request_to_the_region(program: str) -> None:
    # Where AWS answers in a lab is not what a token may name.
    status = token(program, AWS_ENDPOINT_URL="https://127.0.0.1:1")
    assert status["token"].startswith(tokens.PREFIX)
    assert "=" not in status["token"]
    raw = status["token"].removeprefix(tokens.PREFIX)
    url = urllib.parse.urlsplit(base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)).decode())
    query = dict(urllib.parse.parse_qsl(url.query))
    assert (url.scheme, url.hostname, url.path) == ("https", f"sts.{REGION}.amazonaws.com", "/")
    assert (query["Action"], query["X-Amz-Expires"]) == ("GetCallerIdentity", "60")
    assert query["X-Amz-SignedHeaders"] == "host;x-k8s-aws-id"
    signed = time.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ")
    expires = time.strptime(status["expirationTimestamp"], "%Y-%m-%dT%H:%M:%SZ")
    assert 14 * 60 - 2 <= time.mktime(expires) - time.mktime(signed) <= 14 * 60


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-gov-west-1", "sts.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "sts.cn-north-1.amazonaws.com.cn"),
        ("xx-new-9", "sts.xx-new-9.amazonaws.com"),
    ],
)
def test_the_host_is_that_of_the_regions_partition(region: str, host: str) -> None:
    assert tokens.sts_host(region) == host


def test_it_is_kept_for_its_owner_alone_and_given_again_without_botocore(program: str) -> None:
    first = token(program)
    (path,) = kept(program)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert token(program) == first
    again = run(program, WORDS, KEYS, bare=True)
    assert json.loads(again.stdout)["status"] == first
    fresh = run(program, WORDS, {**KEYS, "AWS_PROFILE": "other"}, bare=True)
    assert fresh.returncode == 1
    assert "install botocore" in fresh.stderr


@pytest.mark.parametrize(
    ("words", "env"),
    [
        (["--region", REGION, "--cluster-name", "mars"], {}),
        (["--region", "eu-west-1", "--cluster-name", "vulcan"], {}),
        (WORDS, {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPL2"}),
        (WORDS, {"AWS_SECRET_ACCESS_KEY": "another"}),
        (WORDS, {"AWS_SESSION_TOKEN": "session"}),
    ],
)
def test_all_that_decides_on_a_token_is_told_apart(program: str, words: list[str], env: dict[str, str]) -> None:
    first = token(program)
    assert token(program, *words, **env)["token"] != first["token"]
    assert len(kept(program)) == 2
    assert token(program) == first


def test_a_new_key_in_the_file_is_taken_up(program: str, tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"

    def write(key: str) -> dict[str, str]:
        credentials.write_text(f"[default]\naws_access_key_id = {key}\naws_secret_access_key = x\n")
        done = run(program, WORDS, {"AWS_SHARED_CREDENTIALS_FILE": str(credentials)})
        status: dict[str, str] = json.loads(done.stdout)["status"]
        return status

    first = write("AKIAIOSFODNN7EXAMPLE")
    assert write("AKIAIOSFODNN7EXAMPL2")["token"] != first["token"]


@pytest.mark.parametrize("spoil", ["expired", "foreign", "broken", "clock"])
def test_what_is_kept_is_not_trusted_blindly(program: str, spoil: str) -> None:
    token(program)
    (path,) = kept(program)
    entry = {**json.loads(path.read_text()), "token": "spoiled"}
    if spoil == "expired":
        entry["expires"] = time.time() + 30
    if spoil == "clock":
        # Kept while the clock was a day ahead.
        entry["expires"] += 24 * 3600
    path.write_text("{" if spoil == "broken" else json.dumps(entry))
    if spoil == "foreign":
        path.chmod(0o644)
    assert token(program)["token"] != "spoiled"


def test_many_at_once_each_get_a_token_and_leave_one(program: str) -> None:
    env = {**os.environ, **KEYS, "HOME": str(Path(program).parent)}
    command = [sys.executable, "-I", program, *WORDS]
    runs = [subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) for _number in range(12)]
    for process in runs:
        output = process.communicate()[0]
        assert process.returncode == 0
        assert json.loads(output)["status"]["token"].startswith(tokens.PREFIX)
    assert [path.suffix for path in kept(program)] == [".json"]


def test_a_folder_that_nobody_may_write_only_costs_time(program: str) -> None:
    Path(program).parent.joinpath("tokens").write_text("in the way")
    assert token(program)["token"].startswith(tokens.PREFIX)


@pytest.mark.parametrize("version", ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"])
def test_it_answers_in_the_version_that_is_asked_for(program: str, version: str) -> None:
    info = json.dumps({"apiVersion": version, "kind": "ExecCredential"})
    done = run(program, WORDS, {**KEYS, "KUBERNETES_EXEC_INFO": info})
    assert json.loads(done.stdout)["apiVersion"] == version


def test_no_credentials_is_one_line(program: str) -> None:
    done = run(program, WORDS, {})
    assert done.returncode == 1
    assert done.stderr == "get_token.py: no token for the EKS cluster vulcan: Unable to locate credentials\n"
    assert done.stdout == ""


def test_a_token_does_not_outlive_its_credentials() -> None:
    import datetime

    until = datetime.datetime.fromtimestamp(1000 + 300, tz=datetime.UTC)
    assert tokens.expiry(1000.0, until) == 1300
    assert tokens.expiry(1000.0) == 1000 + 14 * 60


def test_the_program_and_what_it_kept_go(program: str, tmp_path: Path) -> None:
    token(program)
    data = {"users": [{"name": "u", "user": {"exec": {"command": "python", "args": ["-I", program, *WORDS]}}}]}
    assert token_helper.used(data) == {program}
    token_helper.remove([program])
    assert not list(tmp_path.iterdir())


def test_nothing_is_taken_from_its_folder_or_the_environment(program: str, tmp_path: Path) -> None:
    folder, other = Path(program).parent, tmp_path / "other"
    other.mkdir()
    for place in (folder, other):
        (place / "json.py").write_text("raise SystemExit(9)\n")
    entry = clusters.exec_entry({"name": "vulcan"}, REGION, None, None, (sys.executable, program))
    env = {**KEYS, "PYTHONPATH": str(other), "HOME": str(folder), "PATH": os.environ["PATH"]}
    done = subprocess.run([entry["command"], *entry["args"]], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_botocore_is_found_where_its_user_installs_for_himself(program: str, tmp_path: Path) -> None:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    place = tmp_path / "home" / ".local" / "lib" / version / "site-packages" / "botocore"
    place.mkdir(parents=True)
    (place / "__init__.py").write_text("raise Exception('found')\n")
    done = run(program, WORDS, {**KEYS, "HOME": str(tmp_path / "home")}, bare=True)
    assert "vulcan: found" in done.stderr
    # Anybody could have put it there
    place.parent.chmod(0o777)
    done = run(program, WORDS, {**KEYS, "HOME": str(tmp_path / "home")}, bare=True)
    assert "No module named 'botocore'" in done.stderr


@pytest.mark.parametrize("how", ["link", "foreign"])
def test_a_file_of_somebody_elses_is_replaced(tmp_path: Path, how: str) -> None:
    """It may have been put into the folder while that was open to others."""
    path = Path(token_helper.program(str(tmp_path / "config")))
    path.parent.mkdir(0o700)
    theirs = tmp_path / "theirs" if how == "link" else path
    theirs.write_text("x")
    theirs.chmod(0o700)
    if how == "link":
        path.symlink_to(theirs)
    elif os.geteuid() == 0:
        os.chown(path, 65534, 65534)
    else:
        pytest.skip("only root can give files away")
    assert not token_helper.is_there(str(path), "x", 0o700)
    token_helper.put(str(path), "y", 0o700)
    assert not path.is_symlink()
    assert (path.read_text(), path.stat().st_uid) == ("y", os.geteuid())
    assert how == "foreign" or theirs.read_text() == "x"
    assert token_helper.is_there(str(path), "y", 0o700)


@pytest.mark.parametrize("how", ["link", "file", "writable", "foreign"])
def test_a_folder_that_is_not_ours_alone_is_rejected(tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "config.eks"
    if how == "link":
        (tmp_path / "theirs").mkdir()
        folder.symlink_to(tmp_path / "theirs")
    elif how == "file":
        folder.touch()
    else:
        folder.mkdir()
        folder.chmod(0o770 if how == "writable" else 0o700)
    if how == "foreign":
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    path = token_helper.program(str(tmp_path / "config"))
    for attempt in (lambda: token_helper.check_folder(path), lambda: token_helper.put(path, "x", 0o700)):
        with pytest.raises(FederationError, match=r"config\.eks"):
            attempt()
    assert not os.path.lexists(path)
    assert token_helper.certificates(str(tmp_path / "config"), "vulcan", None) == []


def test_what_is_behind_a_link_is_not_removed(program: str, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "kept").touch()
    (Path(program).parent / "tokens").symlink_to(tmp_path / "theirs")
    token_helper.remove([program])
    assert (tmp_path / "theirs" / "kept").exists()
