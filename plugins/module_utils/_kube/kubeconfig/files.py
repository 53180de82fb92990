# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.
"""kubeconfig files: which ones there are, who may write them when, and reading and writing them at once."""

from __future__ import annotations

import codecs
import contextlib
import os
import random
import stat
import tempfile
import time
import typing as t

from ..._runtime.errors import FederationError
from ..._runtime.files import kind_of
from . import entries
from .entries import MAXIMUM_LENGTH, Config, Edit

HOME_FILE = "~/.kube/config"
# kubectl holds its lock for some milliseconds; many writers in a row take turns.
PATIENCE = 30.0


def paths(option: str | None, environment: t.Mapping[str, str]) -> list[str]:
    """The kubeconfig files, in the order of precedence.

    One that is named explicitly is the only one. Else they are those in KUBECONFIG, each once, else ~/.kube/config, as
    NewDefaultClientConfigLoadingRules() of client-go's tools/clientcmd/loader.go has it.
    """
    if option:
        return [option]
    listed = [path for path in environment.get("KUBECONFIG", "").split(os.pathsep) if path]
    return list(dict.fromkeys(listed)) or [os.path.expanduser(HOME_FILE)]


def default(files: t.Sequence[str]) -> int:
    """Index of the file that new entries go to: the first that is there, else the last.

    That is GetDefaultFilename() of PathOptions in client-go's tools/clientcmd/config.go, so what kubectl config does.
    The aws CLI takes the first, also when that one is not there.
    """
    return next((index for index, path in enumerate(files) if os.path.exists(path)), len(files) - 1)


@contextlib.contextmanager
def locked(files: t.Sequence[str], patience: float = PATIENCE) -> t.Iterator[None]:
    """Keep others from writing the files: with the locks that kubectl takes, in the order in which it takes them.

    The lock of F is F.lock, see lockFile() of client-go's tools/clientcmd/loader.go. kubectl itself does not wait.
    Where nobody may write, nothing is locked: reading is all that can be done there.

    :param patience: seconds to wait for a lock.
    :raises FederationError: somebody has held a lock for all that time.
    """
    names = {f"{name}.lock" for path in files for name in (path, os.path.realpath(path))}
    held: list[str] = []
    deadline = time.monotonic() + patience
    try:
        for name in sorted(names):
            if _take(name, deadline):
                held.append(name)
        yield
    finally:
        for name in held:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)


def _take(name: str, deadline: float) -> bool:
    while True:
        try:
            os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0))
            return True
        except FileExistsError:
            if time.monotonic() < deadline:
                time.sleep(random.uniform(0.002, 0.02))
                continue
        except OSError:
            return False
        raise FederationError(
            f"{name} does not disappear: another program is changing the kubeconfig, or was killed while doing so. "
            "If neither kubectl nor a playbook is using it, remove that lock file.",
        )


def read(path: str) -> str:
    """The text of a file with its line ends, and a byte order mark, as they are; empty when there is none.

    :raises FederationError: it cannot be read, or is no regular file, or larger than any kubeconfig.
    """
    return decode(_raw(path), path)[0]


def decode(raw: bytes, path: str) -> tuple[str, str]:
    """A file's text, and in what it is encoded: UTF-8, or by its byte order mark UTF-16, as kubectl reads it.

    That is yaml_parser_determine_encoding() of libyaml and goyaml.v2.

    :raises FederationError: it is broken.
    """
    marks = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
    encoding = marks.get(raw[:2], "utf-8")
    try:
        return raw.decode(encoding), encoding
    except UnicodeDecodeError as error:
        line, column = raw.count(b"\n", 0, error.start) + 1, error.start - raw.rfind(b"\n", 0, error.start)
        raise FederationError(
            f"{path} is broken in line {line}, column {column}: it is not {encoding[:6].rstrip('-').upper()}."
            " It was left unchanged; fix it first."
        ) from error


def _raw(path: str) -> bytes:
    try:
        # A FIFO that nobody writes to would be waited for.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise FederationError(f"{path} cannot be read: {error}") from error
    try:
        info = os.fstat(handle)
        if stat.S_ISCHR(info.st_mode) and os.path.realpath(path) == os.devnull:
            return b""
        if not stat.S_ISREG(info.st_mode):
            raise FederationError(f"{path} cannot be read: it is {kind_of(info.st_mode)}, not a regular file.")
        with os.fdopen(handle, "rb", closefd=False) as stream:
            raw = b"" if info.st_size > MAXIMUM_LENGTH else stream.read(MAXIMUM_LENGTH + 1)
    except OSError as error:
        raise FederationError(f"{path} cannot be read: {error}") from error
    finally:
        os.close(handle)
    size = max(info.st_size, len(raw))
    if size > MAXIMUM_LENGTH:
        raise FederationError(
            f"{path} is not a kubeconfig: it has {size} bytes, more than {MAXIMUM_LENGTH}. It was left unchanged."
        )
    return raw


def is_private(path: str) -> bool:
    """Whether nobody but its owner may do anything with the file."""
    return stat.S_IMODE(os.stat(path).st_mode) == 0o600


def make_folder(path: str) -> None:
    """Make the folder that a file is to be in, for its owner alone.

    :raises FederationError: it cannot be made.
    """
    try:
        os.makedirs(os.path.dirname(os.path.realpath(path)), mode=0o700, exist_ok=True)
    except OSError as error:
        raise FederationError(f"The folder of {path} cannot be made: {error}") from error


def write(path: str, text: str, mode: int = 0o600, encoding: str = "utf-8") -> None:
    """Put ``text`` in the place of a file, all at once and with mode 0600.

    A symbolic link stays one: the file that it leads to is replaced. The owner stays as it is where we may say so.

    :raises FederationError: it cannot be written, or what is there is no regular file.
    """
    target = os.path.realpath(path)
    if os.path.exists(target) and not os.path.isfile(target):
        # Root would put a file in the place of /dev/null.
        raise FederationError(
            f"{path} cannot be written: it is {kind_of(os.stat(target).st_mode)}, not a regular file."
        )
    folder = os.path.dirname(target)
    temporary = ""
    try:
        make_folder(path)
        # Made with mode 0600, and in the same folder, so that its renaming is atomic.
        handle, temporary = tempfile.mkstemp(prefix=".kubeconfig-", dir=folder)
        with os.fdopen(handle, "w", encoding=encoding, newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
            if os.path.exists(target) and os.geteuid() == 0:
                owner = os.stat(target)
                os.fchown(stream.fileno(), owner.st_uid, owner.st_gid)
        os.replace(temporary, target)
    except OSError as error:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)
        raise FederationError(f"{path} cannot be written: {error}") from error


class File:
    """A kubeconfig file, as it is and as it is to be."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.text, self._encoding = decode(_raw(path), path)
        self.new_text = self.text
        self.data: Config = entries.parse(self.text, path)
        self.new_data = self.data
        self.edited: dict[str, set[str]] = {name: set() for name in entries.LISTS}
        self.kept = True

    @property
    def changed(self) -> bool:
        """Whether its content is to change."""
        return self.new_data != self.data

    def change(self, edit: Edit) -> bool:
        """Make an edit; returns whether there was anything to do."""
        for name, changed in edit.entries.items():
            self.edited[name].update(changed)
        wanted = entries.merged(self.new_data, edit) if edit else self.new_data
        if wanted == self.new_data:
            return False
        self.new_text, kept = entries.apply(self.new_text, self.new_data, edit)
        self.new_data, self.kept = wanted, self.kept and kept
        return True

    def write(self) -> None:
        """Bring it to what it is to be, in the encoding that it has."""
        write(self.path, self.new_text, encoding=self._encoding)

    def diff(self) -> dict[str, str]:
        """What changes, in the form that Ansible shows, with everything secret masked."""
        return {
            "before_header": self.path,
            "after_header": self.path,
            "before": entries.excerpt(self.data, self.edited),
            "after": entries.excerpt(self.new_data, self.edited),
        }


class Files:
    """All kubeconfig files together, read at once.

    :raises FederationError: one of them cannot be read or is broken.
    """

    def __init__(self, files: t.Sequence[str]) -> None:
        self.files = [File(path) for path in files]
        self._default = default(files)

    @property
    def before(self) -> Config:
        """What they say together."""
        return entries.view([file.data for file in self.files])

    @property
    def after(self) -> Config:
        """What they will say together."""
        return entries.view([file.new_data for file in self.files])

    def holder(self, list_name: str, name: str) -> File:
        """The file that an entry is in, or will be in when it is new."""
        holds = (file for file in self.files if entries.find(file.new_data, list_name, name) is not None)
        return next(holds, self.files[self._default])

    def change(self, edit_of: t.Callable[[Config], Edit]) -> None:
        """Make an edit, each part of it in the file where it belongs, until it finds nothing more to do.

        It is made again since an entry that goes may have hidden another one of the same name in a later file.
        """
        while True:
            datas = [file.new_data for file in self.files]
            edits = entries.share(edit_of(entries.view(datas)), datas, self._default)
            changed = [file.change(edit) for file, edit in zip(self.files, edits)]
            if True not in changed:
                return


__all__ = ("File", "Files", "decode", "default", "is_private", "locked", "make_folder", "paths", "read", "write")
