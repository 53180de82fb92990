# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS in the lab: `python -m labkit.aws.service` with the Python of the lab's environment, in the namespace `aws`.

Its settings come from the environment (set by labkit.aws.start): LAB_AWS_DIR, LAB_AWS_ADDRESS, LAB_AWS_PORT,
LAB_AWS_REGION, LAB_AWS_ACCOUNT, LAB_AWS_USER, LAB_AWS_POLICY, LAB_AWS_WEBHOOK_HOST and LAB_BIN.
"""

from __future__ import annotations

import logging
import os
import sys
import typing as t
from pathlib import Path

BURSTS = ("vulcan", "mercury")  # the lab's, and the second one of the scenario two_bursts


def main(make_fabric: t.Callable[[], t.Any], enter: t.Callable[[str], t.Sequence[str]]) -> None:
    """Serve until terminated. `make_fabric` returns the fabric; `enter` is put before a command that is to
    reach the named cluster."""
    directory = Path(os.environ["LAB_AWS_DIR"])
    account, region = os.environ["LAB_AWS_ACCOUNT"], os.environ["LAB_AWS_REGION"]
    _set_up(directory, account, region)

    from labkit.aws import balancers, faults, guardduty, identity, network, seams, tags, types, workflows
    from labkit.aws.cloud_controller import CloudController
    from labkit.aws.clusters import WEBHOOK, Clusters, Hands
    from labkit.aws.durations import Durations
    from labkit.aws.operations import Operations
    from labkit.aws.reconciler import Reconciler

    seams.check()
    seams.no_root_keys()
    seams.enter(account, region)
    user = os.environ["LAB_AWS_USER"]
    identity.install(
        identity.credentials(directory / "credentials", user),
        {identity.ADMIN: identity.ADMIN_POLICY, **_user_policy(user, account, region)},
        account,
    )
    identity.manage(_managed_policies(account, region), account)
    fabric = make_fabric()

    def webhook(cluster: t.Mapping[str, t.Any]) -> str:
        host = f"https://{os.environ['LAB_AWS_WEBHOOK_HOST']}:{os.environ['LAB_AWS_PORT']}"
        return f"{host}{WEBHOOK}/{account}/{region}/{cluster['name']}/{cluster['_auth_token']}"

    kubectl = Path(os.environ["LAB_BIN"]) / "kubectl"
    hands = Hands(fabric, directory / "kubeconfig", kubectl, enter)

    def changed() -> None:
        reconciler.changed()

    clusters = Clusters(fabric, hands, changed)
    reconciler = Reconciler(fabric, clusters.refresh, webhook, (account, region))
    network.install()
    balancers.install()
    guardduty.install()
    tags.install()
    types.install()
    clusters.install()
    workflows.install(f"https://{os.environ['LAB_AWS_ADDRESS']}:{os.environ['LAB_AWS_PORT']}")
    Operations(Durations(directory / "durations.json"), types.TYPES).install()
    reconciler.start()
    CloudController(hands, (account, region)).start()
    guardduty.GuardDuty(directory / "organisation.json", (account, region)).start()
    pki = directory / "pki"
    seams.serve(
        os.environ["LAB_AWS_ADDRESS"],
        int(os.environ["LAB_AWS_PORT"]),
        str(pki / "aws.crt"),
        str(pki / "aws.key"),
        lambda app: faults.around(app, faults.Faults(directory / "faults.json")),
    )


def _set_up(directory: Path, account: str, region: str) -> None:
    """Set the environment and the log, before MiniStack is imported."""
    # MiniStack reads its settings when it is imported.
    os.environ.update(
        AUTH="true",
        USE_SSL="1",
        GATEWAY_PORT=os.environ["LAB_AWS_PORT"],
        MINISTACK_REGION=region,
        MINISTACK_ACCOUNT_ID=account,
        MINISTACK_HOST="localhost",
        TMPDIR=str(directory / "tmp"),
    )
    (directory / "tmp").mkdir(parents=True, exist_ok=True)
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s", level="INFO")
    logging.getLogger("eks").setLevel("DEBUG")  # only there is a failure to apply access policies logged


def _user_policy(user: str, account: str, region: str) -> dict[str, t.Any]:
    """The policies of the playbooks' user for each burst as one. Without any, it may do nothing."""
    from labkit.aws import identity

    files = [Path(name) for name in os.environ.get("LAB_AWS_POLICY", "").split(os.pathsep) if name]
    policies = [identity.policy(file, burst, account, region) for file in files for burst in BURSTS]
    statements = [statement for policy in policies for statement in policy["Statement"]]
    return {user: {"Version": "2012-10-17", "Statement": statements}} if statements else {}


def _managed_policies(account: str, region: str) -> dict[str, t.Any]:
    """The same policies each by itself, named as the documentation asks: the roles of a lease have them."""
    from labkit.aws import identity

    files = [Path(name) for name in os.environ.get("LAB_AWS_POLICY", "").split(os.pathsep) if name]
    return {
        f"cloudburst-{burst}-{file.stem}": identity.policy(file, burst, account, region)
        for file in files
        for burst in BURSTS
    }


def _lab() -> None:
    from labkit import settings
    from labkit.fabric import Fabric, plan

    main(
        lambda: Fabric(settings.STATE),
        lambda cluster: ["nsenter", f"--net=/run/netns/{plan.control_namespace(cluster)}"],
    )


if __name__ == "__main__":
    _lab()
