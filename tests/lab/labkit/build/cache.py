# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cache of what is built: keys, locks, and atomic moves to the final place.

Everything lies in `<cache>/<kind>/<name>-<key>`, where the key is a hash of all that decides on its content. A thing
that is there is whole: files and directories are made beside their place and renamed. Old keys are left alone, for
other checkouts may use them.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import typing as t
from pathlib import Path

from labkit import errors, settings


def key(*parts: object) -> str:
    """A short hash of what decides on the content; the parts' lengths count, so ("ab", "c") is not ("a", "bc")."""
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        digest.update(b"%d:" % len(data) + data)
    return digest.hexdigest()[:16]


def path_of(kind: str, name: str, its_key: str, suffix: str = "") -> Path:
    """Where a thing is, or will be."""
    return settings.CACHE / kind / f"{name}-{its_key}{suffix}"


@contextlib.contextmanager
def locked(path: Path) -> t.Iterator[None]:
    """Holds the lock for building `path`; it is released when the process ends, however that happens."""
    locks = settings.CACHE / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with (locks / f"{path.parent.name}-{path.name}").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def making(path: Path) -> t.Iterator[Path]:
    """Yields a new directory beside `path` whose entry `new` becomes `path` when the block ends well.

    The directory is removed in any case; one that a killed build left behind is removed by the next.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{path.name}."
    for leftover in path.parent.glob(f"{prefix}*"):  # the lock is held, so nobody is at work in there
        remove(leftover)
    directory = Path(tempfile.mkdtemp(prefix=prefix, dir=path.parent))
    try:
        directory.chmod(0o755)
        yield directory
        (directory / "new").rename(path)
    finally:
        remove(directory)


def remove(path: Path) -> None:
    """Removes a file or a tree, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


class BuildError(errors.LabError):
    """A step of the build failed; the message has what its program said last."""


def run(
    argv: t.Sequence[str | Path], *, log: Path, env: t.Mapping[str, str] | None = None, cwd: Path | None = None
) -> None:
    """Runs a program of the build; its output goes to `log`, and the end of it into the error if it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        done = subprocess.run(
            [str(arg) for arg in argv],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            check=False,
        )
    if done.returncode:
        said = log.read_text(errors="replace").splitlines()[-15:]
        raise BuildError("\n".join([f"{argv[0]} ended with {done.returncode} (all of it: {log})", *said]))
