#!/usr/bin/python
# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: systemd_units
short_description: Bring files and the systemd units that need them to a state
version_added: 1.0.0
description:
  - Writes the files of a service, loads its units, and enables, starts, reloads or restarts them as far as that is
    needed, or removes all of it. One task does what would otherwise take one for each file and each unit.
  - It can be stopped at any time and run again. Files are written atomically, and a unit whose file systemd has not
    read yet is loaded and restarted by the next run.
author:
  - cloudburst.federation contributors (@cloudburst)
extends_documentation_fragment:
  - cloudburst.federation._attributes
attributes:
  diff_mode:
    support: full
    details:
      - Without the contents of files that are secret.
options:
  state:
    description:
      - With V(present), the directories and files exist with their contents, and the units are in their states.
      - With V(absent), the units are stopped and disabled, and then the files and directories are removed.
    type: str
    choices: [present, absent]
    default: present
  directories:
    description:
      - Directories, each after the one that it is in. With O(state=absent), they are removed with everything in them.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description:
          - Its path.
        type: path
        required: true
      mode:
        description:
          - Its mode, as an octal number.
        type: str
        default: "0755"
  files:
    description:
      - Files. They belong to the user that the module runs as.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description:
          - Its path.
        type: path
        required: true
      content:
        description:
          - Its content. Required with O(state=present).
        type: str
      mode:
        description:
          - Its mode, as an octal number.
        type: str
        default: "0644"
      secret:
        description:
          - Whether its content is left out of the diff. Set C(no_log) for the task as well.
        type: bool
        default: false
  units:
    description:
      - Units, in the order in which they are started, or with O(state=absent) stopped.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - Its name, with the suffix.
        type: str
        required: true
      started:
        description:
          - Whether it is started, and not only enabled.
        type: bool
        default: true
      reload_for:
        description:
          - Paths of files. It is reloaded if one of them has changed.
        type: list
        elements: path
        default: []
      restart_for:
        description:
          - Paths of files. It is restarted if one of them has changed.
        type: list
        elements: path
        default: []
      restart:
        description:
          - Whether it is restarted in any case.
        type: bool
        default: false
      stop_before_reload:
        description:
          - Whether it is stopped before systemd reads a file in O(units[].restart_for) that has changed, since what it
            does when it is stopped is in the file as it was before.
        type: bool
        default: false
      tries:
        description:
          - How many times to try to start it, 3 seconds apart.
        type: int
        default: 1
  cleanup:
    description:
      - With O(state=absent), a command that is run after the units are stopped and before the files are removed, if its
        program exists. Whatever it prints counts as a change.
    type: list
    elements: str
    default: []
notes:
  - It runs on the managed host, with Python 3.8 or later and systemd.
seealso:
  - module: ansible.builtin.systemd_service
  - module: ansible.builtin.copy
"""

EXAMPLES = r"""
- name: Install a service
  cloudburst.federation.systemd_units:
    files:
      - path: /etc/systemd/system/shop.service
        content: "{{ lookup('ansible.builtin.template', 'shop.service.j2') }}"
    units:
      - name: shop.service
        restart_for:
          - /etc/systemd/system/shop.service

- name: Remove it again
  cloudburst.federation.systemd_units:
    state: absent
    files:
      - path: /etc/systemd/system/shop.service
    units:
      - name: shop.service
"""

RETURN = r"""
paths:
  description: The paths of the directories and files that were changed or removed.
  returned: success
  type: list
  elements: str
  sample:
    - /etc/systemd/system/shop.service
actions:
  description: What was done to units, as arguments of C(systemctl).
  returned: success
  type: list
  elements: str
  sample:
    - enable shop.service
    - start shop.service
"""

import os
import shutil
import tempfile
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._runtime.errors import one_line

UNIT_DIRECTORIES = ("/etc/systemd/system/", "/run/systemd/system/", "/usr/lib/systemd/system/")
# Seconds between two tries to start a unit.
PAUSE = 3
_ACTIVE = ("active", "activating", "reloading")
_ENABLED = ("enabled", "enabled-runtime")

# Evaluated as it stands, also on a managed host's Python, which knows no dict[...]
Options = t.Dict[str, t.Any]
States = t.Dict[str, t.Dict[str, str]]


class Failed(Exception):
    """Something could not be done; the message says what and why."""


# -- pure


def parsed(output: str, names: t.Sequence[str]) -> States:
    """What ``systemctl show`` says of units: a block of lines for each, in the order of the names."""
    blocks = [block for block in output.split("\n\n") if block.strip()]
    states: States = {}
    for name, block in zip(names, blocks):
        states[name] = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
    return states


def start_actions(unit: Options, state: t.Mapping[str, str], changed: t.Collection[str]) -> list[str]:
    """What brings a unit to its state, as verbs of ``systemctl``.

    :param state: what ``systemctl show`` says of it.
    :param changed: paths of the files that have changed.
    """
    actions = []
    if state.get("UnitFileState") not in _ENABLED:
        actions.append("enable")
    if not unit["started"]:
        return actions
    renewed = unit["restart"] or any(path in changed for path in unit["restart_for"])
    if state.get("ActiveState") not in _ACTIVE:
        actions.append("start")
    elif renewed:
        actions.append("restart")
    elif any(path in changed for path in unit["reload_for"]):
        actions.append("reload")
    return actions


def stop_actions(state: t.Mapping[str, str]) -> list[str]:
    """What stops and disables a unit, as verbs of ``systemctl``."""
    actions = []
    if state.get("ActiveState") in (*_ACTIVE, "deactivating"):
        actions.append("stop")
    if state.get("UnitFileState") in _ENABLED:
        actions.append("disable")
    return actions


def is_unit_file(path: str) -> bool:
    """Whether systemd has to read its units anew when the file changes."""
    return path.startswith(UNIT_DIRECTORIES)


# -- files


def _content(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except FileNotFoundError:
        return None


def _is_as_wanted(path: str, mode: int) -> bool:
    found = os.stat(path, follow_symlinks=False)
    return found.st_mode & 0o7777 == mode and (found.st_uid, found.st_gid) == (os.geteuid(), os.getegid())


def write(path: str, content: str, mode: int) -> None:
    """Write a file atomically, and never readable by others."""
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".ansible-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(content)
            os.fchmod(handle, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


class Job:
    """One run of the module."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.paths: list[str] = []
        self.actions: list[str] = []
        self.diffs: list[Options] = []
        self.printed = False

    @property
    def changed(self) -> bool:
        """Whether anything was changed, or would be."""
        return bool(self.paths or self.actions or self.printed)

    # ---- present

    def ensure(self) -> None:
        """Bring everything to its state."""
        params = self.module.params
        for directory in params["directories"]:
            self._ensure_directory(directory["path"], int(directory["mode"], 8))
        for file in params["files"]:
            self._ensure_file(file)
        states = self._states()
        # Also of a run that was killed before it came to this
        unread = [name for name, state in states.items() if state.get("NeedDaemonReload") == "yes"]
        if unread or any(is_unit_file(path) for path in self.paths):
            for unit in params["units"]:
                stale = unit["name"] in unread or any(path in self.paths for path in unit["restart_for"])
                if unit["stop_before_reload"] and stale and states[unit["name"]].get("ActiveState") in _ACTIVE:
                    self._do("stop", unit["name"])
            self._reload()
            states = self._states()
        for unit in params["units"]:
            given = {**unit, "restart": unit["restart"] or unit["name"] in unread}
            for action in start_actions(given, states[unit["name"]], self.paths):
                self._do(action, unit["name"], tries=unit["tries"] if action in ("start", "restart") else 1)

    def _ensure_directory(self, path: str, mode: int) -> None:
        if os.path.isdir(path) and not os.path.islink(path) and _is_as_wanted(path, mode):
            return
        self.paths.append(path)
        if self.module.check_mode:
            return
        os.makedirs(path, exist_ok=True)
        os.chmod(path, mode)
        os.chown(path, os.geteuid(), os.getegid())

    def _ensure_file(self, file: Options) -> None:
        path, mode, content = file["path"], int(file["mode"], 8), file["content"]
        found = _content(path)
        if found == content and not os.path.islink(path) and _is_as_wanted(path, mode):
            return
        self.paths.append(path)
        if found != content and not file["secret"]:
            self.diffs.append(
                {"before_header": path, "before": found or "", "after_header": path, "after": content},
            )
        if not self.module.check_mode:
            write(path, content, mode)

    # ---- absent

    def remove(self) -> None:
        """Remove everything."""
        params = self.module.params
        states = self._states()
        for unit in params["units"]:
            for action in stop_actions(states[unit["name"]]):
                self._do(action, unit["name"])
        command = params["cleanup"]
        if command and os.access(command[0], os.X_OK) and not self.module.check_mode:
            self.printed = bool(self._run(command).strip())
        for entry in [*params["files"], *reversed(params["directories"])]:
            path = entry["path"]
            if not os.path.lexists(path):
                continue
            self.paths.append(path)
            if self.module.check_mode:
                continue
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)
        if any(is_unit_file(path) for path in self.paths):
            self._reload()

    # ---- systemd

    def _states(self) -> States:
        names = [unit["name"] for unit in self.module.params["units"]]
        if not names:
            return {}
        properties = "--property=ActiveState,UnitFileState,NeedDaemonReload"
        states = parsed(self._run(["systemctl", "show", properties, "--", *names]), names)
        return {name: states.get(name, {}) for name in names}

    def _reload(self) -> None:
        if not self.module.check_mode:
            self._run(["systemctl", "daemon-reload"])

    def _do(self, action: str, unit: str, tries: int = 1) -> None:
        self.actions.append(f"{action} {unit}")
        if self.module.check_mode:
            return
        for left in reversed(range(tries)):
            try:
                self._run(["systemctl", action, "--", unit])
                return
            except Failed as error:
                if not left:
                    raise Failed(f"{error} The log is shown by: journalctl --unit={unit}") from error
                time.sleep(PAUSE)

    def _run(self, command: t.Sequence[str]) -> str:
        status, output, errors = self.module.run_command(list(command))
        if status:
            said = one_line(errors or output).rstrip(".")
            raise Failed(f"{' '.join(command)} failed with {status}: {said or 'it says nothing'}.")
        return str(output)


def main() -> None:
    """Options in, one call, result out."""
    path = {"path": {"type": "path", "required": True}}
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "directories": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {**path, "mode": {"type": "str", "default": "0755"}},
            },
            "files": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    **path,
                    "content": {"type": "str"},
                    "mode": {"type": "str", "default": "0644"},
                    "secret": {"type": "bool", "default": False},
                },
            },
            "units": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "name": {"type": "str", "required": True},
                    "started": {"type": "bool", "default": True},
                    "reload_for": {"type": "list", "elements": "path", "default": []},
                    "restart_for": {"type": "list", "elements": "path", "default": []},
                    "restart": {"type": "bool", "default": False},
                    "stop_before_reload": {"type": "bool", "default": False},
                    "tries": {"type": "int", "default": 1},
                },
            },
            "cleanup": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    job = Job(module)
    result: Options = {}
    try:
        if module.params["state"] == "absent":
            job.remove()
        else:
            job.ensure()
    except Failed as error:
        result = {"msg": str(error)}
    except OSError as error:
        result = {"msg": f"{error.filename or 'A file'} cannot be changed: {error.strerror}."}
    result.update(changed=job.changed, paths=job.paths, actions=job.actions)
    if module._diff:
        result["diff"] = job.diffs
    if "msg" in result:
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
