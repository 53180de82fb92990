# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is private to the collection: it may change in any release.

from __future__ import annotations


class ModuleDocFragment:
    # What the modules that use AWS share, besides amazon.aws's own fragments for credentials and region.
    DOCUMENTATION = r"""
options: {}
requirements:
  - boto3
  - botocore
attributes:
  action_group:
    description: Use C(group/cloudburst.federation.aws) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - cloudburst.federation.aws
"""
