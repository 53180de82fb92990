# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages of burst_status as a browser shows them, on a telephone and on a large screen, light and dark."""

from __future__ import annotations

import html
import importlib.util
import json
import re
import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest

from ansible_collections.cloudburst.federation.plugins.filter.burst_status import burst_status

# The bursts that the documentation shows, in tests/pictures.py, which is a script
_SPEC = importlib.util.spec_from_file_location("pictures", Path(__file__).resolve().parents[2] / "pictures.py")
assert _SPEC and _SPEC.loader
pictures = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(pictures)

BROWSER = shutil.which("chromium")
WIDTHS = (400, 1600)
# What the browser takes as the user's wish: PreferredColorScheme in Blink's preferred_color_scheme.mojom
SCHEMES = {"dark": 0, "light": 1}
# Those of the parts that are drawn broken, as the screen reader says them, and nothing else is.
BROKEN: dict[str, set[str]] = {
    "burst_works": set(),
    "burst_tunnel_down": {"Data centre", "fw", "tunnel 2 (203.0.113.21) is down, its service is active"},
    "burst_node_not_ready": {"AWS eu-central-1", "Cluster vulcan", "ip-10-11-1-7"},
    "burst_stack_rolls_back": {"AWS eu-central-1", "Cluster vulcan", "Applications", "Deployment httpbin/httpbin"},
    "hostile": set(),
}
HOSTILE = '</text></svg><script>document.title="taken"</script><img src=x onerror=alert(1)> '

# Opens each page in a frame of each width, and writes down what is seen there.
LOOK = """\
<!doctype html><body><script>
const pages = %s, widths = %s, found = {};
function seen(part, view) { return part.getClientRects().length > 0 && view.getComputedStyle(part).display != "none"; }
async function look(page, width) {
  const frame = document.createElement("iframe");
  frame.style.width = width + "px"; frame.style.height = "1200px"; frame.style.border = "0"; frame.src = page;
  const loaded = new Promise(done => frame.onload = done);
  document.body.append(frame);
  await loaded;
  const view = frame.contentWindow, inside = frame.contentDocument, style = part => view.getComputedStyle(part);
  const shown = [...inside.querySelectorAll("svg")].filter(svg => seen(svg, view));
  const svg = shown[0], edge = svg.getBoundingClientRect();
  const parts = [...svg.querySelectorAll("g")].map(part => {
    const shape = part.querySelector("rect, line");
    return {said: part.getAttribute("aria-label"), state: shape.getAttribute("class"), stroke: style(shape).stroke,
            wide: parseFloat(style(shape).strokeWidth), text: part.querySelector("text").textContent};
  });
  found[page + " " + width] = {
    dark: view.matchMedia("(prefers-color-scheme: dark)").matches, width: inside.documentElement.scrollWidth,
    shown: shown.length, role: svg.getAttribute("role"), title: inside.title,
    read: svg.getAttribute("aria-labelledby").split(" ").map(id => inside.getElementById(id).textContent),
    background: style(inside.body).backgroundColor, ink: style(svg.querySelector("text")).fill,
    small: Math.min(...[...svg.querySelectorAll("text")].map(text => text.getBoundingClientRect().height)),
    outside: [...svg.querySelectorAll("text")].filter(text => {
      const box = text.getBoundingClientRect();
      return box.right > edge.right + 1 || box.left < edge.left - 1;
    }).map(text => text.textContent),
    foreign: inside.querySelectorAll("script, img, foreignObject").length, parts};
  frame.remove();
}
(async () => { for (const page of pages) for (const width of widths) await look(page, width);
  document.body.innerHTML = ""; const said = document.createElement("pre");
  said.textContent = JSON.stringify(found); document.body.append(said); })();
</script></body>
"""

Seen = dict[str, t.Any]


def page(answers: dict[str, t.Any]) -> str:
    svg, whole = ((pictures.TEMPLATES / f"burst_status.{kind}.j2").read_text() for kind in ("svg", "html"))
    return burst_status(answers, "html", svg, whole)


@pytest.fixture(name="seen", scope="module", params=list(SCHEMES))
def _seen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Seen]]:
    if not BROWSER:
        pytest.skip("there is no chromium")
    folder = tmp_path_factory.mktemp("pages")
    works = pictures.BURSTS["burst_works"]
    node = {**works["extension_nodes"]["resources"][0], "metadata": {"name": HOSTILE}}
    bursts = {**pictures.BURSTS, "hostile": {**works, "extension_nodes": {"resources": [node]}}}
    for name, answers in bursts.items():
        (folder / f"{name}.html").write_text(page(answers))
    frames = folder / "frames.html"
    frames.write_text(LOOK % (json.dumps([f"{name}.html" for name in bursts]), json.dumps(WIDTHS)))
    done = subprocess.run(
        [
            *(BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"),
            f"--user-data-dir={folder / 'profile'}",
            f"--blink-settings=preferredColorScheme={SCHEMES[request.param]}",
            *("--window-size=1700,1300", "--virtual-time-budget=60000", "--timeout=120000"),
            *("--dump-dom", frames.as_uri()),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
        timeout=200,
    )
    said = re.search(r"<pre>(.*?)</pre>", done.stdout, re.DOTALL)
    assert said, f"{BROWSER} says nothing of the pages"
    return request.param, json.loads(html.unescape(said[1]))


def each(seen: tuple[str, dict[str, Seen]]) -> t.Iterator[tuple[str, int, Seen]]:
    assert len(seen[1]) == len(BROKEN) * len(WIDTHS)
    for key, found in seen[1].items():
        name, _space, width = key.partition(".html ")
        yield name, int(width), found


def brightness(color: str) -> float:
    """Relative luminance, see https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", color)[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    bright, dim = sorted((brightness(one), brightness(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def test_nothing_scrolls_sideways_and_no_text_leaves_the_picture(seen: tuple[str, dict[str, Seen]]) -> None:
    for name, width, found in each(seen):
        assert found["width"] <= width, (name, width)
        assert found["outside"] == [], (name, width)
        assert found["shown"] == 1, (name, width)
        # As tall as a line of 9 pixels' type: it can be read without zooming
        assert found["small"] >= 9, (name, width)


def test_each_broken_part_is_drawn_broken_and_no_other(seen: tuple[str, dict[str, Seen]]) -> None:
    for name, width, found in each(seen):
        broken = [part for part in found["parts"] if part["state"] == "broken"]
        works = [part for part in found["parts"] if part["state"] == "ok"]
        assert {re.split("[:;]", part["said"])[0] for part in broken} == BROKEN[name], (name, width)
        for part in broken:
            assert "✕" in part["text"], (name, width, part)
            assert part["wide"] > max(other["wide"] for other in works), (name, width, part)
            assert part["stroke"] not in {other["stroke"] for other in works}, (name, width, part)


def test_a_screen_reader_is_told_all_of_it(seen: tuple[str, dict[str, Seen]]) -> None:
    for name, width, found in each(seen):
        title, description = found["read"]
        assert found["role"] == "img"
        assert title.startswith("vulcan: ")
        assert description.startswith("Burst vulcan, as asked at 2026-11-27T08:00:00Z"), (name, width)
        assert all(part["said"] for part in found["parts"]), (name, width)
        assert ("broken" in description.lower()) == bool(BROKEN[name]), (name, width)


def test_light_and_dark_can_be_read(seen: tuple[str, dict[str, Seen]]) -> None:
    scheme, _pages = seen
    for name, width, found in each(seen):
        assert found["dark"] == (scheme == "dark")
        assert (brightness(found["background"]) < 0.5) == (scheme == "dark"), (name, width)
        # WCAG 2.2: 4.5 for text, 3 for what is drawn
        assert contrast(found["ink"], found["background"]) >= 4.5, (name, width)
        for part in found["parts"]:
            assert contrast(part["stroke"], found["background"]) >= 3, (name, width, part)


def test_a_hostile_name_stays_text(seen: tuple[str, dict[str, Seen]]) -> None:
    for name, _width, found in each(seen):
        assert found["foreign"] == 0
        assert found["title"].startswith("vulcan: ")
        if name == "hostile":
            assert any("<script>" in part["said"] for part in found["parts"])
