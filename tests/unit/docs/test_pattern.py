# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pattern for AWX: its surveys ask for variables that there are, and what it creates is what awx.awx takes."""

from __future__ import annotations

import ast
import json
import re
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.cloudburst.federation.plugins.module_utils._burst.survey import value_of
from ansible_collections.cloudburst.federation.plugins.module_utils._burst.variables import VARIABLES
from ansible_collections.cloudburst.federation.tests.unit.roles import Role

ROOT = Path(__file__).resolve().parents[3]
PATTERN = ROOT / "extensions" / "patterns" / "burst"
SURVEYS = sorted(path.stem for path in (PATTERN / "template_surveys").glob("*.yml"))
# The types of answers that a variable's type may have: an answer of any other could not be read.
TYPES = {"str": {"text"}, "list": {"textarea"}, "data": {"textarea"}, "int": {"integer"}, "bool": {"multiplechoice"}}
# A number or a word
TYPES["count"] = TYPES["duration"] = {"text"}
# What pattern-schema-1.0.0.json of github.com/ansible/pattern-service wants of each, and has for a question.
REQUIRED = {"schema_version", "name", "title", "description", "short_description", "aap_resources"}
QUESTION = {"type", "question_name", "question_description", "variable", "required"}


class Loader(yaml.SafeLoader):
    """Reads playbooks, whose own tags do not matter here."""


Loader.add_multi_constructor("!", lambda loader, suffix, node: str(node.value))


def survey(name: str) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", yaml.safe_load((PATTERN / "template_surveys" / f"{name}.yml").read_text()))


def setup() -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", yaml.load((PATTERN / "setup.yml").read_text(), Loader)[0])


def pattern() -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", json.loads((PATTERN / "meta" / "pattern.json").read_text()))


@pytest.mark.parametrize("name", SURVEYS)
def test_surveys_ask_for_variables_that_there_are(name: str) -> None:
    for question in survey(name)["spec"]:
        assert set(question) >= QUESTION
        variable = VARIABLES[question["variable"]]
        if variable.choices:
            assert question["type"] == "multiplechoice"
            assert tuple(question["choices"]) == variable.choices
        else:
            assert question["type"] in TYPES[variable.kind]


@pytest.mark.parametrize("name", SURVEYS)
def test_an_answer_left_as_it_is_means_the_variables_default(name: str) -> None:
    for question in survey(name)["spec"]:
        variable = VARIABLES[question["variable"]]
        answer = question["default"]
        # AWX rejects any other, see _validate_spec_data in awx/api/views/__init__.py of github.com/ansible/awx
        assert isinstance(answer, int if question["type"] == "integer" else str)
        default = list(variable.default) if isinstance(variable.default, tuple) else variable.default
        if default != "":
            assert value_of(answer, question["variable"], variable.kind, None) == default


def test_answers_as_text_are_taken_by_burst_check() -> None:
    """All of burst_up's answers as AWX gives them, with an inventory for the rest."""
    answers = {question["variable"]: question["default"] for question in survey("burst_up")["spec"]}
    role = Role("burst_check", burst_host_name="earth", burst_region="eu-central-1", **answers)
    assert role.value("__burst_check_eks_plan.node_egress") == "nat"
    assert role.value("(__burst_check_parts + __burst_check_rules) | cloudburst.federation.problems") == []
    assert role.rejections("variables.yml") != []
    stack = Role("eks_stack", burst_host_name="earth", burst_region="eu-central-1", **answers)
    assert (stack.value("eks_stack_node_count"), stack.value("eks_stack_node_instance_types")) == (2, ["m6i.large"])


@pytest.mark.parametrize("answer", ["", " ", "\n", None])
def test_an_answer_without_a_word_counts_as_not_set(answer: str | None) -> None:
    role = Role("burst_check", burst_name=answer, burst_check_required=["burst_name"])
    (said,) = role.rejections("variables.yml")
    assert said.startswith("These variables are not set: burst_name. ")


@pytest.mark.parametrize(
    ("variable", "answer"),
    [
        ("burst_node_count", "0"),
        ("burst_node_count", "1001"),
        ("burst_node_min", "0"),
        ("burst_node_max", "0"),
        ("burst_cost_max_per_hour", "1,50"),
        ("burst_cost_max_per_hour", "nan"),
        ("burst_lease", "1h30m"),
        ("burst_node_instance_types", "m6i"),
        ("burst_node_capacity", "Spot"),
        ("burst_kubernetes_version", "latest"),
        ("burst_member_rights", "some"),
        ("burst_volumes", "delete"),
        ("burst_apps", "- shop"),
        ("burst_apps", "- {namespace: shop}"),
        ("burst_apps", "- {namespace: shop, placement: [earth], resources: web}"),
        ("burst_ports", "- x"),
        ("burst_ports", "- {from: 80}"),
    ],
)
def test_an_answer_that_a_later_role_rejects_is_rejected_at_once(variable: str, answer: str) -> None:
    role = Role("burst_check", burst_name="vulcan", burst_host_name="earth", **{variable: answer})
    (said,) = role.value("__burst_check_rules | cloudburst.federation.problems")
    assert said.startswith(variable)


def test_the_size_of_a_burst_that_is_removed_does_not_matter() -> None:
    wrong = {"burst_node_count": "0", "burst_cost_max_per_hour": "nan", "burst_node_capacity": "Spot"}
    role = Role("burst_check", burst_name="vulcan", burst_host_name="earth", burst_check_state="absent", **wrong)
    assert role.value("__burst_check_rules | cloudburst.federation.problems") == []


def test_the_definition_has_what_its_schema_wants() -> None:
    found = pattern()
    assert set(found) == REQUIRED | {"tags"}
    assert (found["schema_version"], found["name"]) == ("1.0", PATTERN.name)
    assert len(found["title"]) <= 64
    assert not found["short_description"].endswith(".")
    resources = found["aap_resources"]
    assert set(resources["controller_project"]) == {"name", "description"}
    templates = resources["controller_job_templates"]
    assert [template["playbook"] for template in templates if template.get("primary")] == ["burst_up.yml"]
    for template in templates:
        assert (PATTERN / "playbooks" / template["playbook"]).exists()
        assert template["execution_environment"] == resources["controller_execution_environment"]["name"]
        assert set(template["labels"]) <= set(resources["controller_labels"])


def test_the_definition_and_setup_create_the_same_job_templates() -> None:
    """With the surveys in template_surveys."""
    ours = setup()["vars"]["__burst_awx_templates"]
    theirs = pattern()["aap_resources"]["controller_job_templates"]
    assert [(template["name"], template["description"], f"{template['playbook']}.yml") for template in ours] == [
        (template["name"], template["description"], template["playbook"]) for template in theirs
    ]
    keys = {*QUESTION, "choices", "default"}
    for own, other in zip(ours, theirs):
        questions = survey(own["survey"])
        spec = [{key: question[key] for key in question if key in keys} for question in questions["spec"]]
        assert other["survey"] == {**questions, "spec": spec}


def options_of(module: str) -> dict[str, dict[str, t.Any]]:
    """The argument spec of one of awx.awx's modules, as its source has it."""
    awx = pytest.importorskip("ansible_collections.awx.awx")
    tree = ast.parse((Path(next(iter(awx.__path__))) / "plugins" / "modules" / f"{module}.py").read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "argument_spec":
            assert isinstance(node.value, ast.Call)
            return {
                str(word.arg): {str(key.arg): ast.literal_eval(key.value) for key in word.value.keywords if _plain(key)}
                for word in node.value.keywords
                if isinstance(word.value, ast.Call)
            }
    raise AssertionError(module)


def _plain(key: ast.keyword) -> bool:
    return isinstance(key.value, (ast.Constant, ast.List))


def test_setup_uses_the_modules_of_awx_as_they_are() -> None:
    kinds: dict[str, t.Any] = {"bool": bool, "int": (int, str), "dict": (dict, str), "list": (list, str)}
    seen = set()
    for task in setup()["tasks"]:
        module = next(key for key in task if key.startswith("awx.awx.")).rpartition(".")[2]
        seen.add(module)
        known = options_of(module)
        given = task[f"awx.awx.{module}"]
        assert set(given) <= set(known), task["name"]
        assert {name for name, option in known.items() if option.get("required")} <= set(given), task["name"]
        for name, value in given.items():
            templated = isinstance(value, str) and "{{" in value
            assert templated or isinstance(value, kinds.get(known[name].get("type", ""), str)), (task["name"], name)
            assert templated or not known[name].get("choices") or value in known[name]["choices"], (task["name"], name)
    assert len(seen) == 13


def test_a_job_gets_the_kubeconfig_as_a_file_by_kubernetes_cores_variables() -> None:
    task = next(task for task in setup()["tasks"] if "awx.awx.credential_type" in task)
    injectors = task["awx.awx.credential_type"]["injectors"]
    assert injectors["env"] == {"K8S_AUTH_KUBECONFIG": "{{ tower.filename }}", "K8S_AUTH_CONTEXT": "{{ context }}"}
    fields = {field["id"]: field for field in task["awx.awx.credential_type"]["inputs"]["fields"]}
    assert fields["kubeconfig"]["secret"] is True


def test_each_variable_of_setup_is_described() -> None:
    readme = (PATTERN / "README.md").read_text()
    variables = [name for name in setup()["vars"] if not name.startswith("__")]
    assert [name for name in variables if not re.search(rf"`{name}`", readme)] == []
