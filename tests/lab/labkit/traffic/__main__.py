# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command `tests/lab/traffic`, inside the sandbox."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from labkit.errors import LabError
from labkit.traffic import load, run


def main(words: list[str]) -> int:
    """Returns the exit status."""
    try:
        if words[:1] == ["load"] and len(words) in (4, 5):
            port, rate, seconds = int(words[1]), int(words[2]), float(words[3])
            requests = load.Load(run.url(port, *words[4:]), rate, seconds).wait()
            found = load.phase("load", True, rate, requests, seconds)
            print(json.dumps({**found, "noticed": round(load.noticed(requests), 1)}))
            return 0
        if words[:1] == ["run"] and len(words) >= 2:
            return run.run(Path(words[1]), words[2:] or list(run.PORTS))
    except LabError as error:
        print(f"traffic: {error}", file=sys.stderr)
        return 1
    print("traffic: load PORT RATE SECONDS [PATH], or run FILE [METHOD…]", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
