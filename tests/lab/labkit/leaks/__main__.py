# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command tests/lab/leaks, on the lab's management host."""

from __future__ import annotations

import argparse
import os
import secrets as chance
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from labkit import settings
from labkit.leaks import places
from labkit.leaks.forms import Search
from labkit.leaks.watch import Watch

DECOY = "decoy"


def run(playbooks: list[str], folder: Path) -> int:
    """Run playbooks at -vvvv and search everywhere for secrets; 1 if any is found, 2 if a playbook fails.

    A decoy is among the secrets: a playbook finds it in the environment, and may put it where it is to be found.
    """
    known = {**places.secrets(), DECOY: chance.token_hex(20)}
    output, began = folder / "output", time.time()
    environment = {
        **os.environ,
        **_exported(),
        "ANSIBLE_CACHE_PLUGIN": "jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(folder / "facts"),
        "LAB_DECOY": known[DECOY],
    }
    status = 0
    with Watch(Search(known)) as watch, output.open("wb") as file:
        for playbook in playbooks:
            words = ["ansible-playbook", "-i", str(settings.LAB_DIR / "inventory"), "-vvvv", "--diff", playbook]
            done = subprocess.run(
                words, env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file, check=False
            )
            status = status or done.returncode
    # What the run itself has made is secret too
    search = Search({**known, **places.secrets()})
    leaks: set[tuple[str, str]] = set()
    homes: set[tuple[str, str]] = set()
    size = 0
    for place, data in places.texts(began, folder):
        size += len(data)
        for name in search.names(data):
            (homes if places.allowed(place, name) else leaks).add((place, name))
    for place, command, name in watch.found:
        where = f"{place} of {command}"
        if not places.allowed(where, name) and not (name == DECOY and place == "environ"):
            leaks.add((where, name))
    for place in sorted({place for place, _name in homes}):
        if places.mode_of(place) != "600 root":
            leaks.add((place, f"its mode and owner are {places.mode_of(place)}"))
    told = f"{len(known)} secrets, {watch.looks} looks at {watch.processes} processes, {size >> 20} MiB looked through"
    print(f"{told}; they are at home in {len({place for place, _name in homes})} files")
    print("\n".join(f"LEAK {place}: {name}" for place, name in sorted(leaks)) or "nothing leaks")
    if status:
        print(b"\n".join(output.read_bytes().splitlines()[-15:]).decode(errors="replace"))
    return 2 if status else 1 if leaks else 0


def _exported() -> dict[str, str]:
    """AWS's keys as many users give them."""
    import boto3

    keys = boto3.Session(profile_name="default").get_credentials()
    return {"AWS_ACCESS_KEY_ID": keys.access_key, "AWS_SECRET_ACCESS_KEY": keys.secret_key}


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="leaks", description="Run playbooks, and look for secrets everywhere")
    parser.add_argument("playbooks", nargs="+")
    with tempfile.TemporaryDirectory(prefix="leaks-") as folder:
        return run(parser.parse_args().playbooks, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
