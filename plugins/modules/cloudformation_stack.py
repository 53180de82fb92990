#!/usr/bin/python
# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudformation_stack
short_description: Create, update or delete a CloudFormation stack and wait until it is done
version_added: 1.0.0
description:
  - Creates or updates a stack to match its template, or deletes it, and waits until AWS has finished.
  - It can be stopped at any time and run again. If an operation on the stack is in progress, the module waits for it
    instead of failing, and it removes what a failed creation left before it creates the stack again.
  - A deletion is tracked by the stack's id, and only C(DELETE_COMPLETE) counts as done. An error while waiting is never
    taken for the end. Throttling and network problems are retried until O(wait_timeout) expires, and expired
    credentials fail the task.
  - An error message names the resource that failed first, in nested stacks too, with the reason that AWS gives.
  - While waiting, the module shows the stack's events as they arrive.
author:
  - cloudburst.federation contributors (@cloudburst)
extends_documentation_fragment:
  - cloudburst.federation._aws
  - amazon.aws.common.modules
  - amazon.aws.region.modules
attributes:
  check_mode:
    support: full
    description: Can run in check mode and return changed status prediction without modifying the target.
    details:
      - For an existing stack, AWS computes the changes as a change set, which is then deleted. For a new one, AWS
        validates the template.
  diff_mode:
    support: full
    description: Returns details on what has changed, or would change in check mode, when in diff mode.
    details:
      - Shows the names of resources and of their properties, never the values of parameters.
  idempotent:
    support: full
    description: When run twice in a row outside check mode, with the same arguments, the second run reports no change.
options:
  name:
    description:
      - Name of the stack.
    type: str
    required: true
  state:
    description:
      - With V(present), the stack is created or updated.
      - With V(absent), it is deleted.
    type: str
    choices: [present, absent]
    default: present
  template_body:
    description:
      - The template as text, for example from the P(ansible.builtin.template#lookup) lookup.
      - AWS accepts up to 51200 bytes.
      - Required with O(state=present), unless O(started=true).
    type: str
  template_parameters:
    description:
      - Values of the template's parameters by name. Lists are joined with commas.
      - A parameter that is not listed gets its default, even if the stack has another value for it.
      - Values of parameters that the template declares with C(NoEcho) are masked in the task's result. Set C(no_log)
        for the task to also keep them out of the system log of the host that it runs on.
    type: dict
    default: {}
  tags:
    description:
      - The stack's tags, which CloudFormation propagates to all of its resources that support tags.
      - Tags that are not listed are removed. If this option is not set, the tags of an existing stack stay as they are.
    type: dict
  burst:
    description:
      - Name of the burst that the stack belongs to. It is stored as the stack's tag C(cloudburst:burst).
      - A stack of this name that lacks the tag, or has another burst's name there, is neither updated nor deleted; the
        task fails.
    type: str
  owner:
    description:
      - The owner of the stack, as a string that is unique in the account, such as the UID of the namespace
        C(kube-system) in the cluster that the burst extends. It is stored as the stack's tag C(cloudburst:owner).
      - A stack of this name that belongs to somebody else is neither updated nor deleted; the task fails and names the
        owner. A stack without an owner is treated as one's own.
      - Requires O(burst).
    type: str
  take_over:
    description:
      - Another owner, from whom the stack is taken over if it belongs to them.
      - Requires O(owner).
    type: str
  capabilities:
    description:
      - CloudFormation's capabilities, which the template needs acknowledged.
    type: list
    elements: str
    choices: [CAPABILITY_IAM, CAPABILITY_NAMED_IAM, CAPABILITY_AUTO_EXPAND]
    default: []
  wait:
    description:
      - Whether to wait until AWS has finished with the stack.
      - With V(false), the task ends as soon as AWS has started the operation, and a later task can wait for it. If
        another operation must end before AWS can start, the task waits for that in any case.
    type: bool
    default: true
  wait_for:
    description:
      - Logical names of resources. While AWS creates the stack, the task waits only until all of these are created, and
        a later task can wait for the stack. The stack's outputs are still empty then, but the resources have their ids.
      - The task always waits for the end of an update, since it may replace any of them. The same applies to a stack
        without such a resource.
      - If the stack fails or is rolled back in the meantime, the task fails.
    type: list
    elements: str
    default: []
  started:
    description:
      - Whether an earlier task has started to create or update the stack, so that this one only waits for it. Nothing
        is created, updated or deleted then, and O(template_body) is not needed.
      - The task fails as soon as AWS begins to roll the stack back, while it otherwise waits for the end of that. With
        O(wait=false), it only checks that this has not happened.
      - Has no effect with O(state=absent).
    type: bool
    default: false
  wait_timeout:
    description:
      - How many seconds to wait.
    type: int
    default: 3600
  wait_sleep:
    description:
      - How many seconds to sleep between checks of the stack.
    type: int
    default: 5
seealso:
  - module: amazon.aws.cloudformation
  - module: amazon.aws.cloudformation_info
"""

EXAMPLES = r"""
- name: Start creating a stack and do other work in the meantime
  cloudburst.federation.cloudformation_stack:
    name: cloudburst-vulcan
    region: eu-central-1
    template_body: "{{ lookup('ansible.builtin.template', 'stack.yml.j2') }}"
    template_parameters:
      Zones: [eu-central-1a, eu-central-1b]
    burst: vulcan
    owner: 5c1b7d2e-7f0a-4b8e-9a53-0d6c1e2f3a4b
    capabilities: [CAPABILITY_IAM]
    wait: false

- name: Wait until the stack has its VPN connection
  cloudburst.federation.cloudformation_stack:
    name: cloudburst-vulcan
    region: eu-central-1
    started: true
    wait_for: [VpnConnection]

- name: Wait for the stack
  cloudburst.federation.cloudformation_stack:
    name: cloudburst-vulcan
    region: eu-central-1
    template_body: "{{ lookup('ansible.builtin.template', 'stack.yml.j2') }}"
    template_parameters:
      Zones: [eu-central-1a, eu-central-1b]
    burst: vulcan
    owner: 5c1b7d2e-7f0a-4b8e-9a53-0d6c1e2f3a4b
    capabilities: [CAPABILITY_IAM]
  register: burst

- name: Show the cluster's endpoint
  ansible.builtin.debug:
    var: burst.stack.outputs.ClusterEndpoint

- name: Delete the stack
  cloudburst.federation.cloudformation_stack:
    name: cloudburst-vulcan
    region: eu-central-1
    burst: vulcan
    owner: 5c1b7d2e-7f0a-4b8e-9a53-0d6c1e2f3a4b
    state: absent
"""

RETURN = r"""
stack:
  description: The stack. With O(state=absent) and no stack, everything except its name is empty.
  returned: success
  type: dict
  contains:
    id:
      description: The stack's id, which identifies it even after it is deleted.
      returned: success
      type: str
      sample: arn:aws:cloudformation:eu-central-1:123456789012:stack/cloudburst-vulcan/5c2e8a60-c8b6-11f0
    name:
      description: The stack's name.
      returned: success
      type: str
      sample: cloudburst-vulcan
    status:
      description: The stack's status.
      returned: success
      type: str
      sample: CREATE_COMPLETE
    outputs:
      description: The stack's outputs by name. Empty while AWS creates the stack, and once it is deleted.
      returned: success
      type: dict
      sample: {"ClusterName": "vulcan"}
    resources:
      description: The ids of the resources that are complete, by logical name.
      returned: with O(state=present), outside check mode
      type: dict
      sample: {"Vpc": "vpc-0a1b2c3d"}
    changing:
      description: Logical names of the resources that the update may touch. All others stay as they are.
      returned: when an update was started, outside check mode
      type: list
      elements: str
      sample: [NodeGroup]
events:
  description: AWS's events of the operation, the oldest first.
  returned: success
  type: list
  elements: dict
  sample:
    - time: "2026-11-23T22:10:04+00:00"
      resource: Vpc
      type: AWS::EC2::VPC
      id: vpc-0a1b2c3d
      status: CREATE_COMPLETE
      reason: null
blocking:
  description: The resources that blocked the deletion of the stack.
  returned: when a deletion failed
  type: list
  elements: dict
  sample:
    - resource: Vpc
      type: AWS::EC2::VPC
      id: vpc-0a1b2c3d
      reason: The vpc 'vpc-0a1b2c3d' has dependencies and cannot be deleted.
"""

import time
import typing as t
import uuid

from ansible.module_utils.common.warnings import warn
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.errors import AwsError, calling, patience
from ..module_utils._aws.stacks.api import MAX_TEMPLATE_BYTES, StackApi
from ..module_utils._aws.stacks.events import Event, of_operation, summary
from ..module_utils._aws.stacks.follow import Operation, failure, follow, unfinished_operation
from ..module_utils._aws.stacks.ownership import Ownership, tags_of
from ..module_utils._aws.stacks.states import (
    Kind,
    Step,
    adopted_kind,
    describe_changes,
    names_of_changes,
    parameter_text,
    same_inputs,
    step_to_absent,
    step_to_present,
    way_out,
)
from ..module_utils._runtime.argspec import wait_spec
from ..module_utils._runtime.errors import InvalidOption, TerminalState
from ..module_utils._runtime.module import Run, run_module
from ..module_utils._runtime.wait import PollResult, Waiter

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

Stack = dict[str, t.Any]

# How long AWS may take to work out a change set, which is usually seconds.
CHANGE_SET_SECONDS = 600


class StackJob:
    """One stack that is brought to the desired state."""

    def __init__(self, run: Run, client: t.Any) -> None:
        self.run = run
        self.params = run.module.params
        self.name: str = self.params["name"]
        self.api = StackApi(client)
        burst = self.params["burst"]
        self.ownership = Ownership(burst, self.params["owner"], self.params["take_over"]) if burst else None
        self.parameters = {key: parameter_text(value) for key, value in self.params["template_parameters"].items()}

    # ---- both ways

    def work(self) -> None:
        """Take steps until the stack is in the desired state."""
        self._report({"StackName": self.name})
        absent = self.params["state"] == "absent"
        operation = unfinished_operation(self.run)
        if operation is not None:
            # What was seen last, should this run see nothing: it must not look as if there were no stack.
            self._report({"StackName": self.name, "StackId": operation.stack_id, "StackStatus": operation.status})
            self._hide(self.run.slice_state.get("hidden") or [])
        elif not absent and self.params["started"]:
            operation = self._started()
            if operation is None:
                return
        elif not absent:
            self._check_inputs()
        while True:
            if operation is not None:
                only_wait = not absent and self.params["started"]
                stack, events = follow(self.api, self.run, operation, self.params["wait_for"], early=only_wait)
                self._report(stack, events)
                if stack["StackStatus"] == "CREATE_IN_PROGRESS":
                    return  # What was asked for is there, and the rest goes on.
                error = failure(self.api, Kind(operation.kind), stack, events)
                if error:
                    raise error
                if operation.final:
                    return
                if not absent:
                    self._check_inputs()
            found = self.api.find(self.name)
            self._report(found or {"StackName": self.name})
            reason = self.ownership.mismatch(found) if self.ownership and found else None
            if reason:
                raise TerminalState(reason)
            operation = self._step_to_absent(found) if absent else self._step_to_present(found)
            if operation is None:
                return

    def _started(self) -> Operation | None:
        """The operation that an earlier task started, if it has to be waited for.

        :raises TerminalState: it has failed, and why.
        """
        stack = self.api.find(self.name)
        if stack is None:
            raise TerminalState(
                f"There is no stack {self.name}, which an earlier task has started: somebody has deleted it. Run the "
                "playbook again."
            )
        self._report(stack)
        status = stack["StackStatus"]
        kind = adopted_kind(status)
        if kind in (Kind.CREATE, Kind.UPDATE):
            wait = self.params["wait"] and not self.run.check_mode
            return self._operation(kind, stack["StackId"], token=None, final=True) if wait else None
        events = of_operation(self.api.events(stack["StackId"]))
        self._report(stack, events)
        error = failure(self.api, Kind.UPDATE if status.startswith("UPDATE") else Kind.CREATE, stack, events)
        if error:
            raise error
        return None

    def report_resources(self) -> None:
        """Put the ids of the resources into the result, for those who need one while the rest is created."""
        stack_id = self.run.result["stack"]["id"]
        if self.params["state"] == "present" and not self.run.check_mode and stack_id:
            self.run.result["stack"]["resources"] = {
                row["LogicalResourceId"]: row["PhysicalResourceId"]
                for row in self.api.resources(stack_id)
                if row["ResourceStatus"].endswith("_COMPLETE") and row.get("PhysicalResourceId")
            }

    def _report(self, stack: Stack, events: t.Sequence[Event] = ()) -> None:
        gone = stack.get("StackStatus") == "DELETE_COMPLETE"
        self.run.result["stack"] = {
            "id": stack.get("StackId"),
            "name": stack["StackName"],
            "status": stack.get("StackStatus"),
            "outputs": {} if gone else {o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs") or []},
        }
        self.run.result["events"] = [summary(event) for event in events]

    def _operation(self, kind: Kind, stack_id: str, *, token: str | None, final: bool) -> Operation:
        return Operation(kind.value, self.name, stack_id, token, final, time.time())

    def _diff(self, text: str) -> None:
        self.run.result["diff"] = {"prepared": text}

    def _delete(self, stack: Stack, *, final: bool) -> Operation:
        rows = self.api.resources(stack["StackId"])
        self.run.result["changed"] = True
        lines = [
            f"Remove {row['LogicalResourceId']} ({row['ResourceType']}) {row.get('PhysicalResourceId', '')}".rstrip()
            for row in rows
        ]
        self._diff("\n".join(lines or [f"Remove the stack {self.name}, which holds no resources"]) + "\n")
        token = _token()
        if not self.run.check_mode:
            self.api.delete(stack["StackId"], token)
            self._report({**stack, "StackStatus": "DELETE_IN_PROGRESS"})
        return self._operation(Kind.DELETE, stack["StackId"], token=token, final=final)

    # ---- absent

    def _step_to_absent(self, stack: Stack | None) -> Operation | None:
        status = stack["StackStatus"] if stack else None
        step = step_to_absent(status)
        if stack is None or status is None or step is Step.NOTHING:
            return None
        if stack.get("EnableTerminationProtection"):
            raise TerminalState(
                f"The stack {self.name} is protected from deletion. Disable the protection with: aws cloudformation "
                f"update-termination-protection --no-enable-termination-protection --stack-name {self.name}",
            )
        if step is Step.ADOPT:
            kind = adopted_kind(status)
            deleting = kind is Kind.DELETE
            if self.run.check_mode or (deleting and not self.params["wait"]):
                self.run.result["changed"] = not deleting
                return None
            return self._operation(kind if deleting else Kind.SETTLE, stack["StackId"], token=None, final=deleting)
        operation = self._delete(stack, final=True)
        return None if self.run.check_mode or not self.params["wait"] else operation

    # ---- present

    def _check_inputs(self) -> None:
        body = self.params["template_body"]
        size = len(body.encode())
        if not body.strip() or size > MAX_TEMPLATE_BYTES:
            raise InvalidOption(
                f"template_body has {size} bytes; AWS accepts a template of 1 to {MAX_TEMPLATE_BYTES} bytes.",
            )
        said = self.api.validate(body)
        self.declared = {parameter["ParameterKey"]: parameter for parameter in said.get("Parameters") or []}
        self.run.slice_state["hidden"] = [
            key for key, declaration in self.declared.items() if declaration.get("NoEcho")
        ]
        self._hide(self.run.slice_state["hidden"])
        unknown = sorted(set(self.parameters) - set(self.declared))
        if unknown:
            raise InvalidOption(
                f"template_parameters has {', '.join(unknown)}, which the template does not declare; it declares "
                f"{', '.join(sorted(self.declared)) or 'none'}.",
            )
        needed = set(said.get("Capabilities") or [])
        granted = set(self.params["capabilities"])
        # The named one includes the other.
        granted |= {"CAPABILITY_IAM"} if "CAPABILITY_NAMED_IAM" in granted else set()
        if needed - granted:
            raise InvalidOption(
                f"capabilities is {self.params['capabilities']}; this template needs {sorted(needed)}: "
                f"{said.get('CapabilitiesReason')}",
            )

    def _hide(self, names: t.Iterable[str]) -> None:
        """Mask the values of parameters that the template declares as NoEcho, in everything the task returns."""
        self.run.module.no_log_values.update(self.parameters[name] for name in names if self.parameters.get(name))

    def _tags(self, stack: Stack) -> dict[str, str] | None:
        """The tags that the stack should have; ``None`` leaves them unchanged."""
        given = self.params["tags"]
        if given is None and self.ownership is None:
            return None
        tags = tags_of(stack) if given is None else {key: str(value) for key, value in given.items()}
        return {**tags, **(self.ownership.tags() if self.ownership else {})}

    def _inputs(self, stack: Stack) -> dict[str, t.Any]:
        inputs: dict[str, t.Any] = {
            "TemplateBody": self.params["template_body"],
            "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in self.parameters.items()],
            "Capabilities": self.params["capabilities"],
        }
        tags = self._tags(stack)
        if tags is not None:
            inputs["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
        return inputs

    def _step_to_present(self, stack: Stack | None) -> Operation | None:
        status = stack["StackStatus"] if stack else None
        step = step_to_present(status)
        if stack is None or status is None:
            return self._create()
        if step is Step.ADOPT:
            kind = adopted_kind(status)
            if self.run.check_mode or (kind in (Kind.CREATE, Kind.UPDATE) and not self.params["wait"]):
                # What is being created or updated counts as what is wanted; everything else has to be done again.
                self.run.result["changed"] = self.run.result["changed"] or kind not in (Kind.CREATE, Kind.UPDATE)
                return None
            return self._operation(kind, stack["StackId"], token=None, final=False)
        if step is Step.DELETE:
            warn(f"The stack {self.name} is {status}, a leftover: it is removed and created anew.")
            operation = self._delete(stack, final=False)
            return None if self.run.check_mode else operation
        return self._update(stack)

    def _create(self) -> Operation | None:
        self.run.result["changed"] = True
        self.run.result["diff"] = {
            "before_header": "no stack",
            "before": "",
            "after_header": f"stack {self.name}",
            "after": self.params["template_body"],
        }
        if self.run.check_mode:
            return None
        token = _token()
        stack_id = self.api.create(self.name, token, self._inputs({}))
        self._report({"StackName": self.name, "StackId": stack_id, "StackStatus": "CREATE_IN_PROGRESS"})
        if not self.params["wait"]:
            return None
        return self._operation(Kind.CREATE, stack_id, token=token, final=True)

    def _update(self, stack: Stack) -> Operation | None:
        help_ = way_out(self.name, stack["StackStatus"])
        if help_:
            raise TerminalState(
                f"The stack {self.name} is {stack['StackStatus']} and cannot be updated. First run: {help_}",
            )
        body = self.params["template_body"]
        if same_inputs(
            stack=stack,
            current=self.api.template(stack["StackId"]),
            body=body,
            parameters=self.parameters,
            declared=self.declared,
            tags=self._tags(stack),
        ):
            return None
        inputs = self._inputs(stack)
        if "AWS::CloudFormation::Stack" in body:
            inputs["IncludeNestedStacks"] = True
        change_set_id = self.api.create_change_set(stack["StackId"], _token(), inputs)
        executed = False
        try:
            changes = self._worked_out(stack, change_set_id)
            if changes is None:
                return None
            self.run.result["changed"] = True
            self._diff(describe_changes(changes) or "Change tags or settings of the stack itself\n")
            if self.run.check_mode:
                return None
            token = _token()
            self.api.execute_change_set(stack["StackId"], change_set_id, token)
            executed = True
            self.run.result["stack"]["changing"] = names_of_changes(changes)
        finally:
            if not executed:
                self._forget(stack, change_set_id)
        if not self.params["wait"]:
            return None
        return self._operation(Kind.UPDATE, stack["StackId"], token=token, final=True)

    def _worked_out(self, stack: Stack, change_set_id: str) -> list[dict[str, t.Any]] | None:
        """The changes of a change set once AWS has worked them out; ``None`` where it finds that there are none."""
        answer: dict[str, t.Any] = {}

        def poll() -> PollResult:
            answer.update(self.api.change_set(stack["StackId"], change_set_id))
            status = str(answer["Status"])
            return PollResult(status in ("CREATE_COMPLETE", "FAILED"), status)

        # Not in slices: a change set must not be left behind by a run that is not called again.
        limit = min(self.run.waiter.remaining, CHANGE_SET_SECONDS)
        Waiter(timeout=limit, sleep=1).until(f"what an update of the stack {self.name} would change", poll)
        if answer["Status"] == "CREATE_COMPLETE":
            return list(answer["Changes"])
        reason = str(answer.get("StatusReason") or "AWS gives no reason")
        # AWS has no code for it either.
        if "didn't contain changes" in reason or "No updates are to be performed" in reason:
            return None
        raise TerminalState(f"The stack {self.name} cannot be updated: {reason}")

    def _forget(self, stack: Stack, change_set_id: str) -> None:
        try:
            self.api.delete_change_set(stack["StackId"], change_set_id)
        except AwsError as error:
            warn(f"A change set was left behind: {error.message}")


def _token() -> str:
    """A name that no other request has, which CloudFormation also takes as a ClientRequestToken."""
    return f"cloudburst-{uuid.uuid4()}"


def main() -> None:
    """Run the module."""
    aws = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "template_body": {"type": "str"},
            "template_parameters": {"type": "dict", "default": {}},
            "tags": {"type": "dict"},
            "burst": {"type": "str"},
            "owner": {"type": "str"},
            "take_over": {"type": "str"},
            "capabilities": {
                "type": "list",
                "elements": "str",
                "choices": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
                "default": [],
            },
            "wait_for": {"type": "list", "elements": "str", "default": []},
            "started": {"type": "bool", "default": False},
            **wait_spec(timeout=3600),
        },
        required_by={"owner": ["burst"], "take_over": ["owner"]},
        supports_check_mode=True,
    )

    if aws.params["state"] == "present" and not aws.params["started"] and aws.params["template_body"] is None:
        aws.fail_json(msg="state is present but all of the following are missing: template_body")

    def call(run: Run) -> None:
        with calling("make a client for CloudFormation"):
            client = aws.client("cloudformation", config=patience(run.waiter.remaining))
        job = StackJob(run, client)
        job.work()
        job.report_resources()

    # It has what run_module uses of an AnsibleModule, without being one.
    run_module(t.cast("AnsibleModule", aws), call)


if __name__ == "__main__":
    main()
