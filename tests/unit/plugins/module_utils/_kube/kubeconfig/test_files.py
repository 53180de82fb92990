# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several kubeconfig files, and several writers of one."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
import yaml

from ansible_collections.cloudburst.federation.plugins.module_utils._kube.kubeconfig import entries, files
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import FederationError

CHECKOUT = Path(__file__).resolve().parents[6]
# One writer among others: it adds an entry, as a module's run does.
WRITER = """\
import sys
sys.path.insert(0, sys.argv[1])
import conftest
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.kubeconfig import entries, files
path, name = sys.argv[2:]
for number in range(5):
    with files.locked([path]):
        all = files.Files([path])
        all.change(lambda data: entries.Edit({"users": {f"{name}-{number}": {"as": name}}}))
        files.write(path, all.files[0].new_text)
"""


def test_which_files() -> None:
    home = str(Path("~/.kube/config").expanduser())
    assert files.paths(None, {}) == [home]
    assert files.paths(None, {"KUBECONFIG": ""}) == [home]
    assert files.paths(None, {"KUBECONFIG": f"/a{os.pathsep}{os.pathsep}/b{os.pathsep}/a"}) == ["/a", "/b"]
    assert files.paths("/c", {"KUBECONFIG": "/a"}) == ["/c"]


def test_new_entries_go_to_the_first_file_that_is_there_else_to_the_last(tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in "abc"]
    assert files.default(paths) == 2
    (tmp_path / "b").touch()
    assert files.default(paths) == 1


def _write(path: Path, name: str, current: str = "") -> str:
    content = {key: [{"name": name, word: {"from": path.name}}] for key, word in entries.LISTS.items()}
    path.write_text(yaml.safe_dump({**content, "current-context": current}))
    return str(path)


def test_an_entry_is_changed_where_it_is_and_new_ones_go_to_the_default(tmp_path: Path) -> None:
    paths = [str(tmp_path / "missing"), _write(tmp_path / "a", "one"), _write(tmp_path / "b", "two", "two")]
    all_files = files.Files(paths)
    wanted: dict[str, dict[str, entries.Config | None]] = {"users": {"two": {"as": "x"}, "three": {"as": "y"}}}
    all_files.change(lambda data: entries.Edit(wanted))
    missing, first, second = all_files.files
    assert not missing.changed
    assert entries.find(first.new_data, "users", "three") == {"as": "y"}
    assert entries.find(second.new_data, "users", "two") == {"as": "x"}
    assert entries.find(second.new_data, "users", "three") is None
    # The current context is emptied where it is, and set in the default file.
    all_files.change(lambda data: entries.Edit({}, ""))
    assert second.new_data["current-context"] == ""
    all_files.change(lambda data: entries.Edit({}, "one"))
    assert first.new_data["current-context"] == "one"


def test_an_entry_that_another_one_hid_goes_too(tmp_path: Path) -> None:
    all_files = files.Files([_write(tmp_path / "a", "x", "x"), _write(tmp_path / "b", "x", "x")])

    def edit_of(data: entries.Config) -> entries.Edit:
        there = entries.find(data, "users", "x") is not None
        return entries.Edit({"users": {"x": None}} if there else {}, "" if data["current-context"] == "x" else None)

    all_files.change(edit_of)
    assert [file.new_data["users"] for file in all_files.files] == [[], []]
    assert [file.new_data["current-context"] for file in all_files.files] == ["", ""]


def test_a_current_context_that_another_one_hid_leads_nowhere_either(tmp_path: Path) -> None:
    paths = [_write(tmp_path / "a", "one", "two"), _write(tmp_path / "b", "two", "one")]
    all_files = files.Files(paths)
    all_files.change(lambda data: entries.Edit({"contexts": {"one": None}}))
    assert [file.new_data["current-context"] for file in all_files.files] == ["two", ""]


def test_no_writer_loses_what_another_one_wrote(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("# ours\nusers: []\n")
    command = [sys.executable, "-c", WRITER, str(CHECKOUT / "tests" / "unit"), str(path)]
    writers = [subprocess.Popen([*command, f"w{number}"]) for number in range(8)]
    assert [writer.wait() for writer in writers] == [0] * 8
    users = yaml.safe_load(path.read_text())["users"]
    assert {user["name"] for user in users} == {f"w{writer}-{number}" for writer in range(8) for number in range(5)}
    assert path.read_text().startswith("# ours\n")
    assert [entry.name for entry in tmp_path.iterdir()] == ["config"]


def test_a_lock_that_stays_is_named(tmp_path: Path) -> None:
    path, link = tmp_path / "config", tmp_path / "link"
    path.touch()
    link.symlink_to(path)
    lock = tmp_path / "config.lock"
    lock.touch()
    with pytest.raises(FederationError, match=r"config\.lock does not disappear"), files.locked([str(link)], 0.1):
        pass
    # The lock of the link was taken before, and is given back. The other one is not ours.
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["config", "config.lock", "link"]
    lock.unlink()
    with files.locked([str(link)], 0.1):
        assert lock.exists()
        assert (tmp_path / "link.lock").exists()
    assert not lock.exists()


def test_a_folder_that_is_not_there_needs_no_lock(tmp_path: Path) -> None:
    with files.locked([str(tmp_path / "no" / "config")], 0.1):
        assert not list(tmp_path.iterdir())


def test_line_ends_stay_and_what_is_not_utf8_has_a_place(tmp_path: Path) -> None:
    path = str(tmp_path / "config")
    files.write(path, "a: 1\r\nb: ä\n")
    assert files.read(path) == "a: 1\r\nb: ä\n"
    (tmp_path / "config").write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(FederationError, match="line 2, column 4: it is not UTF-8"):
        files.read(path)


def test_utf16_with_its_mark_is_read_and_stays_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "config"
    for encoding in ("utf-16-le", "utf-16-be"):
        path.write_bytes("\ufeffusers: []\r\n# ä\r\n".encode(encoding))
        all_files = files.Files([str(path)])
        all_files.change(lambda data: entries.Edit({"users": {"u": {"as": "ü"}}}))
        all_files.files[0].write()
        text = path.read_bytes().decode(encoding)
        assert text.startswith("\ufeffusers:\r\n")
        assert text.endswith("# ä\r\n")
        assert entries.find(entries.parse(text, "f"), "users", "u") == {"as": "ü"}
    path.write_bytes("\ufeffusers: []".encode("utf-16-le") + b"\x00")
    with pytest.raises(FederationError, match="it is not UTF-16"):
        files.read(str(path))


def test_what_is_no_regular_file_is_neither_waited_for_nor_replaced(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path, kind in ((str(fifo), "a FIFO"), (str(tmp_path), "a directory"), ("/dev/zero", "a device")):
        with pytest.raises(FederationError, match=f"cannot be read: it is {kind}"):
            files.read(path)
        with pytest.raises(FederationError, match=f"cannot be written: it is {kind}"):
            files.write(path, "users: []")
    # Nothing, as kubectl has it.
    assert files.read(os.devnull) == ""
    with pytest.raises(FederationError, match="cannot be written: it is a device"):
        files.write(os.devnull, "users: []")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "config"
    with path.open("wb") as stream:
        stream.truncate(64 * 2**20)
    tracemalloc.start()
    try:
        with pytest.raises(FederationError, match="it has 67108864 bytes, more than 2097152"):
            files.read(str(path))
        # Nor is one that grows meanwhile, which is why it is not read whole below either
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
