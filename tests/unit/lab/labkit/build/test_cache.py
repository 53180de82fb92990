# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests of how the lab's build keeps what it made."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from labkit import settings
from labkit.build import cache


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the cache of the machine."""
    monkeypatch.setattr(settings, "CACHE", tmp_path)


def test_key_changes_with_each_part_and_with_where_parts_end() -> None:
    keys = {cache.key("ab", "c"), cache.key("a", "bc"), cache.key("abc"), cache.key("ab", "c", ""), cache.key()}
    assert len(keys) == 5
    assert cache.key("ab", b"c") == cache.key("ab", "c")


def test_what_is_made_appears_whole() -> None:
    path = cache.path_of("programs", "etcd", "0123")
    with cache.locked(path), cache.making(path) as directory:
        (directory / "new").write_text("etcd")
        assert not path.exists()
    assert path.read_text() == "etcd"
    assert list(path.parent.iterdir()) == [path]


def test_what_fails_leaves_nothing() -> None:
    path = cache.path_of("programs", "etcd", "0123")
    with pytest.raises(RuntimeError), cache.making(path) as directory:
        (directory / "new").mkdir()
        raise RuntimeError
    assert list(path.parent.iterdir()) == []


def test_what_a_killed_build_left_is_cleared_and_a_neighbour_is_not() -> None:
    path = cache.path_of("programs", "etcd", "0123")
    leftover, neighbour = (path.parent / name for name in (".etcd-0123.abc", ".etcd-4567.abc"))
    for directory in (leftover, neighbour):
        directory.mkdir(parents=True)
        (directory / "new").touch()
    with cache.making(path) as directory:
        (directory / "new").touch()
    assert sorted(path.parent.iterdir()) == [neighbour, path]


def test_a_failing_program_is_told_with_what_it_said_last(tmp_path: Path) -> None:
    code = "import sys; print('first'); print(*range(100), sep='\\n'); sys.exit('no such package')"
    with pytest.raises(cache.BuildError) as failure:
        cache.run([sys.executable, "-c", code], log=tmp_path / "log" / "x.log")
    text = str(failure.value)
    assert "ended with 1" in text
    assert "no such package" in text
    assert "first" not in text
    assert str(tmp_path / "log" / "x.log") in text
