#!/usr/bin/python
# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_kubeconfig
short_description: Add an EKS cluster to a kubeconfig file, remove it, or get a token for it
version_added: 1.0.0
description:
  - Does what C(aws eks update-kubeconfig) does, and can undo it. Adds the three entries with which kubectl and similar
    clients reach an EKS cluster, or removes exactly these. It can also return a token without changing the file, see
    O(access).
  - The rest of the file, comments included, stays unchanged byte for byte, in YAML and in JSON. The one exception is
    an entry that must be changed and holds a YAML anchor to which others refer. The file is then rewritten, and the
    module warns. It reads whatever C(kubectl) reads, and of several YAML documents the first.
  - The file is replaced atomically and gets mode 0600. A symbolic link is preserved. Concurrent writers are kept out
    with the same lock that kubectl uses. A broken file is rejected with line and column, and left unchanged.
  - Existing entries written by C(aws eks update-kubeconfig) or by hand are reused under their own names.
    C(client.authentication.k8s.io/v1alpha1) is upgraded to C(v1beta1). Whatever the user added to them stays, such as
    a namespace, C(--profile) or C(--endpoint-url) among the command's arguments, or another command in front of it.
    If a context or user of the same name is for something else, it is left unchanged and the task fails.
  - The current context is left as it is. It is only set if there is none, and cleared if it was the context that is
    removed.
author:
  - cloudburst.federation contributors (@cloudburst)
extends_documentation_fragment:
  - cloudburst.federation._attributes.progress
  - cloudburst.federation._aws
  - amazon.aws.common.modules
  - amazon.aws.region.modules
requirements:
  - PyYAML
attributes:
  check_mode:
    support: full
    description: Can run in check mode and return changed status prediction without modifying the target.
  diff_mode:
    support: full
    description: Returns details on what has changed, or would change in check mode, when in diff mode.
    details:
      - Shows the changed entries, with possible secrets masked.
  idempotent:
    support: full
    description: When run twice in a row outside check mode, with the same arguments, the second run reports no change.
options:
  name:
    description:
      - Name of the EKS cluster.
    type: str
    required: true
  state:
    description:
      - With V(present), the entries exist and point to the cluster as EKS describes it.
      - With V(absent), they do not exist. AWS is not asked, so the cluster may be gone. Files that O(access) put next
        to the kubeconfig are removed when nothing needs them any more.
    type: str
    choices: [present, absent]
    default: present
  access:
    description:
      - How clients get a token.
      - With V(aws_cli), they run C(aws eks get-token), as with C(aws eks update-kubeconfig). They need the AWS CLI.
      - With V(helper), they run a small program that this module puts next to the kubeconfig, as C(get_token.py) in a
        folder with the file's name followed by C(.eks). It needs the Python that runs this module, and botocore, but
        not the AWS CLI. It caches a token, with mode 0600, until a minute before it expires. The folder must belong to
        the user who runs this module, and nobody else may be able to write to it.
      - With V(token), clients need nothing. The token is returned in RV(k8s_auth), for the options of kubernetes.core.
        No entry is written, since a token expires after 15 minutes and would leave a useless entry. The cluster's
        certificate is put next to the kubeconfig. The task's output is hidden as with C(no_log), except for errors.
      - With V(aws_cli) and V(helper), clients find their own AWS credentials. Those in options of this task are not
        written to the file, except O(profile).
    type: str
    choices: [aws_cli, helper, token]
    default: aws_cli
  kubeconfig:
    description:
      - Path of the kubeconfig file. It is created if it does not exist.
      - If this option is not set, the environment variable E(K8S_AUTH_KUBECONFIG) is used. If that is not set either,
        the rules of kubectl apply. The files are those in E(KUBECONFIG). An entry is changed in the first file that has
        it, and new entries go to the first file that exists, otherwise to the last. Without E(KUBECONFIG), the file is
        C(~/.kube/config).
    type: path
  alias:
    description:
      - Name of the context. The default is O(user_alias), otherwise the cluster's ARN, as with
        C(aws eks update-kubeconfig).
      - With O(state=absent), only the context of this name is removed; if it is not set, every context of the cluster.
    type: str
  user_alias:
    description:
      - Name of the user's entry. The default is the name in the context, otherwise the cluster's ARN.
    type: str
  role_arn:
    description:
      - ARN of an IAM role to assume when getting a token.
    type: str
  assume_role_arn:
    description:
      - ARN of an IAM role to assume when asking EKS about a cluster in another account. It is not written to the
        entries.
    type: str
  proxy_url:
    description:
      - Proxy through which clients reach the cluster, for example V(http://proxy.example.com:3128).
      - An empty string removes it from the cluster's entry. If it is not set, the entry is left as it is.
    type: str
  backup:
    description:
      - Whether to keep a copy of each changed file, with the time in its name and mode 0600.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until a cluster that is being created is active, and then until its API server can be reached
        from here. If the cluster can no longer become active, the task fails at once. While waiting, a line every 15
        seconds shows the last known state.
      - With V(false), the task fails if the cluster is not active, and warns if its API server cannot be reached from
        here. The entries are written in either case, since the tunnel to a private endpoint may come up later.
    type: bool
    default: false
  wait_timeout:
    description:
      - How many seconds to wait.
    type: int
    default: 1800
  wait_sleep:
    description:
      - How many seconds to sleep between checks of the cluster.
    type: int
    default: 5
seealso:
  - module: kubernetes.core.k8s
"""

EXAMPLES = r"""
- name: Add the cluster to the kubeconfig as vulcan
  cloudburst.federation.eks_kubeconfig:
    name: vulcan
    region: eu-central-1
    alias: vulcan

- name: Add it with a role to assume, and wait until it answers
  cloudburst.federation.eks_kubeconfig:
    name: vulcan
    region: eu-central-1
    alias: vulcan-operator
    user_alias: vulcan-operator
    role_arn: arn:aws:iam::123456789012:role/operator
    wait: true
    wait_timeout: 600

- name: Add a cluster of another account behind a proxy, without the AWS CLI, and keep a copy of the file
  cloudburst.federation.eks_kubeconfig:
    name: vulcan
    region: eu-central-1
    access: helper
    kubeconfig: ~/.kube/clusters
    profile: burst
    assume_role_arn: arn:aws:iam::210987654321:role/reader
    proxy_url: http://proxy.example.com:3128
    backup: true

- name: Remove it again
  cloudburst.federation.eks_kubeconfig:
    name: vulcan
    region: eu-central-1
    alias: vulcan
    state: absent

- name: Get a token
  cloudburst.federation.eks_kubeconfig:
    name: vulcan
    region: eu-central-1
    access: token
  register: vulcan

- name: Use the token
  module_defaults:
    group/kubernetes.core.k8s: "{{ vulcan.k8s_auth }}"
  block:
    - name: Read the nodes
      kubernetes.core.k8s_info:
        kind: Node
"""

RETURN = r"""
kubeconfig:
  description: Path of the file.
  returned: success, unless O(access=token)
  type: str
  sample: /home/burst/.kube/config
context:
  description: Name of the cluster's context.
  returned: with O(state=present), unless O(access=token)
  type: str
  sample: vulcan
reachable:
  description:
    - Whether the cluster's API server can be reached from here. With a proxy other than V(http://), this is not
      checked, and V(true) is returned.
  returned: with O(state=present), not in check mode
  type: bool
  sample: true
k8s_auth:
  description:
    - Options with which the modules of kubernetes.core reach the cluster, suitable for C(module_defaults) of
      C(group/kubernetes.core.k8s).
  returned: with O(access=token)
  type: dict
  contains:
    host:
      description: URL of its API server.
      returned: success
      type: str
      sample: https://0A1B2C3D4E5F.gr7.eu-central-1.eks.amazonaws.com
    api_key:
      description: The token.
      returned: success
      type: str
      sample: k8s-aws-v1.aHR0cHM6Ly9zdHMuZXUtY2VudHJhbC0x
    ca_cert:
      description: Path of the file with the cluster's certificate.
      returned: success
      type: str
      sample: /home/burst/.kube/config.eks/vulcan.eu-central-1.crt
    proxy:
      description: The proxy.
      returned: with O(proxy_url)
      type: str
      sample: http://proxy.example.com:3128
token:
  description: The token.
  returned: with O(access=token)
  type: str
  sample: k8s-aws-v1.aHR0cHM6Ly9zdHMuZXUtY2VudHJhbC0x
token_expires:
  description: When it expires.
  returned: with O(access=token)
  type: str
  sample: "2026-11-25T12:14:00Z"
backup_file:
  description: Path of the copy of the original file; if several files were changed, of the first.
  returned: changed, with O(backup=true)
  type: str
  sample: /home/burst/.kube/config.4711.2026-11-25@12:00:00~
backup_files:
  description: Paths of all copies.
  returned: changed, with O(backup=true)
  type: list
  elements: str
  sample: ["/home/burst/.kube/config.4711.2026-11-25@12:00:00~"]
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
      description: URL of its API server.
      returned: success
      type: str
      sample: https://0A1B2C3D4E5F.gr7.eu-central-1.eks.amazonaws.com
    status:
      description: Its status.
      returned: success
      type: str
      sample: ACTIVE
    version:
      description: Its Kubernetes version.
      returned: success
      type: str
      sample: "1.35"
"""

import os
import sys
import time
import typing as t

from ansible.module_utils.basic import env_fallback, missing_required_lib
from ansible.module_utils.common.warnings import warn
from ansible_collections.amazon.aws.plugins.module_utils.botocore import get_aws_connection_info
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.eks import clusters, reach, token_helper, tokens
from ..module_utils._aws.errors import calling, patience
from ..module_utils._kube.kubeconfig import entries
from ..module_utils._kube.kubeconfig.files import Files, is_private, locked, make_folder, paths
from ..module_utils._runtime.argspec import wait_spec
from ..module_utils._runtime.errors import FederationError, WaitTimeout, without_login
from ..module_utils._runtime.module import Run, run_module
from ..module_utils._runtime.wait import PollResult

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

Cluster = dict[str, t.Any]

# Seconds within which an API server that can be reached answers, also through a tunnel.
REACH_TIMEOUT = 3.0


# -- AWS


def assumed(aws: AnsibleAWSModule, run: Run, role_arn: str, session_name: str) -> dict[str, t.Any]:
    """Credentials of a role."""
    with calling(f"assume the role {role_arn}"):
        client = aws.client("sts", config=patience(run.waiter.remaining))
        return dict(client.assume_role(RoleArn=role_arn, RoleSessionName=session_name)["Credentials"])


def described(aws: AnsibleAWSModule, run: Run) -> tuple[Cluster, str]:
    """The cluster as EKS describes it, active, and its region; both go into the result."""
    role = aws.params["assume_role_arn"]
    keys: dict[str, t.Any] = {}
    if role:
        # The name of the session is the aws CLI's: rules in a trust policy may go by it.
        given = assumed(aws, run, role, "EKSDescribeClusterSession")
        keys = {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }
    with calling("make a client for EKS"):
        client = aws.client("eks", config=patience(run.waiter.remaining), **keys)
    name = aws.params["name"]
    cluster = clusters.active(client, name, client.meta.region_name, run.waiter if aws.params["wait"] else None)
    run.result["cluster"] = {key: cluster.get(key) for key in ("name", "arn", "endpoint", "status", "version")}
    return cluster, str(cluster["arn"]).split(":")[3]


def new_token(aws: AnsibleAWSModule, run: Run, cluster: Cluster, region: str) -> tuple[str, str]:
    """A token for the cluster, and when it expires."""
    from botocore.credentials import Credentials

    until: t.Any
    now = time.time()
    if aws.params["role_arn"]:
        given = assumed(aws, run, aws.params["role_arn"], tokens.SESSION_NAME)
        credentials: t.Any = Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        until = given["Expiration"]
    else:
        credentials, until = clusters.caller_credentials(get_aws_connection_info(aws)[2])
    token = tokens.sign(credentials, clusters.identifier(cluster), region)
    return token, tokens.stamp(tokens.expiry(now, until))


# -- files


class Companion(t.NamedTuple):
    """A file beside the kubeconfig."""

    path: str
    text: str
    mode: int


def bring(aws: AnsibleAWSModule, run: Run, edit_of: t.Callable[[Files], entries.Edit]) -> Files:
    """Bring the kubeconfig files to an edit, with the programs beside them that their entries need, and no others.

    :param edit_of: the edit that is wanted for what the files say.
    """
    where = paths(aws.params["kubeconfig"], os.environ)
    if aws.check_mode:
        return _bring(aws, run, Files(where), edit_of)
    if aws.params["state"] == "present":
        # A lock needs it.
        make_folder(where[-1])
    with locked(where):
        return _bring(aws, run, Files(where), edit_of)


def _bring(aws: AnsibleAWSModule, run: Run, files: Files, edit_of: t.Callable[[Files], entries.Edit]) -> Files:
    files.change(lambda data: edit_of(files))
    # A copy of the file may name a program beside the original: that one is not ours to remove.
    ours = {token_helper.program(file.path) for file in files.files}
    needed = token_helper.used(files.after)
    source = token_helper.source()
    to_put = [Companion(path, source, 0o700) for path in sorted(needed & ours)]
    for companion in to_put:
        token_helper.check_folder(companion.path)
    to_put = [file for file in to_put if not token_helper.is_there(*file)]
    to_remove = (token_helper.used(files.before) - needed) & ours
    changed = [file for file in files.files if file.changed]
    holds = aws.params["state"] == "present"
    bare = [f for f in files.files if holds and any(f.edited.values()) and _is_bare(f.path)]
    run.result["changed"] = run.result["changed"] or bool(changed or bare or to_put or to_remove)
    diffs = [file.diff() for file in changed or files.files[:1]]
    run.result["diff"] = diffs[0] if len(diffs) == 1 else diffs
    if aws.check_mode:
        return files
    for companion in to_put:
        token_helper.put(*companion)
    if aws.params["backup"]:
        _back_up(aws, run, [file.path for file in changed if os.path.exists(file.path)])
    for file in {file.path: file for file in [*changed, *bare]}.values():
        if not file.kept:
            warn(f"{file.path} could not be changed in its place: it was written anew, without its comments.")
        file.write()
    token_helper.remove(to_remove)
    return files


def _is_bare(path: str) -> bool:
    return os.path.exists(path) and not is_private(path)


def _back_up(aws: AnsibleAWSModule, run: Run, files: t.Sequence[str]) -> None:
    copies = [str(aws.backup_local(path)) for path in files]
    for path in copies:
        os.chmod(path, 0o600)
    if copies:
        run.result["backup_file"] = copies[0]
        run.result["backup_files"] = copies


# -- states


def ensure_entries(aws: AnsibleAWSModule, run: Run, cluster: Cluster, region: str) -> None:
    """Bring the files to the entries that lead to a cluster."""
    params = aws.params
    dropped: list[str] = []

    def edit_of(files: Files) -> entries.Edit:
        data = files.after
        names = clusters.names_of(data, cluster, region, params["alias"], params["user_alias"])
        run.result["context"] = names.context
        added = clusters.added_words(entries.find(data, "users", names.user) or {})
        # What stands behind an option may be secret; a profile goes into the environment.
        options = [word.partition("=")[0] for word in added[:1] + [w for w in added[1:] if w.startswith("--")]]
        dropped.extend(option for option in options if option not in ("--", "--profile"))
        own = (sys.executable, token_helper.program(files.holder("users", names.user).path))
        entry = clusters.exec_entry(
            cluster, region, params["profile"], params["role_arn"], own if params["access"] == "helper" else None
        )
        return clusters.edit_to_present(data, cluster, region, names, entry, params["proxy_url"])

    files = bring(aws, run, edit_of)
    run.result["kubeconfig"] = files.holder("contexts", run.result["context"]).path
    if params["access"] == "helper" and dropped:
        warn(
            f"The command that got tokens before had more words, which the helper knows nothing of: {' '.join(dropped)}"
        )


def ensure_token(aws: AnsibleAWSModule, run: Run, cluster: Cluster, region: str) -> None:
    """Put a token into the result, and the cluster's certificate, which kubernetes.core wants as a file, beside it."""
    params = aws.params
    where = Files(paths(params["kubeconfig"], os.environ)).holder("clusters", cluster["arn"]).path
    path = token_helper.certificate(where, params["name"], region)
    text = reach.certificate(cluster)
    token_helper.check_folder(path)
    run.result["changed"] = not token_helper.is_there(path, text, 0o600)
    if run.result["changed"] and not aws.check_mode:
        token_helper.put(path, text, 0o600)
    token, expires = new_token(aws, run, cluster, region)
    proxy = {"proxy": params["proxy_url"]} if params["proxy_url"] else {}
    run.result["k8s_auth"] = {"host": cluster["endpoint"], "api_key": token, "ca_cert": path, **proxy}
    run.result["token"] = token
    run.result["token_expires"] = expires


def ensure_absent(aws: AnsibleAWSModule, run: Run) -> None:
    """Remove the cluster's entries from the files, and its certificate."""
    params = aws.params
    how = (params["name"], params["region"], params["profile"], params["alias"])
    files = bring(aws, run, lambda files: clusters.edit_to_absent(files.after, *how))
    run.result["kubeconfig"] = next((file for file in files.files if file.changed), files.holder("contexts", "")).path
    certificates = [
        path for file in files.files for path in token_helper.certificates(file.path, params["name"], params["region"])
    ]
    run.result["changed"] = run.result["changed"] or bool(certificates)
    if not aws.check_mode:
        token_helper.unlink(certificates)


def look(aws: AnsibleAWSModule, run: Run, cluster: Cluster) -> None:
    """Check whether the API server answers here; with wait, wait until it does."""
    endpoint = cluster["endpoint"]
    where = f"The EKS cluster {cluster['name']} is {cluster['status']}, but {endpoint} cannot be reached from here"

    def poll() -> PollResult:
        why = reach.no_answer(cluster, aws.params["proxy_url"], REACH_TIMEOUT)
        run.result["reachable"] = why is None
        return PollResult(why is None, why or "")

    if not aws.params["wait"]:
        state = poll()
        if not state.done:
            warn(f"{where}: {state.last}. {reach.advice(cluster)}")
        return
    try:
        run.waiter.until(f"{endpoint} to answer", poll)
    except WaitTimeout as error:
        last = error.details["last"]
        raise FederationError(
            f"{where}, and has not been for {aws.params['wait_timeout']} s: {last}. {reach.advice(cluster)}", last=last
        ) from error


def ensure(aws: AnsibleAWSModule, run: Run) -> None:
    """Do what the module's options ask for."""
    clusters.check(aws.params)
    if aws.params["state"] == "absent":
        ensure_absent(aws, run)
        return
    cluster, region = described(aws, run)
    if aws.params["access"] == "token":
        ensure_token(aws, run, cluster, region)
    else:
        ensure_entries(aws, run, cluster, region)
    if not aws.check_mode:
        look(aws, run, cluster)


def main() -> None:
    """Run the module."""
    aws = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "access": {"type": "str", "choices": ["aws_cli", "helper", "token"], "default": "aws_cli"},
            "kubeconfig": {"type": "path", "fallback": (env_fallback, ["K8S_AUTH_KUBECONFIG"])},
            "alias": {"type": "str"},
            "user_alias": {"type": "str"},
            "role_arn": {"type": "str"},
            "assume_role_arn": {"type": "str"},
            "proxy_url": {"type": "str"},
            "backup": {"type": "bool", "default": False},
            **{**wait_spec(timeout=1800), "wait": {"type": "bool", "default": False}},
        },
        supports_check_mode=True,
    )
    if entries.yaml is None:
        aws.fail_json(msg=missing_required_lib("PyYAML"))

    def call(run: Run) -> None:
        try:
            ensure(aws, run)
        finally:
            # Ansible shows a task's options. As a secret value, the password would be gone from k8s_auth too.
            aws.params["proxy_url"] = aws.params["proxy_url"] and without_login(aws.params["proxy_url"])

    # It has what run_module uses of an AnsibleModule, without being one.
    run_module(t.cast("AnsibleModule", aws), call)


if __name__ == "__main__":
    main()
