# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""The frame of every module: options in, one call, result out."""

from __future__ import annotations

import json
import os
import traceback
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.parameters import remove_values

from .errors import FederationError, InvalidOption, Pending, Unavailable, harmless, one_line
from .wait import Waiter

# How the action plugin asks for one slice of a long wait; must be kept in sync with plugins/plugin_utils/_progress.py.
# {"slice": seconds, "waited": seconds spent in earlier slices, "slice_state": what the last slice left}; where that is
# too long for an environment, "slice_state_file" names a file that holds it.
# It is no option, as it is nothing that a task could set.
PROGRESS_VARIABLE = "CLOUDBURST_FEDERATION_PROGRESS"

# Evaluated as it stands, also on a managed host's Python, which knows no dict[...]
Result = t.Dict[str, t.Any]


class QuietModule(AnsibleModule):
    """A module whose options hold kubeconfigs and manifests.

    Ansible logs a module's options to the system log before the module can say which of their values are secret.
    """

    # A kubeconfig that is a path may be read
    _SECRETIVE = ("definition", "overrides", "proxy_url")

    def _log_invocation(self) -> None:
        given = self.params
        self.params = {
            name: "(not logged)" if name in self._SECRETIVE or isinstance(value, dict) else value
            for name, value in given.items()
        }
        try:
            super()._log_invocation()
        finally:
            self.params = given


class Run:
    """One run of a module: its waiter, and the state for the next slice.

    :ivar waiter: bound to the module's wait_timeout and wait_sleep.
    :ivar slice_state: what the last slice has stored here, for the next one to read. JSON, never a secret.
    :ivar result: what the task returns; filled step by step, so that a failure also reports what was done before it.
    """

    def __init__(self, module: AnsibleModule) -> None:
        progress = json.loads(os.environ.get(PROGRESS_VARIABLE) or "{}")
        if progress.get("slice_state_file"):
            with open(progress["slice_state_file"], encoding="utf-8") as file:
                progress["slice_state"] = json.load(file)
        self.module = module
        self.check_mode: bool = module.check_mode
        self.waiter = Waiter(
            timeout=module.params["wait_timeout"],
            sleep=module.params["wait_sleep"],
            slice_=progress.get("slice"),
            waited=float(progress.get("waited") or 0.0),
        )
        self.slice_state: dict[str, t.Any] = dict(progress.get("slice_state") or {})
        self.result: Result = {"changed": False}
        self._warnings: list[str] = []

    def warn(self, text: str) -> None:
        """Add a warning of one line, which is shown when the module ends."""
        self._warnings.append(one_line(text))

    def end(self, failure: Result, pending: Result) -> t.NoReturn:
        """End the module with its result, without secrets and control characters.

        :param failure: the failed task's result, with msg; empty if it succeeded.
        :param pending: what the action plugin needs unchanged; empty if the task is done.
        """
        # In texts that have been made harmless, secrets have another form too
        secrets: set[str] = self.module.no_log_values
        secrets.update([form(secret) for secret in map(str, secrets) for form in (harmless, one_line)])
        secrets.discard("")
        for warning in self._warnings:
            # Ansible does not look for secrets there
            self.module.warn(remove_values(warning, secrets))
        result = harmless({**self.result, **failure})
        if failure:
            self.module.fail_json(**result)
        self.module.exit_json(**result, **pending)


def run_module(module: AnsibleModule, call: t.Callable[[Run], None]) -> None:
    """Run ``call`` and end the module with its result.

    A wait that is not over when the slice is used up ends the module with ``pending`` in its result. So does a failure
    to reach somebody in the midst of a wait, outside of its polls: the next slice begins with reading the state anew.
    """
    for option in ("wait_timeout", "wait_sleep"):
        if module.params[option] < 1:
            module.fail_json(msg=f"{option} is {module.params[option]}; it must be 1 or more (seconds).")
    run = Run(module)
    failure: Result = {}
    pending: Result = {}
    try:
        _call(run, call)
    except Pending as wait:
        # Ansible takes secrets out of a result wherever their text is found, in numbers too: with a Secret whose value
        # is "1", nothing else would be left whole. Keys of dictionaries it leaves alone (remove_values and
        # sanitize_keys in ansible.module_utils.common.parameters).
        handed_on = {json.dumps({"waited": round(wait.waited, 3), "slice_state": run.slice_state}): None}
        pending = {"pending": {"what": wait.what, "last": wait.last, "next": handed_on}}
    except InvalidOption as error:
        run.result = {"changed": False}
        failure = {**error.details, "msg": error.message, "exception": traceback.format_exc()}
    except FederationError as error:
        failure = {**error.details, "msg": error.message, "exception": traceback.format_exc()}
    except (LookupError, AttributeError, TypeError, ValueError, RecursionError) as error:
        # A response or a file may have any form
        failure = {
            "msg": one_line(
                f"An unexpected response or file content caused an error ({type(error).__name__}: {error})."
                " Changes made so far are kept. Run with -vvv to see the traceback, and please report it."
            ),
            "exception": traceback.format_exc(),
        }
    run.end(failure, pending)


def _call(run: Run, call: t.Callable[[Run], None]) -> None:
    try:
        call(run)
    except Unavailable as error:
        # Before any wait, a wrong address is more likely than a temporary outage.
        if not run.waiter.is_under_way:
            raise FederationError(f"{error.message.rstrip('.')}. Run this again when it can be reached.") from error
        run.waiter.resume_later("an answer", error.message)


class ReadingModule(t.Protocol):
    """The module object of a module that only reads: AnsibleModule, or amazon.aws's AnsibleAWSModule."""

    def fail_json(self, msg: str, **kwargs: t.Any) -> t.NoReturn:
        """Fail the task."""

    def exit_json(self, **kwargs: t.Any) -> t.NoReturn:
        """End the task."""


_Reader = t.TypeVar("_Reader", bound=ReadingModule)


def run_reading(module: _Reader, read: t.Callable[[_Reader], Result]) -> t.NoReturn:
    """Run ``read`` and end the module with what it returns. For modules that change nothing and do not wait."""
    try:
        result = read(module)
    except FederationError as error:
        module.fail_json(msg=error.message, **harmless(error.details))
    module.exit_json(changed=False, **harmless(result))


__all__ = ("PROGRESS_VARIABLE", "QuietModule", "ReadingModule", "Result", "Run", "run_module", "run_reading")
