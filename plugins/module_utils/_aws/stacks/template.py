# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.
"""Reads CloudFormation templates."""

from __future__ import annotations

import typing as t

# pylint does not follow relative imports out of this folder, and would not know that this is an exception
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import InvalidOption


def resources_of(body: str) -> dict[str, dict[str, t.Any]]:
    """The resources of a template by their logical ids; short forms of functions as {name of the function: arguments}.

    :raises InvalidOption: it is no template.
    """
    # Here, since the interpreter that only reads documentation need not have it.
    import yaml

    class Loader(yaml.SafeLoader):
        """Knows the short forms."""

    def function(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, t.Any]:
        if isinstance(node, yaml.ScalarNode):
            return {suffix: loader.construct_scalar(node)}
        return {suffix: loader.construct_sequence(t.cast("yaml.SequenceNode", node), deep=True)}

    Loader.add_multi_constructor("!", function)
    try:
        # It is a SafeLoader
        found = yaml.load(body, Loader=Loader)
    except yaml.YAMLError as error:
        raise InvalidOption(f"template_body cannot be read: {error}") from error
    resources = found.get("Resources") if isinstance(found, dict) else None
    listed = resources.values() if isinstance(resources, dict) else [None]
    if not all(isinstance(each, dict) and "Type" in each for each in listed):
        raise InvalidOption("template_body has no Resources, each with its Type; a CloudFormation template is wanted.")
    return t.cast("dict[str, dict[str, t.Any]]", resources)


__all__ = ("resources_of",)
