# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the result of a module shows of passwords in the URLs among its options."""

from __future__ import annotations

import contextlib
import io
import json
import typing as t

import pytest
from ansible.module_utils import basic
from ansible.release import __version__

pytest.importorskip("kubernetes")

from ansible_collections.cloudburst.federation.plugins.modules import (
    federated_resource_info,
    kube_metadata_info,
    kubefed_join,
)

PROXY, HOST = "http://jane:TOP-SECRET@127.0.0.1:9", "https://jane:TOP-SECRET@127.0.0.1:9"
KUBECONFIG = {
    "current-context": "c",
    "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:9", "proxy-url": PROXY}}],
    "users": [{"name": "u", "user": {"token": "t0ken"}}],
}
MAINS: dict[str, tuple[t.Callable[[], None], dict[str, t.Any]]] = {
    "kube_metadata_info": (kube_metadata_info.main, {"queries": [{"api_version": "v1", "resource": "pods"}]}),
    "federated_resource_info": (federated_resource_info.main, {}),
    "kubefed_join": (kubefed_join.main, {"name": "vulcan", "host_cluster_name": "earth", "wait_timeout": 1}),
}


@pytest.mark.parametrize(
    "access",
    [
        {"host": "https://127.0.0.1:9", "api_key": "k", "proxy": PROXY},
        {"host": HOST, "api_key": "k"},
        {"kubeconfig": KUBECONFIG},
    ],
)
@pytest.mark.parametrize("name", MAINS)
def test_a_password_in_an_address_is_shown_nowhere(
    name: str, access: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    main, options = MAINS[name]
    arguments = {**options, **access}
    # Since core 2.20, the invocation is there only when ansible-playbook asks for it, as with -vvv.
    if tuple(map(int, __version__.split(".")[:2])) >= (2, 20):
        arguments["_ansible_inject_invocation"] = True
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    output = io.StringIO()
    with contextlib.redirect_stdout(output), pytest.raises(SystemExit):
        main()
    assert json.loads(output.getvalue())["invocation"]
    assert "TOP-SECRET" not in output.getvalue()
