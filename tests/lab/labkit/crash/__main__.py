# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command tests/lab/crash, on the lab's management host."""

from __future__ import annotations

import sys

from labkit.crash import killer, shifting, sweep

COMMANDS = {"at": killer.main, "shifting": shifting.main, "sweep": sweep.main}

command = sys.argv[1] if len(sys.argv) > 1 else ""
if command not in COMMANDS:
    sys.exit(f"crash: which of {', '.join(COMMANDS)}? tests/lab/crash says what they do")
sys.exit(COMMANDS[command](sys.argv[2:]))
