# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes the plays of all READMEs, and those of the folder examples, to a folder: plays.py CHECKOUT FOLDER.

Prints the path of each as a line.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path


def main(checkout: Path, folder: Path) -> None:
    """Write them as they stand."""
    folder.mkdir(parents=True, exist_ok=True)
    for readme in sorted([checkout / "README.md", *checkout.glob("roles/*/README.md")]):
        blocks = re.findall(r"^```yaml\n(.*?)^```$", readme.read_text(), re.DOTALL | re.MULTILINE)
        for number, block in enumerate((block for block in blocks if re.search(r"^  hosts: ", block, re.MULTILINE)), 1):
            path = folder / f"{readme.parent.name if readme.parent != checkout else 'readme'}-{number}.yml"
            path.write_text(block)
            print(path)
    for example in sorted(checkout.glob("examples/*.yml")):
        print(shutil.copy(example, folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
