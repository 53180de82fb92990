# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Resources as a user gives them."""

from __future__ import annotations

import os
import typing as t
from functools import partial
from pathlib import Path

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources import documents
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import InvalidOption

warned: list[str] = []
from_definition = partial(documents.from_definition, warn=warned.append)
from_path = partial(documents.from_path, warn=warned.append)

TEXT = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {0}\n"


def names(manifests: list[dict[str, t.Any]]) -> list[str]:
    return [manifest["metadata"]["name"] for manifest in manifests]


def test_a_definition_has_many_forms() -> None:
    one = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    assert names(from_definition(one)) == ["a"]
    assert names(from_definition([one, {"apiVersion": "v1", "kind": "List", "items": [one]}])) == ["a", "a"]
    assert names(from_definition(f"{TEXT.format('a')}---\n---\n{TEXT.format('b')}")) == ["a", "b"]


def test_a_fifo_and_a_file_larger_than_memory_are_rejected(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.yml")
    with pytest.raises(InvalidOption, match=r"^src .*fifo.yml cannot be read: it is a FIFO, not a regular file\.$"):
        from_path(str(tmp_path))
    (tmp_path / "fifo.yml").unlink()
    with (tmp_path / "sparse.yml").open("wb") as file:
        file.truncate(3 << 30)
    with pytest.raises(InvalidOption, match=r"^src .*sparse.yml cannot be read: it has 3221225472 bytes, more than 67"):
        from_path(str(tmp_path))


def test_a_directory_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    (tmp_path / "2.yaml").write_text(TEXT.format("second"))
    (tmp_path / "1.yml").write_text(TEXT.format("first"))
    (tmp_path / "3.json").write_text('{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "third"}}')
    (tmp_path / "README.md").write_text("not this")
    (tmp_path / ".1.yml").write_text("nor: this")
    assert names(from_path(str(tmp_path))) == ["first", "second", "third"]
    assert names(from_path(str(tmp_path / "2.yaml"))) == ["second"]


def test_what_can_not_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="a directory without a file"):
        from_path(str(tmp_path))
    with pytest.raises(InvalidOption, match="cannot be read"):
        from_path(str(tmp_path / "gone.yml"))
    (tmp_path / "a.yml").write_text("kind: ConfigMap: Secret\n")
    with pytest.raises(InvalidOption, match=r"a\.yml is not YAML: .*line 1"):
        from_path(str(tmp_path))
    (tmp_path / "a.yml").write_text("kind: ConfigMap")
    with pytest.raises(InvalidOption, match=r"Document 1 of src .*a\.yml is not a Kubernetes object"):
        from_path(str(tmp_path))


def test_secrets_are_found_wherever_they_are() -> None:
    plain = {"kind": "Secret", "data": {"a": "one"}, "stringData": {"b": "two", "empty": ""}}
    item = {"path": "/data/a", "value": "four"}
    federated = {
        "kind": "FederatedSecret",
        "spec": {"template": {"data": {"a": "three"}}, "overrides": [{"clusterOverrides": [item]}]},
    }
    more = {"vulcan": [{"path": "/stringData", "value": {"b": "five"}}, {"path": "/spec/replicas", "value": 6}]}
    assert documents.secrets_in([plain]) == {"one", "two"}
    assert documents.secrets_in([federated], more) == {"three", "four", "five"}
    assert documents.secrets_in([{"kind": "ConfigMap", "data": {"a": "shown"}}], more) == set()


def test_numbers_are_those_that_the_api_server_has() -> None:
    text = "{apiVersion: v1, kind: Thing, metadata: {name: a}, spec: {most: 0xFFFFFFFFFFFFFFFF}}"
    assert from_definition(text)[0]["spec"] == {"most": 18446744073709552000}
