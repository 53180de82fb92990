# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names, labels and annotations that Kubernetes takes."""

from __future__ import annotations

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kube import names
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import InvalidOption


@pytest.mark.parametrize("name", ["", "Earth", "a_b", "a@b", "-a", "a-", "a..b", "a" * 254, "a\n"])
def test_names_that_kubernetes_rejects(name: str) -> None:
    with pytest.raises(InvalidOption, match="name is"):
        names.check_name(name, "name")


@pytest.mark.parametrize(
    ("labels", "part"),
    [
        ({"a b": "c"}, "'a b'"),
        ({"": "c"}, "''"),
        ({"Example.com/a": "c"}, "Example.com/a"),
        ({"/a": "c"}, "'/a'"),
        ({"a" * 64: "c"}, "aaa"),
        ({"a": "c d"}, "'c d'"),
        ({"a": "c" * 64}, "ccc"),
        ({"a": "-c"}, "'-c'"),
    ],
)
def test_labels_that_kubernetes_rejects(labels: dict[str, str], part: str) -> None:
    with pytest.raises(InvalidOption, match=f"labels has .*{part}"):
        names.check_labels(labels, "labels")


def test_labels_and_annotations_that_it_takes() -> None:
    names.check_labels({"place": "cloud", "example.com/A_b.c": "", "a": "B-1.2_3"}, "labels")
    names.check_labels({"note": "anything at all: é"}, "annotations", annotations=True)


def test_a_namespace_has_no_dots() -> None:
    with pytest.raises(InvalidOption, match=r"kubefed_namespace is 'a\.b'"):
        names.check_name("a.b", "kubefed_namespace", limit=63, dots=False)
