#!/usr/bin/python
# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_kubeconfig
short_description: Put an EKS cluster into a kubeconfig file, or take it out
version_added: 1.0.0
description:
  - Adds the three entries by which kubectl and its like reach an EKS cluster, with tokens from C(aws eks get-token), or
    removes exactly these.
  - All else in the file stays as it is, comments included where the file is written in lines.
  - The file is replaced at once and gets mode 0600. A symbolic link stays one.
  - The current context is left as it is. It is set when there is none, and emptied when it named the context that is
    removed.
author:
  - cloudburst.federation contributors (@cloudburst)
extends_documentation_fragment:
  - cloudburst.federation._aws
  - amazon.aws.common.modules
  - amazon.aws.region.modules
requirements:
  - PyYAML
attributes:
  check_mode:
    support: full
    description: Can run in C(check_mode) and tells what would change without changing it.
  diff_mode:
    support: full
    description: Returns details on what has changed, in diff mode.
    details:
      - Shows the entries that are changed, with what may be secret masked.
  idempotent:
    support: full
    description: When run twice with the same arguments, the second run reports no change.
options:
  name:
    description:
      - Name of the EKS cluster.
    type: str
    required: true
  state:
    description:
      - With V(present), the entries are there and lead to the cluster as EKS describes it.
      - With V(absent), they are not. AWS is not asked, so the cluster may be gone.
    type: str
    choices: [present, absent]
    default: present
  kubeconfig:
    description:
      - Path of the kubeconfig file. It is made when it is not there.
      - The environment variable E(K8S_AUTH_KUBECONFIG) is used when it is not set.
    type: path
    default: ~/.kube/config
  alias:
    description:
      - Name of the context. The cluster's ARN when it is not set, as with C(aws eks update-kubeconfig).
      - With O(state=absent), only the context of this name is removed; without it, every context of the cluster.
    type: str
  user_alias:
    description:
      - Name of the user's entry. The cluster's ARN when it is not set.
    type: str
  role_arn:
    description:
      - ARN of an IAM role to assume for getting a token.
    type: str
  wait:
    description:
      - Whether to wait for a cluster that is being created until it is active. One that never will be fails at once.
    type: bool
    default: false
  wait_timeout:
    description:
      - How many seconds to wait at most.
    type: int
    default: 1800
  wait_sleep:
    description:
      - How many seconds to leave between two looks at the cluster.
    type: int
    default: 5
seealso:
  - module: kubernetes.core.k8s
"""

EXAMPLES = r"""
- name: Reach the cluster as vulcan
  cloudburst.federation.eks_kubeconfig:
    name: vulcan
    region: eu-central-1
    alias: vulcan

- name: Reach it by a role, and wait until it is there
  cloudburst.federation.eks_kubeconfig:
    name: vulcan
    region: eu-central-1
    alias: vulcan-operator
    user_alias: vulcan-operator
    role_arn: arn:aws:iam::123456789012:role/operator
    wait: true

- name: Take it out again
  cloudburst.federation.eks_kubeconfig:
    name: vulcan
    region: eu-central-1
    alias: vulcan
    state: absent
"""

RETURN = r"""
kubeconfig:
  description: Path of the file.
  returned: success
  type: str
  sample: /home/burst/.kube/config
context:
  description: Name of the context that leads to the cluster.
  returned: with O(state=present)
  type: str
  sample: vulcan
cluster:
  description: The cluster as EKS describes it.
  returned: with O(state=present)
  type: dict
  contains:
    name:
      description: Its name.
      returned: success
      type: str
      sample: vulcan
    arn:
      description: Its ARN.
      returned: success
      type: str
      sample: arn:aws:eks:eu-central-1:123456789012:cluster/vulcan
    endpoint:
      description: Where its API answers.
      returned: success
      type: str
      sample: https://0A1B2C3D4E5F.gr7.eu-central-1.eks.amazonaws.com
    status:
      description: Its status.
      returned: success
      type: str
      sample: ACTIVE
    version:
      description: Its version of Kubernetes.
      returned: success
      type: str
      sample: "1.35"
"""

import os
import typing as t

from ansible.module_utils.basic import env_fallback, missing_required_lib
from ansible.module_utils.common.warnings import warn
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils import _kubeconfig
from ..module_utils._argspec import wait_spec
from ..module_utils._aws import calling
from ..module_utils._eks_access import Names, active, edit_to_absent, edit_to_present, exec_entry
from ..module_utils._module import Run, run_module

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def edit_for(aws: AnsibleAWSModule, run: Run, data: _kubeconfig.Config) -> _kubeconfig.Edit:
    """The edit that the module's options ask for; puts the cluster into the result."""
    params = aws.params
    if params["state"] == "absent":
        return edit_to_absent(data, params["name"], params["region"], params["alias"])
    with calling("make a client for EKS"):
        client = aws.client("eks")
    region = client.meta.region_name
    cluster = active(client, params["name"], region, run.waiter if params["wait"] else None)
    arn = cluster["arn"]
    names = Names(cluster=arn, context=params["alias"] or arn, user=params["user_alias"] or arn)
    run.result["context"] = names.context
    run.result["cluster"] = {key: cluster.get(key) for key in ("name", "arn", "endpoint", "status", "version")}
    entry = exec_entry(params["name"], region, params["profile"], params["role_arn"])
    return edit_to_present(data, cluster, names, entry)


def ensure(aws: AnsibleAWSModule, run: Run) -> None:
    """Bring the file to what the module's options ask for."""
    path = aws.params["kubeconfig"]
    run.result["kubeconfig"] = path
    text = _kubeconfig.read(path)
    data = _kubeconfig.parse(text, path)
    edit = edit_for(aws, run, data)
    wanted = _kubeconfig.merged(data, edit) if any(edit.entries.values()) else data
    to_write = wanted != data
    run.result["changed"] = to_write or (os.path.exists(path) and not _kubeconfig.is_private(path))
    run.result["diff"] = {
        "before_header": path,
        "after_header": path,
        "before": _kubeconfig.excerpt(data, edit.entries),
        "after": _kubeconfig.excerpt(wanted, edit.entries),
    }
    if run.check_mode or not run.result["changed"]:
        return
    if to_write:
        text, kept = _kubeconfig.apply(text, data, edit)
        if not kept:
            warn(f"{path} is not written in lines that can be edited: it was written anew, without its comments.")
    _kubeconfig.write(path, text)


def main() -> None:
    """Run the module."""
    aws = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "kubeconfig": {
                "type": "path",
                "default": "~/.kube/config",
                "fallback": (env_fallback, ["K8S_AUTH_KUBECONFIG"]),
            },
            "alias": {"type": "str"},
            "user_alias": {"type": "str"},
            "role_arn": {"type": "str"},
            **{**wait_spec(timeout=1800), "wait": {"type": "bool", "default": False}},
        },
        supports_check_mode=True,
    )
    if _kubeconfig.yaml is None:
        aws.fail_json(msg=missing_required_lib("PyYAML"))
    # It has what run_module uses of an AnsibleModule, without being one.
    run_module(t.cast("AnsibleModule", aws), lambda run: ensure(aws, run))


if __name__ == "__main__":
    main()
