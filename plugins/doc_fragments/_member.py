# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is private to the collection: it may change in any release.

from __future__ import annotations


class ModuleDocFragment:
    # Must be kept in sync with member_spec() in plugins/module_utils/_runtime/argspec.py
    DOCUMENTATION = r"""
options:
  member_kubeconfig:
    description:
      - The kubeconfig with access to the member, as the path of a file or its content as a dictionary. The default is
        O(kubeconfig).
    type: raw
  member_context:
    description:
      - The context of the member in O(member_kubeconfig). It can have any name. The default is O(name).
    type: str
  member_host:
    description:
      - URL of the member's API server. With O(member_api_key), no kubeconfig is needed for the member. Without it, this
        URL replaces the server in O(member_kubeconfig).
    type: str
  member_api_key:
    description:
      - A bearer token for the member's API server. It is not stored. KubeFed, and the keeper of shared Services, get
        tokens of their own.
    type: str
  member_ca_cert:
    description:
      - Path of a PEM file with the certificates to verify the member's API server with.
    type: path
"""
