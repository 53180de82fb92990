# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


"""What is noted on federated objects."""

from __future__ import annotations

from ansible_collections.cloudburst.federation.plugins.module_utils._kube.objects import Object
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources.model import (
    EXISTED_ANNOTATION,
    existed_in,
    existed_value,
)


def test_where_it_existed_is_known_or_not() -> None:
    def with_note(value: str) -> Object:
        return {"metadata": {"annotations": {EXISTED_ANNOTATION: value}}}

    assert existed_in({"metadata": {}}) is None
    assert existed_in(with_note("")) == set()
    assert existed_in(with_note(existed_value({"vulcan", "earth"}))) == {"earth", "vulcan"}
