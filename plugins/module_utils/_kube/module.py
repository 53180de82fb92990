# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""What modules that reach a cluster have in common."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import missing_required_lib

from .._runtime import module as module_frame
from .._runtime.module import QuietModule, Result
from .client import KUBERNETES_IMPORT_ERROR
from .connect import secrets_of
from .urls import login_of


def prepare(module: QuietModule) -> None:
    """Mask the secrets in the module's kubeconfigs and URLs, and fail if the Python library is missing."""
    for option in ("kubeconfig", "member_kubeconfig"):
        module.no_log_values.update(secrets_of(module.params.get(option)))
    for option in ("host", "proxy", "member_host", "proxy_url"):
        module.no_log_values.update(login_of(module.params.get(option) or ""))
    if KUBERNETES_IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("kubernetes"), exception=KUBERNETES_IMPORT_ERROR)


def run_reading(module: QuietModule, read: t.Callable[[QuietModule], Result]) -> t.NoReturn:
    """Run ``read`` and end the module with what it returns. For modules that change nothing and do not wait."""
    prepare(module)
    module_frame.run_reading(module, read)


__all__ = ("prepare", "run_reading")
