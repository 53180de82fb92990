# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Removes what a cluster leaves in AWS, and sees it gone."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import time
import typing as t

from .._aws.errors import AwsError, AwsUnavailable, CredentialsRejected
from .._aws.tags import BURST_TAG
from .._costs.prices import HOURS, Prices, total
from .._runtime.errors import TerminalState
from .._runtime.module import Run
from .._runtime.wait import PollResult
from .api import Answer, Api, is_held, kind_of, name_of, seconds
from .hourly_costs import running
from .kinds import AFTER_THE_NODES, KIND_OF, KINDS, attached, interfaces, log_groups
from .leftovers import as_result, is_unmarked, leftovers
from .ownership import DATA_TAG, REMOVE, is_backup, is_log, is_of_balancer, is_of_its_time, is_own
from .things import Burst, Leftover, Thing

# How many things a line of progress names.
_NAMED = 4


class Sweep:
    """What one burst has left in AWS.

    :param prices: what things cost.
    :param remove_volumes: whether data may go.
    :ivar unmarked: data that could not be marked as the burst's, and why.
    """

    def __init__(self, run: Run, api: Api, name: str, prices: Prices, *, remove_volumes: bool) -> None:
        self.run = run
        self.api = api
        self.name = name
        self.prices = prices
        self.remove_volumes = remove_volumes
        self.cluster: Answer | None = None
        self.stack: Answer | None = None
        self.burst = Burst(name)
        self.things: list[Thing] = []
        self._resources: list[Answer] = []
        self.unmarked: dict[str, str] = {}

    # ---- looking

    def look(self) -> bool:
        """Read what there is of the burst.

        :returns: whether what carries its cluster's tags is the burst's: it is not when there is a cluster of this name
            that the burst did not make.
        """
        self.cluster = self.api.cluster(self.name)
        self.stack = self.api.stack(self.name)
        self._resources = self.api.stack_resources(self.stack["StackId"]) if self.stack else []
        self.burst = Burst(
            name=self.name,
            vpcs=self.api.vpcs(self.name),
            stack=frozenset(str(row["PhysicalResourceId"]) for row in self._resources if row.get("PhysicalResourceId")),
            cluster=self.cluster is not None,
            since=seconds(self.stack["CreationTime"]) if self.stack else None,
            ends=self.stack is not None and self.stack["StackStatus"] == "DELETE_IN_PROGRESS",
        )
        own = self.cluster is None or is_own(self.cluster, self.name)
        self.run.result["cluster"] = {
            "status": self.cluster["status"] if self.cluster else None,
            "own": own,
        }
        return own

    def found(self, *, cluster_goes: bool) -> list[Leftover]:
        """What is the burst's.

        :param cluster_goes: take it that the stack, and the cluster with it, is deleted in between.
        """
        things = self.things = things_of(self.api, self.burst)
        nodes = bool(self._instances()) or any(thing.kind == "node_group" for thing in things)
        self.burst = dataclasses.replace(self.burst, nodes=nodes)
        if cluster_goes:
            things = [self._marked(thing) for thing in things]
        return leftovers(things, self.burst, remove_volumes=self.remove_volumes, cluster_goes=cluster_goes)

    def _instances(self) -> list[str]:
        return [thing.id for thing in self.things if thing.kind == "instance" and thing.vpc in self.burst.vpcs]

    def report(self, found: t.Sequence[Leftover]) -> None:
        """Put into the result what is left, and what it costs."""
        rows = [as_result(leftover, self.prices) for leftover in found]
        if self.stack is None:
            known = {leftover.thing.id for leftover in found}
            others = [arn for arn in self.api.tagged(self.name) if not {arn, name_of(arn)} & known]
            rows += [tagged(arn, self.name, self.prices) for arn in others]
        self.run.result["leftovers"] = rows
        self.run.result["waits_for_nodes"] = any(leftover.kept == AFTER_THE_NODES for leftover in found)
        self.run.result["prices"] = self.prices.source
        self.run.result["monthly_cost"] = total(row["monthly_cost"] for row in rows)

    def report_all(self) -> None:
        """Only report what there is; in check mode with what would be removed."""
        self.report(self.found(cluster_goes=self.run.check_mode))
        if not self.run.check_mode:
            self._report_running()

    def _report_running(self) -> None:
        """Put into the result what of the stack is paid by the hour, and what the burst costs an hour with the rest."""
        rows = running(self._resources, self.things, self.prices, extended=self._is_in_extended_support())
        monthly = [row["monthly_cost"] for row in self.run.result["leftovers"]]
        hour = sum(row["hourly_cost"] or 0.0 for row in rows) + total(monthly) / HOURS
        self.run.result["running"] = rows
        self.run.result["hourly_cost"] = round(hour, 3)
        self.run.result["prices"] = self.prices.source
        since = self.burst.since
        self.run.result["since"] = None if since is None else iso(since)
        self.run.result["cost_so_far"] = None if since is None else round(hour * (time.time() - since) / 3600, 2)

    def _is_in_extended_support(self) -> bool:
        """Whether EKS takes the price of extended support, as far as it tells.

        A cluster that may slide into it does so when the standard support of its version ends; eks_stack's does not
        (https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html).
        """
        policy = (self.cluster or {}).get("upgradePolicy") or {}
        if self.cluster is None or policy.get("supportType") != "EXTENDED":
            return False
        try:
            return self.api.is_in_extended_support(str(self.cluster["version"]))
        except AwsError:
            return False

    # ---- removing

    def predict(self) -> None:
        """Say what :meth:`remove` would remove, taking it that the stack is deleted in between."""
        found = self.found(cluster_goes=True)
        self.run.result["removed"] = [as_result(leftover, self.prices) for leftover in found if not leftover.kept]
        self.run.result["changed"] = bool(self.run.result["removed"])
        self.report([leftover for leftover in found if leftover.kept])

    def remove(self) -> None:
        """Remove all of the burst's that is not kept, wait until it is gone, and report what is left.

        Whatever AWS is at is looked at anew in each round: it can be stopped anywhere.

        :raises TerminalState: something cannot be removed, and why.
        :raises WaitTimeout: something is not gone when the time is over.
        """
        self.run.slice_state.setdefault("removed", {})
        self._mark_log_groups()
        self._mark_attached()
        self._mark_data()
        not_deleted: dict[str, str] = {}
        if self.run.module.params["wait"]:
            what = f"what the cluster {self.name} left on AWS to be deleted"
            self.run.waiter.until(what, lambda: self._round(not_deleted))
        else:
            with contextlib.suppress(AwsUnavailable):
                self._round(not_deleted)
        self._report_removed()
        self.look()
        self.report(self.found(cluster_goes=False))
        if not_deleted:
            raise TerminalState(
                f"Not everything that the cluster {self.name} left on AWS can be removed: "
                f"{'; '.join(not_deleted.values())}. Remove what blocks it and run this again.",
            )

    def _report_removed(self) -> None:
        self.run.result["removed"] = list(self.run.slice_state["removed"].values())
        self.run.result["changed"] = bool(self.run.result["removed"])

    def _round(self, not_deleted: dict[str, str]) -> PollResult:
        try:
            remaining = self._remaining(not_deleted)
        finally:
            self._report_removed()
        return PollResult(not remaining, summary(remaining))

    def _remaining(self, not_deleted: dict[str, str]) -> list[str]:
        """Have everything deleted that can be, and tell what is not gone yet."""
        self.look()
        found = [each for each in self.found(cluster_goes=False) if not each.kept and each.thing.id not in not_deleted]
        groups = [each for each in found if each.thing.kind == "security_group"]
        for leftover in found:
            if leftover not in groups:
                self._delete(leftover, not_deleted)
        names = {row["name"] for row in self.run.slice_state["removed"].values() if KIND_OF[row["kind"]].is_balancer}
        busy = [each for each in interfaces(self.api, self.burst) if is_of_balancer(each.description, names)]
        # The rule that lets a load balancer in is taken back only when it is gone: until then there may be somebody who
        # puts it there again.
        if not busy:
            for leftover in groups:
                self._delete(leftover, not_deleted)
        if not found and not busy:
            return []
        after = [each.thing for each in self.found(cluster_goes=False) if not each.kept]
        after = [thing for thing in after if thing.id not in not_deleted]
        return [f"{thing.kind.replace('_', ' ')} {thing.name}" for thing in [*after, *busy]]

    def _delete(self, leftover: Leftover, not_deleted: dict[str, str]) -> None:
        thing = leftover.thing
        if thing.state in ("DELETING", "deleting", "shutting-down", "in-use"):
            return
        kind = KIND_OF[thing.kind]
        if kind.not_yet(thing, self.burst):
            return
        try:
            if kind.before:
                kind.before(self.api, thing, self.burst)
            self.api.delete(f"{thing.kind.replace('_', ' ')} {thing.name}", *kind.delete(thing))
        except (AwsUnavailable, CredentialsRejected):
            raise
        except AwsError as error:
            # What is held by something that cannot be removed is held for good.
            if not is_held(error) or not_deleted:
                not_deleted[thing.id] = error.message
            return
        self.run.slice_state["removed"].setdefault(thing.id, as_result(leftover, self.prices))

    # ---- marks

    def _mark_attached(self) -> None:
        """Mark the volumes that nodes of the burst have attached as the burst's, where no tag says whose they are.

        That is for a cluster that could not be asked which volumes it has made; see eks_cleanup.
        """
        self.found(cluster_goes=False)
        for thing in attached(self.api, self._instances()):
            if is_unmarked(thing, self.name):
                self._mark(thing, remove=False)

    def _mark(self, thing: Thing, *, remove: bool) -> None:
        try:
            self.api.tag_data(thing, self.name, remove=remove)
        except (AwsUnavailable, CredentialsRejected):
            raise
        except AwsError as error:
            self.unmarked[thing.id] = error.message

    def _mark_data(self) -> None:
        """Mark the data that was made since the stack was as going with the burst, if data may go.

        It can go only once the cluster is gone, and the stack with it; then nothing else tells it from what an earlier
        cluster of the same name has left.
        """
        if not self.remove_volumes:
            return
        for leftover in self.found(cluster_goes=True):
            thing = leftover.thing
            stays = thing.tags.get(DATA_TAG) == REMOVE or is_backup(thing)
            if KIND_OF[thing.kind].is_data and not stays and is_of_its_time(thing, self.burst):
                self._mark(thing, remove=True)

    def _marked(self, thing: Thing) -> Thing:
        """A log group as it will be once it is marked as the burst's."""
        if self._is_own_log(thing):
            return Thing(**{**vars(thing), "tags": {**thing.tags, BURST_TAG: self.name}})
        return thing

    def _mark_log_groups(self) -> None:
        """Mark the log groups that were made for the cluster as the burst's, as long as that can be told.

        They can be removed only once the cluster is gone, for EKS makes its own anew; then nothing else tells whose
        they were.
        """
        for thing in log_groups(self.api, self.burst):
            if self._is_own_log(thing):
                self.api.tag_log_group(thing, self.name)

    def _is_own_log(self, thing: Thing) -> bool:
        """Whether a log group was made in the time of the burst's stack, and nobody has said that it is another's."""
        if self.stack is None or thing.kind != "log_group" or BURST_TAG in thing.tags:
            return False
        return is_log(thing, self.name) and is_of_its_time(thing, self.burst)


def things_of(api: Api, burst: Burst) -> list[Thing]:
    """All that may be the burst's, with its tags: who it belongs to is not decided here."""
    return [thing for kind in KINDS if burst.vpcs or not kind.in_vpc for thing in kind.find(api, burst)]


def tagged(arn: str, name: str, prices: Prices) -> dict[str, t.Any]:
    """Something that carries the burst's own tag and is none of the kinds that are known, as a module returns it."""
    kind = kind_of(arn)
    return {
        "kind": kind,
        "id": arn,
        "name": name_of(arn),
        "state": None,
        "why": f"tag {BURST_TAG}={name}",
        "kept": "it is not of a kind that Kubernetes creates",
        "gib": None,
        "monthly_cost": prices.monthly(kind),
    }


def iso(seconds_: float) -> str:
    """A time in seconds since 1970 as ISO 8601 has it, in UTC."""
    return f"{datetime.datetime.fromtimestamp(seconds_, datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"


def summary(names: t.Sequence[str]) -> str:
    """The first of some names, and the number of the others, as one line."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "") if names else "nothing"


__all__ = ("Sweep", "iso", "summary", "tagged")
