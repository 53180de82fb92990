# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was built, as the programs inside the sandbox find it: `lab up` writes it into the state directory."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from pathlib import Path

from labkit import settings
from labkit.build import Artifacts
from labkit.errors import LabError

FILE = settings.STATE / "artifacts.json"


def save(built: Artifacts) -> None:
    """Write down what was built for load()."""
    FILE.write_text(json.dumps(dataclasses.asdict(built), indent=1, default=str))


def load() -> Artifacts:
    """What save() wrote down; raises LabError when the lab is not up."""
    try:
        data = json.loads(FILE.read_text())
    except FileNotFoundError as error:
        raise LabError(f"{FILE} is missing: the lab is not up") from error
    images = {reference: Path(file) for reference, file in data.pop("images").items()}
    places: dict[str, t.Any] = {name: value and Path(value) for name, value in data.items()}
    return Artifacts(images=images, **places)
