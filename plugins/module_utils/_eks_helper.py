# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.
"""What lies beside a kubeconfig F, in the folder F.eks: the program that gets tokens, tokens it keeps, certificates.

A module's own files are gone after it ran, so what outlives it needs such a place.
"""

from __future__ import annotations

import contextlib
import glob
import inspect
import os
import stat
import typing as t

from . import _eks_token
from ._errors import FederationError
from ._kubeconfig import Config
from ._kubeconfig_files import make_folder, read, write

FOLDER = ".eks"
PROGRAM = "get_token.py"


def program(kubeconfig: str) -> str:
    """Where the program of a kubeconfig is."""
    return os.path.join(os.path.abspath(kubeconfig) + FOLDER, PROGRAM)


def certificate(kubeconfig: str, name: str, region: str) -> str:
    """Where the certificate of a cluster is. Neither names of clusters nor regions have a dot."""
    return os.path.join(os.path.abspath(kubeconfig) + FOLDER, f"{name}.{region}.crt")


def certificates(kubeconfig: str, name: str, region: str | None) -> list[str]:
    """Where the certificates of a cluster of this name are, in all regions when there is none given."""
    pattern = glob.escape(os.path.abspath(kubeconfig) + FOLDER)
    return sorted(glob.glob(os.path.join(pattern, f"{name}.{region or '*'}.crt")))


def source() -> str:
    """The program's text."""
    return inspect.getsource(_eks_token)


def is_there(path: str, text: str, mode: int) -> bool:
    """Whether a file has this text and this mode."""
    return os.path.isfile(path) and read(path) == text and stat.S_IMODE(os.stat(path).st_mode) == mode


def put(path: str, text: str, mode: int) -> None:
    """Write a file at once."""
    make_folder(path)
    write(path, text, mode)


def used(data: Config) -> set[str]:
    """The programs that users' entries of a kubeconfig name."""
    found: set[str] = set()
    for user in data.get("users") or []:
        entry = (user.get("user") or {}).get("exec")
        words = (entry.get("args") or []) if isinstance(entry, dict) else []
        found.update(str(word) for word in words[:1] if is_program(str(word)))
    return found


def is_program(path: str) -> bool:
    """Whether a path is that of a program of ours."""
    return os.path.isabs(path) and os.path.basename(path) == PROGRAM and os.path.dirname(path).endswith(FOLDER)


def remove(programs: t.Iterable[str]) -> None:
    """Remove programs with the tokens that they kept."""
    for path in programs:
        folder = os.path.dirname(path)
        tokens = os.path.join(folder, "tokens")
        unlink([path, *glob.glob(os.path.join(glob.escape(tokens), "*"))])
        for place in (tokens, folder):
            with contextlib.suppress(OSError):
                os.rmdir(place)


def unlink(files: t.Iterable[str]) -> None:
    """Remove files, and their folder when it is empty then.

    :raises FederationError: one can not be removed.
    """
    for path in files:
        try:
            os.unlink(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise FederationError(f"{path} can not be removed: {error}") from error
        with contextlib.suppress(OSError):
            os.rmdir(os.path.dirname(path))


__all__ = (
    *("certificate", "certificates", "is_program", "is_there", "program", "put", "remove", "source", "unlink", "used"),
)
