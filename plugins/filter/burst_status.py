# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: burst_status
short_description: Show what the systems report about a burst, as JSON, metrics, a picture or a page
version_added: 1.0.0
author:
  - cloudburst.federation contributors (@cloudburst)
description:
  - Turns the answers that the playbook C(burst_status) collects into one document.
  - The picture is an SVG without scripts that loads nothing. Names and messages from the systems are escaped in it.
options:
  _input:
    description:
      - >-
        The answers, with the keys V(name) (of the burst), V(region) (of AWS, if the burst is there), V(host_name) (of
        the host cluster), V(asked) (when, in ISO 8601), V(stacks) (the status of each by its name), V(parked) (whether
        the burst has no nodes at present), V(tunnel_ends) (AWS's telemetry of the tunnels), V(costs) (returned by
        M(cloudburst.federation.eks_leftovers)), V(lease) (returned by M(cloudburst.federation.burst_lease)),
        V(demand) (returned by M(cloudburst.federation.cluster_pressure)), V(members), V(host_nodes) and
        V(extension_nodes) (returned by M(kubernetes.core.k8s_info)), V(federated) (a list of such results), V(tunnels)
        and V(routes) (lines of each host), and V(traffic) (a list of Services with C(service), C(namespace),
        C(method), and C(host) and C(servers) of the role P(cloudburst.federation.edge_haproxy#role), or C(slices) with
        EndpointSlices).
    type: dict
    required: true
  document:
    description: Format of the document.
    type: str
    choices: [json, metrics, svg, html]
    required: true
  svg_template:
    description: The picture's Jinja template. Required for V(svg) and V(html).
    type: str
  html_template:
    description: The page's Jinja template. Required for V(html).
    type: str
  refresh:
    description: Number of seconds after which an open page reloads itself; V(0) for never.
    type: int
    default: 0
"""

EXAMPLES = r"""
- name: Show a burst's facts
  ansible.builtin.debug:
    msg: "{{ answers | cloudburst.federation.burst_status('json') }}"
  vars:
    answers: {name: vulcan, host_name: earth, asked: "2026-11-27T08:00:00Z"}
"""

RETURN = r"""
_value:
  description: The document.
  type: str
"""

import json
import re
import typing as t

import jinja2
import markupsafe
from ansible.errors import AnsibleFilterError

from ansible_collections.cloudburst.federation.plugins.plugin_utils._status_facts import facts
from ansible_collections.cloudburst.federation.plugins.plugin_utils._status_metrics import metrics
from ansible_collections.cloudburst.federation.plugins.plugin_utils._status_picture import (
    SIGNS,
    WORDS,
    picture,
    summary,
)

DOCUMENTS = ("json", "metrics", "svg", "html")

# What XML 1.0 has no way to write: https://www.w3.org/TR/xml/#charsets
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def burst_status(
    answers: t.Mapping[str, t.Any], document: str, svg_template: str = "", html_template: str = "", refresh: int = 0
) -> str:
    """One document of what the systems have answered; see the filter's documentation."""
    if document not in DOCUMENTS:
        raise AnsibleFilterError(f"document is {document!r}; it must be one of {', '.join(DOCUMENTS)}.")
    given = facts(answers)
    if document == "json":
        return json.dumps(given, indent=2, ensure_ascii=False) + "\n"
    if document == "metrics":
        return metrics(given)
    wide = picture(given)
    said = {"facts": given, "words": WORDS, "signs": SIGNS, "summary": summary(given, wide)}
    svg = _render(svg_template, picture=wide, id="wide", **said)
    if document == "svg":
        return svg + "\n"
    narrow = _render(svg_template, picture=picture(given, narrow=True), id="narrow", **said)
    pictures = {"wide": markupsafe.Markup(svg), "narrow": markupsafe.Markup(narrow)}
    return _render(html_template, refresh=int(refresh), **pictures, **said) + "\n"


def _render(template: str, **values: t.Any) -> str:
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    return _NOT_IN_XML.sub("\ufffd", environment.from_string(template).render(**values))


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name → function."""
        return {"burst_status": burst_status}
