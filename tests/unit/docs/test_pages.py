# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages of the documentation are all there, in the way through them, and the table of variables is complete."""

from __future__ import annotations

import importlib.util
import re
import typing as t
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from ansible_collections.cloudburst.federation.plugins.module_utils._burst.variables import VARIABLES

ROOT = Path(__file__).resolve().parents[3]
PAGES = ROOT / "docs" / "docsite" / "rst"
BLOB = "https://github.com/cloudburst/cloudburst.federation/"


def load(name: str) -> t.Any:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tests" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


docs = load("docs")
pictures = load("pictures")


def test_the_page_of_variables_has_all_of_them_with_their_defaults() -> None:
    """After a change to the argument specs: tests/docs.py variables, which brings their words there, too."""
    page = (PAGES / "variables.rst").read_text()
    shown = re.findall(r"^   \* - ``(\w+)``\n     - (\w+)\n     -(?: (.*))?\n", page, re.MULTILINE)
    assert shown == [(name, kind, default) for name, kind, default, _words in docs.rows()]


def test_no_variable_is_missing() -> None:
    shown = [name for name, *_others in docs.rows()]
    assert len(shown) == len(set(shown))
    assert set(VARIABLES) <= set(shown)
    # A role's own variable is shown, or stands for one of a burst.
    for _role, name, _spec, default in docs.options():
        assert name in shown or set(re.findall(r"\bburst_\w+", default)) & set(VARIABLES), name


def test_each_variable_has_a_meaning() -> None:
    assert [name for name, _kind, _default, words in docs.rows() if not words.strip()] == []


def test_the_readme_of_the_lab_says_what_each_file_does() -> None:
    text = (ROOT / "tests" / "lab" / "README.md").read_text()
    labkit = ROOT / "tests" / "lab" / "labkit"
    files = [path.name for path in labkit.glob("*.py") if path.name != "__init__.py"]
    folders = [path.name for path in labkit.iterdir() if (path / "__init__.py").exists()]
    inside = [f"{name}/{path.name}" for name in ("aws", "fabric") for path in (labkit / name).glob("[!_]*.py")]
    missing = [name for name in (*files, *inside) if f"`{name}`" not in text]
    assert missing + [name for name in folders if f"`{name}/" not in text] == []


def test_each_page_is_in_the_way_through_them() -> None:
    sections = yaml.safe_load((ROOT / "docs" / "docsite" / "extra-docs.yml").read_text())["sections"]
    listed = [page for section in sections for page in section["toctree"]]
    assert sorted(listed) == sorted(path.stem for path in PAGES.glob("*.rst"))
    assert listed[0] == "overview"


@pytest.mark.parametrize("path", [ROOT / "README.md", ROOT / "examples" / "README.md", ROOT / "CONTRIBUTING.md"])
def test_what_is_linked_in_the_repository_is_there(path: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        place = re.sub(rf"^{BLOB}(?:blob|tree|raw)/main/", "", link)
        assert "://" in place or (ROOT / place).exists(), link


def test_contributors_are_told_of_each_package() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    packages = [path.parent.name for path in (ROOT / "plugins" / "module_utils").glob("*/__init__.py")]
    assert packages
    assert [name for name in packages if f"`{name}`" not in text] == []


def test_the_readme_begins_with_the_way_and_with_what_was_not_seen() -> None:
    start = (ROOT / "README.md").read_text().partition("## Description")[0]
    assert "**AWS itself**" in start
    for page in ("overview", "getting_started", "first_burst", "variables", "awx", "openshift", "trouble", "faq"):
        assert f"/{page}.rst" in start


def test_the_drawing_is_for_light_and_dark() -> None:
    picture = PAGES / "images" / "figure_1.svg"
    root = ElementTree.parse(picture).getroot()
    text = picture.read_text()
    assert root.find("{http://www.w3.org/2000/svg}title") is not None
    assert "prefers-color-scheme: dark" in text
    used = set(re.findall(r"var\((--[\w-]+)\)", text))
    for scheme in text.split("@media"):
        assert used <= set(re.findall(r"(--[\w-]+):", scheme))
    assert not re.search(r"(?:href|src)=|url\(http", text)


@pytest.mark.parametrize("name", pictures.BURSTS)
def test_the_pictures_of_bursts_are_as_the_code_draws_them(name: str) -> None:
    """After a change to the drawing: tests/pictures.py, which draws them again."""
    assert (PAGES / "images" / f"{name}.svg").read_text() == pictures.draw(pictures.BURSTS[name])
    assert f"images/{name}.svg" in (PAGES / "aws.rst").read_text()


def test_links_that_lead_nowhere_are_found(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<a href="b.html#there"></a><a href="b.html#not"></a><img src="no.svg">')
    (tmp_path / "b.html").write_text('<p id="there"></p><a href="https://example.com/x">')
    assert docs.broken_links(tmp_path) == ["a.html: b.html#not", "a.html: no.svg"]
