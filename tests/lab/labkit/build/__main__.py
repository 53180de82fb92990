# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds what is missing of the lab and prints where everything is: `python3 -m labkit.build` in tests/lab."""

from __future__ import annotations

import dataclasses
import json
import sys

from labkit import build


def main() -> int:
    """Returns the exit status."""
    try:
        artifacts = build.ensure()
    except build.BuildError as failure:
        print(failure, file=sys.stderr)
        return 1
    print(json.dumps(dataclasses.asdict(artifacts), indent=2, default=str))
    return 0


if __name__ == "__main__":
    sys.exit(main())
