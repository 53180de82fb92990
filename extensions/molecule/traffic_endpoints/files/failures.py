# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tells how many requests failed, and which of them not within some seconds after something was broken.

Standard input: requests as `vegeta encode` writes them, a JSON document a line. Arguments: seconds, and for each time
that something was broken when that began and when it was done, in seconds since the epoch.
"""

import datetime
import json
import sys

seconds, times = float(sys.argv[1]), [float(word) for word in sys.argv[2:]]
broken = list(zip(times[::2], times[1::2]))
requests, failed, wrong = 0, 0, []
for line in sys.stdin:
    request = json.loads(line)
    requests += 1
    if request["code"] == 200:
        continue
    failed += 1
    # Nanoseconds are more than Python reads
    text = request["timestamp"]
    whole, _dot, rest = text.partition(".")
    began = datetime.datetime.fromisoformat(f"{whole}.{rest[:6]}+00:00" if text.endswith("Z") else whole + rest[-6:])
    at = began.timestamp()
    # One that was under way then has begun before
    if not any(first - 2 <= at <= last + seconds for first, last in broken):
        wrong.append(f"{text}: {request['code']} {request['error']}")
print(json.dumps({"requests": requests, "failed": failed, "wrong": wrong[:20]}))
