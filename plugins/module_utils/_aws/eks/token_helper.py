# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.
"""The folder F.eks next to a kubeconfig F: the program that gets tokens, the tokens that it caches, certificates.

A module's own files are deleted after it ran, so what outlives it needs such a place.
"""

from __future__ import annotations

import contextlib
import glob
import inspect
import os
import stat
import typing as t

from ..._kube.kubeconfig.entries import Config
from ..._kube.kubeconfig.files import make_folder, read, write
from ..._runtime.errors import FederationError
from . import tokens

FOLDER = ".eks"
PROGRAM = "get_token.py"


def program(kubeconfig: str) -> str:
    """Where the program of a kubeconfig is."""
    return os.path.join(os.path.abspath(kubeconfig) + FOLDER, PROGRAM)


def certificate(kubeconfig: str, name: str, region: str) -> str:
    """Where the certificate of a cluster is. Neither names of clusters nor regions have a dot."""
    return os.path.join(os.path.abspath(kubeconfig) + FOLDER, f"{name}.{region}.crt")


def certificates(kubeconfig: str, name: str, region: str | None) -> list[str]:
    """Where the certificates of a cluster of this name are, in all regions when there is none given.

    There are none of ours in a folder that is not ours.
    """
    if _why_unsafe(os.path.abspath(kubeconfig) + FOLDER):
        return []
    pattern = glob.escape(os.path.abspath(kubeconfig) + FOLDER)
    return sorted(glob.glob(os.path.join(pattern, f"{name}.{region or '*'}.crt")))


def source() -> str:
    """The program's text."""
    return inspect.getsource(tokens)


def is_there(path: str, text: str, mode: int) -> bool:
    """Whether a file has this text and this mode, and is the user's own."""
    return _is_own(path) and read(path) == text and stat.S_IMODE(os.stat(path).st_mode) == mode


def _is_own(path: str) -> bool:
    """Whether a file is the user's. A link is not, wherever it leads."""
    try:
        info = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISREG(info.st_mode) and info.st_uid == os.geteuid()


def check_folder(path: str) -> None:
    """Reject the folder of a file if somebody else could write or replace files in it.

    A kubeconfig may be in a folder that is everybody's, such as /tmp. What is beside it is run, or believed.

    :raises FederationError: it is a link, somebody else's, or others may write to it.
    """
    folder = os.path.dirname(path)
    why = _why_unsafe(folder)
    if why:
        raise FederationError(
            f"{folder} {why}. A program that gets tokens, and certificates, are stored there, so the folder must be "
            "yours and nobody else may write to it. Remove it if you do not know where it came from, or move the "
            "kubeconfig to a folder of your own."
        )


def _why_unsafe(folder: str) -> str | None:
    """Why others could change a folder; ``None`` if they cannot, or if it does not exist."""
    try:
        info = os.lstat(folder)
    except FileNotFoundError:
        return None
    if not stat.S_ISDIR(info.st_mode):
        return "is a symbolic link" if stat.S_ISLNK(info.st_mode) else "is not a folder"
    if info.st_uid != os.geteuid():
        return f"belongs to somebody else (uid {info.st_uid})"
    return "is writable by others" if info.st_mode & 0o022 else None


def put(path: str, text: str, mode: int) -> None:
    """Write a file at once, in the place of one that is not the user's own.

    :raises FederationError: it cannot be written, or see :func:`check_folder`.
    """
    make_folder(path)
    # Not before: somebody may have been faster.
    check_folder(path)
    if not _is_own(path):
        # It would keep its owner, or be written where it leads
        with contextlib.suppress(OSError):
            os.unlink(path)
    write(path, text, mode)


def used(data: Config) -> set[str]:
    """The programs that users' entries of a kubeconfig name."""
    entries = ((user.get("user") or {}).get("exec") for user in data.get("users") or [])
    found = (program_of(entry.get("args")) for entry in entries if isinstance(entry, dict))
    return {path for path in found if path}


def program_of(arguments: t.Any) -> str | None:
    """Our program in a Python command line, after Python's own options."""
    words = (str(word) for word in arguments or [])
    first = next((word for word in words if not word.startswith("-")), "")
    return first if is_program(first) else None


def is_program(path: str) -> bool:
    """Whether a path is that of our program."""
    return os.path.isabs(path) and os.path.basename(path) == PROGRAM and os.path.dirname(path).endswith(FOLDER)


def remove(programs: t.Iterable[str]) -> None:
    """Remove programs with the tokens that they cached, if the folder is ours."""
    for path in programs:
        folder = os.path.dirname(path)
        if _why_unsafe(folder) or os.path.islink(os.path.join(folder, "tokens")):
            continue
        tokens = os.path.join(folder, "tokens")
        unlink([path, *glob.glob(os.path.join(glob.escape(tokens), "*"))])
        for place in (tokens, folder):
            with contextlib.suppress(OSError):
                os.rmdir(place)


def unlink(files: t.Iterable[str]) -> None:
    """Remove files, and then their folder if it is empty.

    :raises FederationError: one cannot be removed.
    """
    for path in files:
        try:
            os.unlink(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise FederationError(f"{path} cannot be removed: {error}") from error
        with contextlib.suppress(OSError):
            os.rmdir(os.path.dirname(path))


__all__ = (
    *("certificate", "certificates", "check_folder", "is_there", "program", "program_of", "put", "remove", "source"),
    *("unlink", "used"),
)
