# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Argument specs which several modules share. Must be kept in sync with the doc fragments _kube, _member and _wait."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import env_fallback

# Evaluated as it stands, also on a managed host's Python, which knows no dict[...]
ArgumentSpec = t.Dict[str, t.Dict[str, t.Any]]


def kube_spec() -> ArgumentSpec:
    """Access to a cluster, with kubernetes.core's names, behaviour and environment variables."""
    return {
        "kubeconfig": {"type": "raw", "fallback": (env_fallback, ["K8S_AUTH_KUBECONFIG"])},
        "context": {"type": "str", "fallback": (env_fallback, ["K8S_AUTH_CONTEXT"])},
        "host": {"type": "str", "fallback": (env_fallback, ["K8S_AUTH_HOST"])},
        "api_key": {"type": "str", "no_log": True, "fallback": (env_fallback, ["K8S_AUTH_API_KEY"])},
        "ca_cert": {
            "type": "path",
            "aliases": ["ssl_ca_cert"],
            "fallback": (env_fallback, ["K8S_AUTH_CA_CERT", "K8S_AUTH_SSL_CA_CERT"]),
        },
        "validate_certs": {
            "type": "bool",
            "aliases": ["verify_ssl"],
            "fallback": (env_fallback, ["K8S_AUTH_VALIDATE_CERTS", "K8S_AUTH_VERIFY_SSL"]),
        },
        "client_cert": {
            "type": "path",
            "aliases": ["cert_file"],
            "fallback": (env_fallback, ["K8S_AUTH_CLIENT_CERT", "K8S_AUTH_CERT_FILE"]),
        },
        "client_key": {
            "type": "path",
            "no_log": False,
            "aliases": ["key_file"],
            "fallback": (env_fallback, ["K8S_AUTH_CLIENT_KEY", "K8S_AUTH_KEY_FILE"]),
        },
        "proxy": {"type": "str", "fallback": (env_fallback, ["K8S_AUTH_PROXY"])},
        "no_proxy": {"type": "str", "fallback": (env_fallback, ["K8S_AUTH_NO_PROXY"])},
        "impersonate_user": {"type": "str", "fallback": (env_fallback, ["K8S_AUTH_IMPERSONATE_USER"])},
        "impersonate_groups": {
            "type": "list",
            "elements": "str",
            "fallback": (env_fallback, ["K8S_AUTH_IMPERSONATE_GROUPS"]),
        },
    }


def member_spec() -> ArgumentSpec:
    """Access to a member of the federation. It is another cluster than the environment's variables are about."""
    return {
        "member_kubeconfig": {"type": "raw"},
        "member_context": {"type": "str"},
        "member_host": {"type": "str"},
        "member_api_key": {"type": "str", "no_log": True},
        "member_ca_cert": {"type": "path"},
    }


def wait_spec(*, timeout: int, sleep: int = 5) -> ArgumentSpec:
    """Waiting, with kubernetes.core's names.

    :param timeout: the default of ``wait_timeout`` in seconds.
    :param sleep: the default of ``wait_sleep`` in seconds.
    """
    return {
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": timeout},
        "wait_sleep": {"type": "int", "default": sleep},
    }


__all__ = ("ArgumentSpec", "kube_spec", "member_spec", "wait_spec")
