# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Step Functions and EventBridge Scheduler with the permissions of their roles, which MiniStack does not check.

A call of a state machine (arn:aws:states:::aws-sdk:SERVICE:ACTION) goes to the lab's own API over TLS, signed by a
session of the execution role, so that its policies are looked at as those of every other caller. Parameters and results
have the names that the SDK for Java gives them, with a capital letter
(https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html). A schedule fires as its role may
call the target, from StartDate on, and an update of it counts.
"""

from __future__ import annotations

import datetime
import logging
import secrets
import time
import typing as t

from labkit.aws import seams

logger = logging.getLogger("lab.workflows")

# The service as Step Functions names it → botocore's name of it, and what stands before its errors.
SERVICES = {
    "cloudformation": ("cloudformation", "CloudFormation"),
    "cloudwatchlogs": ("logs", "CloudWatchLogs"),
    "ec2": ("ec2", "Ec2"),
    "eks": ("eks", "Eks"),
    "elasticloadbalancing": ("elb", "ElasticLoadBalancing"),
    "elasticloadbalancingv2": ("elbv2", "ElasticLoadBalancingV2"),
    "sns": ("sns", "Sns"),
}
_PREFIX = "arn:aws:states:::aws-sdk:"
_SESSION_SECONDS = 900
# What a target is asked for, by the service in its ARN.
_TARGET_ACTIONS = {"states": "states:StartExecution", "sns": "sns:Publish"}
# Seconds between two looks at the schedules. MiniStack looks every ten.
TICK = 1.0


def install(endpoint: str) -> None:
    """Have calls and schedules go the lab's way.

    :param endpoint: URL of the lab's API."""
    calls = Calls(endpoint)
    seams.replace_sdk_calls(calls.run)
    seams.let_expressions_take(20.0)
    seams.replace_schedule_type(_create_schedule, _update_schedule)
    seams.guard_schedule_targets(_may_fire)
    seams.look_at_schedules_every(TICK)


class Calls:
    """The calls of state machines, each over the API.

    :param endpoint: its URL."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._clients: dict[tuple[str, str], tuple[float, t.Any]] = {}

    def run(self, role_arn: str, resource: str, arguments: t.Any) -> t.Any:
        """Call what `resource` names as a session of the role; raises seams.TaskError for what is rejected."""
        service, _colon, action = resource.removeprefix(_PREFIX).partition(":")
        if not resource.startswith(_PREFIX) or service not in SERVICES:
            raise seams.TaskError("States.Runtime", f"{resource} is not one of the lab's integrations")
        name, error_prefix = SERVICES[service]
        client = self._client(role_arn, name)
        operation = action[0].upper() + action[1:]
        model = client.meta.service_model
        if operation not in model.operation_names:
            raise seams.TaskError("States.Runtime", f"{resource}: {name} has no action {operation}")
        shape = model.operation_model(operation).input_shape
        import botocore.exceptions

        method = getattr(client, botocore.xform_name(operation))
        try:
            answer = method(**to_api(arguments or {}, shape, resource))
        except botocore.exceptions.ParamValidationError as error:
            raise seams.TaskError("States.Runtime", f"{resource}: {error}") from error
        except botocore.exceptions.ClientError as error:
            code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
            modelled = {getattr(each, "error_code", each.name) for each in model.error_shapes}
            named = {getattr(each, "error_code", each.name): each.name for each in model.error_shapes}
            kind = named[code] if code in modelled else error_prefix
            suffix = "" if kind.endswith("Exception") else "Exception"
            cause = f"{message} (Service: {error_prefix}, Status Code: {_status(error.response)}, Request ID: lab)"
            raise seams.TaskError(f"{error_prefix}.{kind}{suffix}", cause) from error
        answer.pop("ResponseMetadata", None)
        return from_api(answer)

    def _client(self, role_arn: str, service: str) -> t.Any:
        until, client = self._clients.get((role_arn, service), (0.0, None))
        if until < time.time():
            import boto3
            import botocore.config

            keys = seams.session_of(role_arn, "states", _SESSION_SECONDS)
            client = boto3.client(
                service,
                region_name=seams.region(),
                endpoint_url=self._endpoint,
                # It is this very process that answers.
                verify=False,
                config=botocore.config.Config(retries={"total_max_attempts": 1}, parameter_validation=True),
                **keys,
            )
            self._clients[(role_arn, service)] = (time.time() + _SESSION_SECONDS / 2, client)
        return client


def _status(response: t.Mapping[str, t.Any]) -> int:
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)


def to_api(value: t.Any, shape: t.Any, where: str) -> t.Any:
    """Arguments of a state as botocore takes them. A name that Step Functions would not know is rejected."""
    if shape is None:
        return value
    if shape.type_name == "structure" and isinstance(value, dict):
        members = {sdk_name(name): name for name in shape.members}
        unknown = sorted(set(value) - set(members))
        if unknown:
            raise seams.TaskError("States.Runtime", f"{where}: there is no {', '.join(unknown)}; {sorted(members)} are")
        return {members[key]: to_api(item, shape.members[members[key]], where) for key, item in value.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [to_api(item, shape.member, where) for item in value]
    if shape.type_name == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def from_api(value: t.Any) -> t.Any:
    """A result of botocore's as Step Functions shows it. Maps, such as EKS's tags, keep their keys."""
    if isinstance(value, dict):
        return {_result_name(key): item if _is_map(key) else from_api(item) for key, item in value.items()}
    if isinstance(value, list):
        return [from_api(item) for item in value]
    if isinstance(value, datetime.datetime):
        moment = value.astimezone(datetime.UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"
    return value


def _is_map(key: str) -> bool:
    return key in ("tags", "labels")


def _result_name(key: str) -> str:
    return sdk_name(key)


def sdk_name(name: str) -> str:
    """A member's name as the SDK for Java has it, with a capital letter: VPCId is VpcId, clusterName ClusterName."""
    result = ""
    for number, letter in enumerate(name):
        before = name[number - 1] if number else ""
        after = name[number + 1] if number + 1 < len(name) else ""
        inside = letter.isupper() and before.isupper() and not after.islower()
        result += letter.lower() if inside else letter
    return result[:1].upper() + result[1:]


# ---- schedules ------------------------------------------------------------------------------------------------------


def _fields(props: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    known = ("ScheduleExpression", "ScheduleExpressionTimezone", "FlexibleTimeWindow", "Target", "GroupName", "State")
    return {key: props[key] for key in (*known, "Description", "StartDate", "EndDate", "KmsKeyArn") if key in props}


def _create_schedule(logical_id: str, props: dict[str, t.Any], stack_name: str) -> tuple[str, dict[str, t.Any]]:
    name = str(props.get("Name") or f"{stack_name[:40]}-{logical_id[:10]}-{secrets.token_hex(6).upper()}")
    seams.schedule_call("create_schedule", name, _fields(props))
    return name, {"Arn": seams.schedule_arn(str(props.get("GroupName", "default")), name)}


def _update_schedule(
    physical_id: str, _old: dict[str, t.Any], new: dict[str, t.Any], stack_name: str
) -> tuple[str, dict[str, t.Any]]:
    seams.schedule_call("update_schedule", physical_id, _fields(new))
    seams.forget_firing(str(new.get("GroupName", "default")), physical_id)
    return physical_id, {"Arn": seams.schedule_arn(str(new.get("GroupName", "default")), physical_id)}


def _may_fire(target: t.Mapping[str, t.Any]) -> bool:
    """Whether the schedule's role may call its target; on AWS, one that may not is dropped without a word."""
    arn = str(target.get("Arn") or "")
    action = _TARGET_ACTIONS.get(arn.split(":")[2] if arn.count(":") >= 5 else "")
    message = seams.role_denial(str(target.get("RoleArn") or ""), action, arn) if action else "no such target"
    if message:
        logger.warning("a schedule's target %s is not called: %s", arn, message)
    return not message


__all__ = ("SERVICES", "Calls", "from_api", "install", "sdk_name", "to_api")
