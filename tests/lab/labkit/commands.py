# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A command of the lab with a few words to choose from, such as `edge up`."""

from __future__ import annotations

import os
import sys
import typing as t

from labkit.errors import LabError

Commands = t.Mapping[tuple[str, ...], t.Callable[[], None]]


def main(name: str, commands: Commands, words: t.Sequence[str]) -> t.NoReturn:
    """Run the command, and end the process with its exit status."""
    status = _run(name, commands, tuple(words))
    sys.stdout.flush()
    os._exit(status)  # steps that still wait for something after another one failed are not waited for


def _run(name: str, commands: Commands, words: tuple[str, ...]) -> int:
    if words not in commands:
        print(f"{name}: which of {', '.join(' '.join(each) for each in commands)}?", file=sys.stderr)
        return 2
    try:
        commands[words]()
    except LabError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0
