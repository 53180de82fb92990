# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds files and renders templates on the controller, and shows what the module of the same name waits for."""

from __future__ import annotations

import datetime
import os
import typing as t

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.template import trust_as_template

from ansible_collections.cloudburst.federation.plugins.plugin_utils._progress import ProgressAction

_NEWLINES = {"\n": "\n", "\r": "\r", "\r\n": "\r\n", "\\n": "\n", "\\r": "\r", "\\r\\n": "\r\n"}
_MARKERS = ("block_start_string", "block_end_string", "variable_start_string", "variable_end_string")
_FLAGS = {"trim_blocks": True, "lstrip_blocks": False}


class ActionModule(ProgressAction):
    """Runs the module in slices, with src and template as kubernetes.core.k8s takes them."""

    def _arguments(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """The module's arguments: src found, and template rendered into definition."""
        arguments = {name: _as_written(value) for name, value in self._task.args.items()}
        given = [option for option in ("definition", "src", "template") if arguments.get(option)]
        if len(given) != 1:
            # The module says what is wrong
            return arguments
        if given == ["src"] and self._connection.transport == "local":
            # Elsewhere it is a path on the managed host
            try:
                arguments["src"] = self._find_needle("files", os.path.expanduser(str(arguments["src"])))
            except AnsibleError as error:
                raise AnsibleActionFail(f"src {arguments['src']} does not exist: {error}") from error
        elif given == ["template"]:
            template = arguments.pop("template")
            templates = template if isinstance(template, list) else [template]
            arguments["definition"] = "\n---\n".join(self._rendered(entry, task_vars) for entry in templates)
        return arguments

    def _rendered(self, template: t.Any, task_vars: dict[str, t.Any]) -> str:
        options = template if isinstance(template, dict) else {"path": template}
        unknown = sorted(set(options) - {"path", "newline_sequence", *_MARKERS, *_FLAGS})
        if unknown or not isinstance(options.get("path"), str):
            raise AnsibleActionFail(
                f"template is {template!r}; it must be a path, or a dictionary with a path and any of newline_sequence,"
                f" {', '.join([*_MARKERS, *_FLAGS])}, or a list of these."
            )
        newline = options.get("newline_sequence", "\n")
        if newline not in _NEWLINES:
            raise AnsibleActionFail(f"template.newline_sequence is {newline!r}; allowed are \\n, \\r and \\r\\n.")
        overrides = {key: options[key] for key in _MARKERS if options.get(key) is not None}
        try:
            overrides |= {key: boolean(options.get(key, default)) for key, default in _FLAGS.items()}
            path = self._find_needle("templates", options["path"])
            text = self._loader.get_text_file_contents(path)
        except (AnsibleError, TypeError) as error:
            raise AnsibleActionFail(f"template {options['path']} cannot be used: {error}") from error
        places = [*task_vars.get("ansible_search_path", []), self._loader.get_basedir(), os.path.dirname(path)]
        templar = self._templar.copy_with_new_env(
            searchpath=[place for one in places for place in (os.path.join(one, "templates"), one)],
            available_variables=task_vars,
        )
        rendered = templar.template(
            trust_as_template(text),
            escape_backslashes=False,
            overrides={**overrides, "newline_sequence": _NEWLINES[newline]},
        )
        return str(rendered or "")


def _as_written(value: t.Any) -> t.Any:
    """A value with the times in it as a manifest has them.

    Ansible's YAML makes a time of what is text for kubectl, and hands it on with +00:00 for Z.
    """
    if isinstance(value, datetime.datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, dict):
        made = {key: _as_written(inner) for key, inner in value.items()}
        return made if any(made[key] is not value[key] for key in made) else value
    if isinstance(value, list):
        listed = [_as_written(inner) for inner in value]
        return listed if any(new is not old for new, old in zip(listed, value)) else value
    return value
