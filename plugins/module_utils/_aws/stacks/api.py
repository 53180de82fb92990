# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""The calls to CloudFormation, one function each, with all of their pages."""

from __future__ import annotations

import json
import typing as t

from ..errors import AwsError, calling
from .events import Event, of_stack_itself

# CreateStack, CreateChangeSet: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
MAX_TEMPLATE_BYTES = 51200


class StackApi:
    """CloudFormation as seen through one boto3 client.

    Every method raises AwsError, CredentialsRejected or AwsUnavailable.
    """

    def __init__(self, client: t.Any) -> None:
        self._client = client

    def find(self, name: str) -> dict[str, t.Any] | None:
        """The stack of this name that is not deleted; ``None`` only if AWS says that there is none."""
        try:
            return self.describe(name)
        except AwsError as error:
            # There is no code of its own for it. Nothing else may be taken for it: an error is not "gone".
            if error.code == "ValidationError" and "does not exist" in error.message:
                return None
            raise

    def describe(self, stack_id: str) -> dict[str, t.Any]:
        """A stack by its id, which also finds deleted ones, or by its name."""
        with calling(f"describe the stack {stack_id}"):
            return dict(self._client.describe_stacks(StackName=stack_id)["Stacks"][0])

    def events(self, stack_id: str, token: str | None = None) -> list[Event]:
        """The events of the stack's latest operation and perhaps earlier ones, the newest first.

        :param token: reads back as far as there are events with this ClientRequestToken; without one, to the
            beginning of the latest operation.
        """
        found: list[Event] = []
        with calling(f"read the events of the stack {stack_id}"):
            for page in self._client.get_paginator("describe_stack_events").paginate(StackName=stack_id):
                events = page["StackEvents"]
                found.extend(events)
                if token is not None:
                    if events and events[-1].get("ClientRequestToken") != token:
                        break
                elif any(of_stack_itself(e) and e.get("ResourceStatusReason") == "User Initiated" for e in events):
                    break
        return found

    def resources(self, stack_id: str) -> list[dict[str, t.Any]]:
        """The stack's resources, without deleted ones."""
        with calling(f"list the resources of the stack {stack_id}"):
            pages = self._client.get_paginator("list_stack_resources").paginate(StackName=stack_id)
            rows = [row for page in pages for row in page["StackResourceSummaries"]]
        return [row for row in rows if row["ResourceStatus"] != "DELETE_COMPLETE"]

    def template(self, stack_id: str) -> str:
        """The template as it was given to AWS."""
        with calling(f"read the template of the stack {stack_id}"):
            body = self._client.get_template(StackName=stack_id, TemplateStage="Original")["TemplateBody"]
        return body if isinstance(body, str) else json.dumps(body)

    def validate(self, body: str) -> dict[str, t.Any]:
        """What AWS says of a template: its parameters and the capabilities it needs."""
        with calling("validate the template"):
            return dict(self._client.validate_template(TemplateBody=body))

    def create(self, name: str, token: str, inputs: t.Mapping[str, t.Any]) -> str:
        """Begin to create a stack; returns its id."""
        with calling(f"create the stack {name}"):
            answer = self._client.create_stack(StackName=name, ClientRequestToken=token, **inputs)
        return str(answer["StackId"])

    def delete(self, stack_id: str, token: str) -> None:
        """Begin to delete a stack."""
        with calling(f"delete the stack {stack_id}"):
            self._client.delete_stack(StackName=stack_id, ClientRequestToken=token)

    def create_change_set(self, stack_id: str, name: str, inputs: t.Mapping[str, t.Any]) -> str:
        """Have AWS calculate what an update would change; returns the change set's id."""
        with calling(f"create a change set for the stack {stack_id}"):
            answer = self._client.create_change_set(
                StackName=stack_id, ChangeSetName=name, ChangeSetType="UPDATE", **inputs
            )
        return str(answer["Id"])

    def change_set(self, stack_id: str, change_set_id: str) -> dict[str, t.Any]:
        """A change set with all of its changes."""
        with calling(f"describe the change set {change_set_id}"):
            paginator = self._client.get_paginator("describe_change_set")
            pages = list(paginator.paginate(StackName=stack_id, ChangeSetName=change_set_id))
        return {**pages[0], "Changes": [change for page in pages for change in page.get("Changes") or []]}

    def execute_change_set(self, stack_id: str, change_set_id: str, token: str) -> None:
        """Begin the update that a change set describes."""
        with calling(f"execute the change set {change_set_id}"):
            self._client.execute_change_set(StackName=stack_id, ChangeSetName=change_set_id, ClientRequestToken=token)

    def delete_change_set(self, stack_id: str, change_set_id: str) -> None:
        """Delete a change set."""
        with calling(f"delete the change set {change_set_id}"):
            self._client.delete_change_set(StackName=stack_id, ChangeSetName=change_set_id)


__all__ = ("MAX_TEMPLATE_BYTES", "StackApi")
