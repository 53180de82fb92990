# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every private name of MiniStack's that the lab touches, and nothing else.

MiniStack has no interface for what the lab adds, so its version is pinned, and `check` compares each name and each
signature with what was read in that version. It runs at every start and in the unit tests: where a name has moved, it
says which, and the service does not start.
"""

from __future__ import annotations

import asyncio
import contextvars
import importlib
import importlib.metadata
import inspect
import secrets
import time
import typing as t
import uuid
import xml.etree.ElementTree as ET

from labkit.aws.durations import Timeline

VERSION = "1.5.33"

_CFN = "ministack.services.cloudformation"

# Parameters of functions that stand in several modules, which import them by name.
_DEPLOY = (
    "stack_name",
    "stack_id",
    "template",
    "param_values",
    "disable_rollback",
    "tags",
    "is_update",
    "previous_stack",
    "retain_except_on_create",
    "imports",
)
_DELETE = ("stack_name", "stack_id", "retain_resources", "force")
_ROLL_BACK = ("stack_name", "stack_id", "stack", "operation", "reason_override")
_DELETE_RESOURCE = ("resource_type", "physical_id", "props", "stack_name", "logical_id")

# module -> function -> names of its parameters
FUNCTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    f"{_CFN}.stacks": {
        "_runs_on_worker_thread": ("resource_type",),
        "_provision_resource": ("resource_type", "logical_id", "props", "stack_name"),
        "_delete_resource": _DELETE_RESOURCE,
        "_update_resource": (
            "resource_type",
            "physical_id",
            "old_props",
            "new_props",
            "stack_name",
            "logical_id",
            "old_attrs",
        ),
        "_add_event": (
            "stack_id",
            "stack_name",
            "logical_id",
            "resource_type",
            "status",
            "reason",
            "physical_id",
            "detailed_status",
        ),
        "_deploy_stack_async": _DEPLOY,
        "_delete_stack_async": _DELETE,
        "_roll_back_operation": _ROLL_BACK,
        "_topological_sort": ("resources", "conditions"),
        "_extract_deps": ("resource_def", "all_resource_names"),
    },
    f"{_CFN}.provisioners": {
        "_delete_resource": _DELETE_RESOURCE,
    },
    f"{_CFN}.handlers": {
        "_deploy_stack_async": _DEPLOY,
        "_delete_stack_async": _DELETE,
        "_roll_back_operation": _ROLL_BACK,
        "_delete_stack": ("params",),
        "_resolve_stack": ("stack_name",),
        "_p": ("params", "key", "default"),
        "_xml": ("status", "root_tag", "inner"),
    },
    f"{_CFN}.changesets": {
        "_deploy_stack_async": _DEPLOY,
    },
    "ministack.services.ec2": {
        "_xml": ("status", "root_tag", "inner"),
        "_error": ("code", "message", "status"),
        "_tag_set_xml": ("resource_id",),
        "_parse_filters": ("params",),
        "_parse_member_list": ("params", "prefix"),
        "_ensure_defaults_initialized": (),
    },
    "ministack.services.eks": {
        "_create_cluster": ("body", "creator_arn"),
        "_describe_cluster": ("name",),
        "_delete_cluster": ("name",),
        "_create_nodegroup": ("cluster_name", "body"),
        "_describe_nodegroup": ("cluster_name", "ng_name"),
        "_delete_nodegroup": ("cluster_name", "ng_name"),
        "_create_addon": ("cluster_name", "body"),
        "_delete_addon": ("cluster_name", "addon_name"),
        "_create_access_entry": ("cluster_name", "body"),
        "_delete_access_entry": ("cluster_name", "principal_arn"),
        "_associate_access_policy": ("cluster_name", "principal_arn", "body"),
        "_bootstrap_creator_access_entry": ("cluster_name", "cluster", "creator_arn"),
        "_reconcile_access_policy_rbac": ("cluster_name", "account_id", "region"),
        "_stop_access_policy_reconciler": ("cluster_name", "account_id", "region"),
        "_cluster_arn": ("name",),
        "_nodegroup_arn": ("cluster_name", "ng_name"),
        "_get_docker": (),
        "_json_resp": ("status", "body"),
        "_error": ("status", "code", "message"),
        "_sanitize": ("cluster",),
        "_handle_request_sync": ("method", "path", "headers", "body_bytes", "query_params"),
    },
    "ministack.core.iam_evaluator": {
        "is_root_access_key": ("access_key_id",),
        "caller_arn": (),
        "evaluate": ("ctx", "policies", "limits"),
        "_role_name_from_assumed_arn": ("assumed_arn",),
        "_gather_role_policies": ("role_name", "account_id"),
        "_gather_user_policies": ("user_name", "account_id"),
    },
    "ministack.services.alb": {
        "_xml": ("status", "action", "inner"),
        "_empty": ("action",),
        "_error": ("code", "message", "status"),
        "_parse_member_list": ("params", "prefix"),
        "_parse_tags": ("params",),
    },
    "ministack.services.tagging": {"resource_tags": ("arn",)},
    "ministack.core.iam_actions": {
        "extract_resource_arn": (
            *("service", "method", "path", "headers", "body", "query_params", "region", "account_id"),
        ),
        "identity_denial_message": ("action", "principal_arn", "resource", "explicit_deny"),
    },
    "ministack.core.responses": {
        "get_account_id": (),
        "get_region": (),
        "set_request_account_id": ("access_key_id",),
        "set_request_region": ("region",),
    },
    "ministack.app": {"app": ("scope", "receive", "send")},
    "ministack.services.stepfunctions": {
        "_execute_task": ("state_def", "raw_input", "execution", "ctx"),
        "_invoke_aws_sdk_integration": ("resource", "input_data"),
        "_ExecutionError": ("error", "cause"),
    },
    "ministack.services.scheduler": {
        "_create_schedule": ("name", "body"),
        "_update_schedule": ("name", "body"),
        "_schedule_arn": ("group", "name"),
        "_tick_schedules": (),
    },
    "ministack.services.eventbridge": {"_invoke_target": ("target", "event", "rule", "view")},
    "ministack.services.sts": {"register_session": ("access_key", "session")},
}

# module -> names of its tables (dicts and MiniStack's own dict-like stores)
TABLES: dict[str, tuple[str, ...]] = {
    f"{_CFN}.provisioners": ("_RESOURCE_HANDLERS", "_STACK_TAG_PROPERTY"),
    f"{_CFN}": ("_stacks", "_stack_events"),
    f"{_CFN}.handlers": ("_ACTION_HANDLERS",),
    "ministack.services.ec2": (
        "_ACTION_MAP",
        "_tags",
        "_vpcs",
        "_subnets",
        "_route_tables",
        "_security_groups",
        "_internet_gateways",
        "_nat_gateways",
        "_addresses",
        "_network_interfaces",
        "_volumes",
        "_snapshots",
        "_instances",
        "_vpn_gateways",
        "_customer_gateways",
        "_vpn_connections",
        "_launch_templates",
        "_vpc_endpoints",
    ),
    "ministack.services.eks": (
        "_clusters",
        "_nodegroups",
        "_addons",
        "_access_entries",
        "_access_policies",
        "_tags",
        "_ACCESS_POLICY_RULES",
    ),
    "ministack.services.alb": ("_ACTION_MAP", "_lbs", "_tgs", "_listeners", "_tags", "_lb_attrs"),
    "ministack.services.tagging": ("_COLLECTORS", "_RESOURCE_TAG_COLLECTORS"),
    "ministack.services.cloudwatch_logs": ("_log_groups",),
    "ministack.services.iam": ("_users", "_access_keys", "_user_inline_policies", "_roles", "_policies"),
    "ministack.services.stepfunctions": ("_state_machines",),
    "ministack.services.scheduler": ("_schedules", "_schedule_last_fired"),
}

EC2_ACTIONS = (
    "AllocateAddress",
    "AttachVpnGateway",
    "AuthorizeSecurityGroupEgress",
    "AuthorizeSecurityGroupIngress",
    "CreateCustomerGateway",
    "CreateNatGateway",
    "CreateNetworkInterface",
    "CreateSecurityGroup",
    "CreateTags",
    "CreateVpc",
    "CreateVpcEndpoint",
    "CreateVpnConnection",
    "CreateVpnConnectionRoute",
    "CreateVpnGateway",
    "DeleteCustomerGateway",
    "DeleteInternetGateway",
    "DeleteNatGateway",
    "DeleteNetworkInterface",
    "DeleteSecurityGroup",
    "DeleteSubnet",
    "DeleteVolume",
    "DeleteVpc",
    "DeleteVpcEndpoints",
    "DeleteVpnConnection",
    "DeleteVpnConnectionRoute",
    "DeleteVpnGateway",
    "DescribeInstanceTypes",
    "DescribeVpnConnections",
    "DetachInternetGateway",
    "DetachVpnGateway",
    "DisableVgwRoutePropagation",
    "EnableVgwRoutePropagation",
    "ReleaseAddress",
    "RevokeSecurityGroupEgress",
    "RevokeSecurityGroupIngress",
)


ELB_ACTIONS = (
    "CreateListener",
    "CreateLoadBalancer",
    "CreateTargetGroup",
    "DeleteLoadBalancer",
    "DeleteTargetGroup",
    "DescribeLoadBalancers",
    "DescribeTags",
)


class SeamsMovedError(Exception):
    """This version of MiniStack is not the one whose private names the lab knows."""


class AwsError(Exception):
    """An AWS error as its API answers it."""

    def __init__(self, code: str, message: str, service: str = "Ec2", status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.service, self.status = code, message, service, status

    def __str__(self) -> str:
        """As CloudFormation's resource handlers quote it in an event."""
        return (
            f'Resource handler returned message: "{self.message} (Service: {self.service}, '
            f'Status Code: {self.status}, Request ID: {uuid.uuid4()})" '
            f"(RequestToken: {uuid.uuid4()}, HandlerErrorCode: {self._handler_code()})"
        )

    def _handler_code(self) -> str:
        if "NotFound" in self.code:
            return "NotFound"
        known = {"AccessDenied": "AccessDenied", "ResourceInUseException": "AlreadyExists"}
        if self.code.endswith("LimitExceeded"):
            return "ServiceLimitExceeded"
        return known.get(self.code, "InvalidRequest" if self.status < 500 else "GeneralServiceException")


def check() -> None:
    """Raise SeamsMovedError that names everything which is not where it was in `VERSION`."""
    installed = importlib.metadata.version("ministack")
    moved = [] if installed == VERSION else [f"ministack {installed} is installed, {VERSION} is known"]
    for module, functions in FUNCTIONS.items():
        for name, parameters in functions.items():
            function = getattr(importlib.import_module(module), name, None)
            found = tuple(inspect.signature(function).parameters) if callable(function) else None
            if found != parameters:
                moved.append(f"{module}.{name}: {parameters} expected, {found} found")
    for module, names in TABLES.items():
        for name in names:
            table = getattr(importlib.import_module(module), name, None)
            if not (hasattr(table, "items") and hasattr(table, "__getitem__")):
                moved.append(f"{module}.{name}: no table")
    actions = importlib.import_module("ministack.services.ec2")._ACTION_MAP
    moved += [f"EC2 action {name} is missing" for name in EC2_ACTIONS if name not in actions]
    actions = importlib.import_module("ministack.services.alb")._ACTION_MAP
    moved += [f"ELB action {name} is missing" for name in ELB_ACTIONS if name not in actions]
    if moved:
        raise SeamsMovedError("MiniStack's private names have moved:\n  " + "\n  ".join(moved))


def module(name: str) -> t.Any:
    """A module of MiniStack's, of those that `check` has looked at."""
    if name not in FUNCTIONS and name not in TABLES:
        raise KeyError(f"{name} is not one of the seams")
    return importlib.import_module(name)


# ---- state ----------------------------------------------------------------------------------------------------------


def store(kind: str) -> t.Any:
    """EC2's store of `kind` ("subnets", "vpn_connections", …), a dict-like of the caller's account and region."""
    return getattr(module("ministack.services.ec2"), f"_{kind}")


def eks(kind: str) -> t.Any:
    """EKS's store of `kind` ("clusters", "nodegroups", …)."""
    return getattr(module("ministack.services.eks"), f"_{kind}")


def stacks() -> t.Any:
    """CloudFormation's stacks by name."""
    return module(_CFN)._stacks


def iam(kind: str) -> t.Any:
    """IAM's store of `kind` ("users", "access_keys", …)."""
    return getattr(module("ministack.services.iam"), f"_{kind}")


def account() -> str:
    """The account of the request that is being worked on."""
    return module("ministack.core.responses").get_account_id()


def region() -> str:
    """The region of the request that is being worked on."""
    return module("ministack.core.responses").get_region()


def enter(account_id: str, region_name: str) -> None:
    """Let this thread see the stores of one account and region."""
    responses = module("ministack.core.responses")
    responses.set_request_account_id(account_id)
    responses.set_request_region(region_name)


# ---- EC2's actions --------------------------------------------------------------------------------------------------

Answer = tuple[int, dict[str, str], bytes]
Action = t.Callable[[dict[str, t.Any]], Answer]


def ec2(action: str, **parameters: t.Any) -> ET.Element:
    """Run an EC2 action in the process; a key's `__` stands for the dot of AWS's query parameters.

    Returns the answer without XML namespaces; raises AwsError for what EC2 rejects."""
    return _run("ministack.services.ec2", "Ec2", action, parameters)


def _run(where: str, service: str, action: str, parameters: t.Mapping[str, t.Any]) -> ET.Element:
    query = {key.replace("__", "."): [str(value)] for key, value in parameters.items() if value is not None}
    status, _headers, body = module(where)._ACTION_MAP[action](query)
    root = ET.fromstring(body)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    if status >= 300:
        raise AwsError(root.findtext(".//Code", "Unknown"), root.findtext(".//Message", "").strip(), service, status)
    return root


def add_ec2_action(action: str, function: Action) -> None:
    """Have EC2 answer an action that MiniStack has not."""
    module("ministack.services.ec2")._ACTION_MAP[action] = function


def replace_ec2_action(action: str, make: t.Callable[[Action], Action]) -> None:
    """Put `make(the action's function)` in the place of an EC2 action."""
    actions = module("ministack.services.ec2")._ACTION_MAP
    actions[action] = make(actions[action])


def ec2_answer(action: str, inner: str) -> Answer:
    """A good answer of EC2's with `inner` as its XML."""
    return module("ministack.services.ec2")._xml(200, f"{action}Response", inner)


def ec2_error(error: AwsError) -> Answer:
    """EC2's answer to a request that is rejected."""
    return module("ministack.services.ec2")._error(error.code, error.message, error.status)


def ec2_list(query: dict[str, t.Any], name: str) -> list[str]:
    """The members of a list parameter (VpnConnectionId.1, …)."""
    return module("ministack.services.ec2")._parse_member_list(query, name)


def ec2_filters(query: dict[str, t.Any]) -> dict[str, list[str]]:
    """The filters of a Describe request."""
    return module("ministack.services.ec2")._parse_filters(query)


def ec2_tag_set(resource_id: str) -> str:
    """The tagSet element of a resource."""
    return module("ministack.services.ec2")._tag_set_xml(resource_id)


# ---- load balancers -------------------------------------------------------------------------------------------------


def elb(action: str, **parameters: t.Any) -> ET.Element:
    """Run an action of ELB's in the process, as `ec2` does with one of EC2's."""
    return _run("ministack.services.alb", "ELB", action, parameters)


def elb_store(kind: str) -> t.Any:
    """ELB's store of `kind` ("lbs", "tgs", "listeners", "tags", "lb_attrs")."""
    return getattr(module("ministack.services.alb"), f"_{kind}")


def replace_elb_action(action: str, make: t.Callable[[Action | None], Action]) -> None:
    """Put `make(the action's function, if there is one)` in the place of an action of ELB's."""
    actions = module("ministack.services.alb")._ACTION_MAP
    actions[action] = make(actions.get(action))


def elb_answer(action: str, inner: str) -> Answer:
    """A good answer of ELB's with `inner` as its result's XML."""
    return module("ministack.services.alb")._xml(200, action, inner)


def elb_error(error: AwsError) -> Answer:
    """ELB's answer to a request that is rejected."""
    return module("ministack.services.alb")._error(error.code, error.message, error.status)


def elb_list(query: dict[str, t.Any], name: str) -> list[str]:
    """The members of a list parameter (Subnets.member.1, …)."""
    return module("ministack.services.alb")._parse_member_list(query, name)


def elb_tags(query: dict[str, t.Any]) -> list[dict[str, str]]:
    """The tags of a request."""
    return module("ministack.services.alb")._parse_tags(query)


# ---- tags and logs --------------------------------------------------------------------------------------------------


def add_tag_collector(service: str, collect: t.Callable[[], t.Iterable[tuple[str, list[dict[str, str]]]]]) -> None:
    """Let IAM's conditions (aws:ResourceTag) and the tagging API know the tags of a service's resources, by ARN."""
    tagging = module("ministack.services.tagging")
    tagging._COLLECTORS[service] = collect
    tagging._RESOURCE_TAG_COLLECTORS[service] = collect


def wrap_resource_arn(wrapper: t.Callable[..., str]) -> None:
    """Let `wrapper` say which resource a request is about; it gets the original as first argument."""
    actions = module("ministack.core.iam_actions")
    actions.extract_resource_arn = _around(wrapper, actions.extract_resource_arn)


def log_groups() -> t.Any:
    """CloudWatch Logs' groups by name."""
    return module("ministack.services.cloudwatch_logs")._log_groups


# ---- EKS ------------------------------------------------------------------------------------------------------------


def eks_call(function: str, *arguments: t.Any) -> dict[str, t.Any]:
    """Run one of EKS's functions in the process; raises AwsError for what EKS rejects."""
    import json

    status, headers, body = getattr(module("ministack.services.eks"), f"_{function}")(*arguments)
    answer: dict[str, t.Any] = json.loads(body or b"{}")
    if status >= 300:
        raise AwsError(headers.get("x-amzn-errortype", "Unknown"), answer.get("message", ""), "Eks", status)
    return answer


def eks_answer(body: dict[str, t.Any]) -> Answer:
    """A good answer of EKS's."""
    return module("ministack.services.eks")._json_resp(200, body)


def eks_error(error: AwsError) -> Answer:
    """EKS's answer to a request that is rejected."""
    return module("ministack.services.eks")._error(error.status, error.code, error.message)


def replace_eks(function: str, replacement: t.Callable[..., t.Any]) -> None:
    """Put `replacement` in the place of one of EKS's functions."""
    setattr(module("ministack.services.eks"), f"_{function}", replacement)


def eks_function(function: str) -> t.Callable[..., t.Any]:
    """One of EKS's own functions."""
    return getattr(module("ministack.services.eks"), f"_{function}")


def eks_public(cluster: dict[str, t.Any]) -> dict[str, t.Any]:
    """A cluster without its private members."""
    return module("ministack.services.eks")._sanitize(cluster)


# ---- CloudFormation -------------------------------------------------------------------------------------------------


def register_type(name: str, handler: dict[str, t.Any], tags: tuple[str, str] | None) -> None:
    """Make `name` a type that templates may use; `tags` is its tag property and that one's shape (list or map)."""
    provisioners = module(f"{_CFN}.provisioners")
    provisioners._RESOURCE_HANDLERS[name] = handler
    if tags:
        provisioners._STACK_TAG_PROPERTY[name] = tags


def delete_resource(resource_type: str, physical_id: str, props: dict[str, t.Any]) -> None:
    """Delete a resource by its type's handler, without anything around it."""
    module(f"{_CFN}.provisioners")._delete_resource(resource_type, physical_id, props)


def wrap_resource_operations(
    create: t.Callable[..., t.Any], update: t.Callable[..., t.Any], delete: t.Callable[..., t.Any]
) -> None:
    """Let `create`, `update` and `delete` stand around MiniStack's own; each gets the original as first argument.

    All resources are worked on in threads from then on, so waiting in them holds nothing up."""
    stacks_module = module(f"{_CFN}.stacks")
    stacks_module._runs_on_worker_thread = lambda resource_type: True
    for name, wrapper in (("_provision_resource", create), ("_update_resource", update), ("_delete_resource", delete)):
        original = getattr(stacks_module, name)
        setattr(stacks_module, name, _around(wrapper, original))


def wrap_stack_operations(
    deploy: t.Callable[..., t.Any], roll_back: t.Callable[..., t.Any], delete: t.Callable[..., t.Any]
) -> None:
    """The same for the coroutines of a whole stack."""
    for name, wrapper in (
        ("_deploy_stack_async", deploy),
        ("_roll_back_operation", roll_back),
        ("_delete_stack_async", delete),
    ):
        wrapped = _around(wrapper, getattr(module(f"{_CFN}.stacks"), name))
        for place in ("stacks", "handlers", "changesets"):
            if hasattr(module(f"{_CFN}.{place}"), name):
                setattr(module(f"{_CFN}.{place}"), name, wrapped)


def dependencies(template: dict[str, t.Any]) -> dict[str, set[str]]:
    """Of each resource of a template, those that it needs."""
    resources = template.get("Resources") or {}
    needed = module(f"{_CFN}.stacks")._extract_deps
    return {name: needed(resource, set(resources)) - {name} for name, resource in resources.items()}


def order_resources(seconds: t.Callable[[str], float]) -> None:
    """Let MiniStack, which works on one resource after the other, take them in the order in which AWS, which works on
    all at once whose dependencies are there, would have made them; `seconds` is how long it takes for one of a type."""
    stacks_module = module(f"{_CFN}.stacks")
    original = stacks_module._topological_sort

    def order(resources: dict[str, t.Any], conditions: dict[str, t.Any]) -> list[str]:
        ordered: list[str] = original(resources, conditions)
        timeline = Timeline(0.0, dependencies({"Resources": {name: resources[name] for name in ordered}}))
        ends = {name: timeline.end(name, seconds(str(resources[name].get("Type")))) for name in ordered}
        return sorted(ordered, key=ends.__getitem__)

    stacks_module._topological_sort = order


def wrap_delete_action(wrapper: t.Callable[..., Answer]) -> None:
    """Let `wrapper` stand around the action DeleteStack; it gets the original, the stack (or None) and the request."""
    handlers = module(f"{_CFN}.handlers")
    original = handlers._ACTION_HANDLERS["DeleteStack"]

    def call(params: dict[str, t.Any]) -> Answer:
        return wrapper(original, handlers._resolve_stack(handlers._p(params, "StackName")), params)

    handlers._ACTION_HANDLERS["DeleteStack"] = call


def delete_answer() -> Answer:
    """A good answer to DeleteStack."""
    return module(f"{_CFN}.handlers")._xml(200, "DeleteStackResponse", "")


def _around(wrapper: t.Callable[..., t.Any], original: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
    def call(*args: t.Any, **kwargs: t.Any) -> t.Any:
        return wrapper(original, *args, **kwargs)

    return call


def add_event(
    stack: dict[str, t.Any], logical_id: str, resource_type: str, status: str, reason: str = "", physical_id: str = ""
) -> None:
    """Write a stack event."""
    module(f"{_CFN}.stacks")._add_event(
        stack["StackId"], stack["StackName"], logical_id, resource_type, status, reason, physical_id
    )


# ---- identity -------------------------------------------------------------------------------------------------------


def no_root_keys() -> None:
    """MiniStack takes "test" and account numbers for the root's keys, unsigned; AWS has nothing of the kind."""
    module("ministack.core.iam_evaluator").is_root_access_key = lambda access_key_id: False


def caller() -> str:
    """ARN of who made the request that is being worked on."""
    return module("ministack.core.iam_evaluator").caller_arn()


def denial(action: str, resource: str, context: dict[str, t.Any]) -> str | None:
    """AWS's message when the caller's policies do not allow `action` on `resource`; None when they do."""
    evaluator = module("ministack.core.iam_evaluator")
    arn = caller()
    account_id = arn.split(":")[4]
    policies, kind = _policies(arn, account_id)
    if policies is None:
        return None
    tags = module("ministack.services.tagging").resource_tags(resource) or {}
    request = evaluator.EvalContext(
        principal_arn=arn,
        principal_type=kind,
        principal_account=account_id,
        action=action,
        resource_arn=resource,
        region=region(),
        service_context={
            "aws:tagkeys": None,
            **{f"aws:resourcetag/{key}".lower(): value for key, value in tags.items()},
            **{key.lower(): value for key, value in context.items()},
        },
        principal_keys={},
    )
    result = evaluator.evaluate(request, policies)
    if result.decision == "Allow":
        return None
    return module("ministack.core.iam_actions").identity_denial_message(
        action, arn, resource, result.decision == "Deny"
    )


def _policies(arn: str, account_id: str) -> tuple[t.Any, str]:
    evaluator = module("ministack.core.iam_evaluator")
    if ":assumed-role/" in arn:
        return evaluator._gather_role_policies(evaluator._role_name_from_assumed_arn(arn), account_id), "AssumedRole"
    if ":user/" in arn:
        return evaluator._gather_user_policies(arn.rpartition("/")[2], account_id), "User"
    return None, "Root"


def role_denial(role_arn: str, action: str, resource: str) -> str | None:
    """The same for a session of a role."""
    evaluator = module("ministack.core.iam_evaluator")
    account_id, name = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    arn = f"arn:aws:sts::{account_id}:assumed-role/{name}/lab"
    request = evaluator.EvalContext(
        principal_arn=arn,
        principal_type="AssumedRole",
        principal_account=account_id,
        action=action,
        resource_arn=resource,
        region=region(),
        service_context={},
        principal_keys={},
    )
    if name in iam("roles"):
        result = evaluator.evaluate(request, evaluator._gather_role_policies(name, account_id))
        if result.decision == "Allow":
            return None
    return f"{role_arn} may not {action} on {resource}"


def session_of(role_arn: str, name: str, seconds: float) -> dict[str, str]:
    """The keys of a session of a role, as a service of AWS's gets them, in boto3's words."""
    account_id, role = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    keys = {
        "aws_access_key_id": "ASIA" + uuid.uuid4().hex[:16].upper(),
        "aws_secret_access_key": secrets.token_hex(20),
        "aws_session_token": secrets.token_hex(100),
    }
    session = {
        "Arn": f"arn:aws:sts::{account_id}:assumed-role/{role}/{name}",
        "UserId": f"AROA{uuid.uuid4().hex[:16].upper()}:{name}",
        "SecretAccessKey": keys["aws_secret_access_key"],
        "SessionToken": keys["aws_session_token"],
        "Expiration": time.time() + seconds,
        "AccountId": account_id,
        "PrincipalType": "AssumedRole",
    }
    module("ministack.services.sts").register_session(keys["aws_access_key_id"], session)
    return keys


# ---- Step Functions and EventBridge Scheduler -----------------------------------------------------------------------


class TaskError(Exception):
    """What a task of a state machine fails with."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(f"{error}: {cause}")
        self.error, self.cause = error, cause


_execution_role: contextvars.ContextVar[str] = contextvars.ContextVar("lab_execution_role", default="")


def replace_sdk_calls(call: t.Callable[[str, str, t.Any], t.Any]) -> None:
    """Let `call` do what tasks of state machines ask of the SDK; it gets the execution role, the resource and the
    arguments, and raises TaskError for what fails."""
    step = module("ministack.services.stepfunctions")
    execute = step._execute_task

    def task(state_def: t.Any, raw_input: t.Any, execution: dict[str, t.Any], ctx: t.Any) -> t.Any:
        machine = step._state_machines.get(execution["stateMachineArn"]) or {}
        token = _execution_role.set(str(machine.get("roleArn") or ""))
        try:
            return execute(state_def, raw_input, execution, ctx)
        finally:
            _execution_role.reset(token)

    def integration(resource: str, input_data: t.Any) -> t.Any:
        try:
            return call(_execution_role.get(), resource, input_data)
        except TaskError as error:
            raise step._ExecutionError(error.error, error.cause) from error

    step._execute_task = task
    step._invoke_aws_sdk_integration = integration


def let_expressions_take(seconds: float) -> None:
    """How long a JSONata expression may take. AWS gives it a second, on another machine than this one."""
    jsonata = module("ministack.services.stepfunctions").jsonata
    make = jsonata.Jsonata.jsonata

    def patient(expression: str, **_limits: t.Any) -> t.Any:
        return make(expression, timeout=int(seconds * 1000))

    jsonata.Jsonata.jsonata = staticmethod(patient)


def replace_schedule_type(create: t.Callable[..., t.Any], update: t.Callable[..., t.Any]) -> None:
    """Have CloudFormation make and update schedules by these two."""
    handlers = module(f"{_CFN}.provisioners")._RESOURCE_HANDLERS
    handlers["AWS::Scheduler::Schedule"] = {**handlers["AWS::Scheduler::Schedule"], "create": create, "update": update}


def schedule_call(function: str, name: str, body: dict[str, t.Any]) -> None:
    """Run one of Scheduler's functions; raises AwsError for what is rejected."""
    status, _headers, answer = getattr(module("ministack.services.scheduler"), f"_{function}")(name, body)
    if status >= 300:
        raise AwsError("ValidationException", str(answer), "Scheduler", status)


def schedule_arn(group: str, name: str) -> str:
    """ARN of a schedule."""
    return str(module("ministack.services.scheduler")._schedule_arn(group, name))


def forget_firing(group: str, name: str) -> None:
    """Let a schedule that has fired fire again."""
    module("ministack.services.scheduler")._schedule_last_fired.pop((account(), region(), f"{group}/{name}"), None)


def guard_schedule_targets(may: t.Callable[[t.Mapping[str, t.Any]], bool]) -> None:
    """Let a schedule's target be called only if `may` says so of it."""
    bridge = module("ministack.services.eventbridge")
    invoke = bridge._invoke_target

    def guarded(target: t.Any, event: t.Any, rule: t.Any, view: t.Any = None) -> t.Any:
        if "ScheduleExpression" in rule and "Target" in rule and not may(target):
            return None
        return invoke(target, event, rule, view)

    bridge._invoke_target = guarded


def look_at_schedules_every(seconds: float) -> None:
    """How often it is looked whether a schedule is due."""
    module("ministack.services.scheduler")._SCHEDULE_TICK_INTERVAL = seconds


# ---- the service ----------------------------------------------------------------------------------------------------


def serve(
    address: str, port: int, certificate: str, key: str, before: t.Callable[[t.Callable[..., t.Any]], t.Any]
) -> None:
    """Serve MiniStack's application over TLS, as `before` makes one of it; returns when the process is told to end.

    Not by its own main(), which in this version binds port 443 twice."""
    config = importlib.import_module("hypercorn.config").Config()
    config.bind = [f"{address}:{port}"]
    config.certfile, config.keyfile = certificate, key
    config.keep_alive_timeout = 75
    asyncio.run(importlib.import_module("hypercorn.asyncio").serve(before(module("ministack.app").app), config))
