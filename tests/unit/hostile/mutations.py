# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Inputs that nobody means well with, made of good ones. The same seed gives the same inputs each time."""

from __future__ import annotations

import copy
import os
import random
import typing as t

# More of them in a run by hand: HOSTILE_TRIES=20000 pytest tests/unit/hostile
TRIES = int(os.environ.get("HOSTILE_TRIES", "400"))

# What has a meaning to YAML, XML, shell, Jinja, nftables, systemd, strongSwan, a URL or a path.
WORDS = (
    *("'", '"', "\n", "\r\n", "\t", "\0", "\x7f", "\\", "#", ";", "&", "|", "`", "$(id)", "${PATH}", "$0", "%n", "*"),
    *("{{ 7 * 7 }}", "{% raw %}", "{#", "}", "{", "]", "[", "<", ">", "&amp;", "&x;", "]]>", "<!--", "?>", "<![CDATA["),
    *(": ", "- ", "? ", "&a ", "*a ", "!!python/object/apply:os.system ", "!!binary ", "|\n", "<<: ", "%YAML 9.9\n"),
    *("---\n", "...\n", "../", "/etc/passwd", "//", "@", "?x=", "file://", "https://", ":99999", "-x", "--help", " "),
    *("\u2028", "\ufeff", "\u202e", "\ud7ff", "é", "\U0001f600", "null", "~", "0x10", "1e9", "-1", "yes", "1:30"),
    *("secret = x", "include /etc/passwd", "\nExecStart=/bin/sh", "\n}\nsecrets {", "a" * 300),
)
# What stands where something else is expected.
VALUES: tuple[t.Any, ...] = (
    *(None, True, False, 0, -1, 2**70, 1.5, float("nan"), "", " ", "\n", [], {}, [None], [[]], {"": None}, {"a": []}),
    *(["x"], {"Ref": "AWS::AccountId"}, {"name": "x"}, "x" * 5000, "../../x", "a b", "a\nb", "ünî", "{{ x }}", "-x"),
)


def texts(good: str, count: int = TRIES, seed: int = 1) -> t.Iterator[str]:
    """Texts that differ from a good one in a few places."""
    chance = random.Random(seed)
    for _turn in range(count):
        text = good
        for _change in range(chance.choice((1, 1, 2, 3, 8))):
            text = _changed(text, chance)
        yield text


def _changed(text: str, chance: random.Random) -> str:
    first, last = sorted(chance.randint(0, len(text)) for _end in range(2))
    part = text[first : min(last, first + 60)]
    word = chance.choice(WORDS)
    lines = text.splitlines(keepends=True)
    what = chance.randrange(8)
    if what == 0:
        return text[:first] + word + text[first:]
    if what == 1:
        return text[:first] + word + text[first + len(word) :]
    if what == 2:
        return text[:first] + text[first + len(part) :]
    if what == 3:
        return text[:first] + part * chance.choice((2, 3, 40)) + text[first + len(part) :]
    if what == 4:
        return text[:last]
    if what == 5 and lines:
        lines.insert(chance.randrange(len(lines)), chance.choice(lines))
        return "".join(lines)
    if what == 6 and lines:
        del lines[chance.randrange(len(lines))]
        return "".join(lines)
    place = chance.randint(0, len(text))
    return text[:place] + chr(chance.randrange(0x20, 0x180)) + text[place + 1 :]


def values(good: t.Any, count: int = TRIES, seed: int = 1) -> t.Iterator[t.Any]:
    """Data that differ from good ones in a few places: of another type, missing, twice, or with a hostile text."""
    chance = random.Random(seed)
    for _turn in range(count):
        made = copy.deepcopy(good)
        for _change in range(chance.choice((1, 1, 1, 2, 3))):
            made = _replaced(made, chance)
        yield made


def _replaced(value: t.Any, chance: random.Random) -> t.Any:
    deeper = isinstance(value, (dict, list)) and value and chance.random() < 0.85
    if deeper and isinstance(value, dict):
        key = chance.choice(list(value))
        what = chance.randrange(6)
        if what == 0:
            del value[key]
        elif what == 1:
            value[chance.choice(WORDS)] = value[key]
        else:
            value[key] = _replaced(value[key], chance)
        return value
    if deeper:
        index = chance.randrange(len(value))
        what = chance.randrange(6)
        if what == 0:
            del value[index]
        elif what == 1:
            value.append(copy.deepcopy(value[index]))
        else:
            value[index] = _replaced(value[index], chance)
        return value
    if isinstance(value, str) and chance.random() < 0.6:
        return hostile(value, chance)
    return copy.deepcopy(chance.choice(VALUES))


def hostile(text: str, chance: random.Random) -> str:
    """A text with something hostile before, behind or in it, or in its place."""
    word = chance.choice(WORDS)
    place = chance.randint(0, len(text))
    return chance.choice((text + word, word + text, text[:place] + word + text[place:], word))


def bomb(levels: int = 30) -> str:
    """YAML of some hundred bytes that stands for more entries than any memory has room for."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(lines) + "\n"
