# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of customers' requests, as vegeta tells it."""

from __future__ import annotations

import json

from labkit.traffic import load

RESULT = {
    "attack": "",
    "seq": 0,
    "code": 200,
    "timestamp": "2026-11-27T11:00:00.123456789Z",
    "latency": 210000000,
    "error": "",
    "headers": {"Server": ["earth"]},
}


def test_a_result_is_read() -> None:
    request = load.parse(json.dumps(RESULT))
    assert (request.took, request.failed, request.node) == (0.21, False, "earth")
    assert round(request.sent % 1, 3) == 0.123
    assert load.parse(json.dumps({**RESULT, "code": 0, "headers": None})).failed


def test_a_phase_is_summed_up() -> None:
    requests = [load.Request(float(n), 0.2 + n / 100, n == 3, "earth" if n % 2 else "ip-10-11-0-20") for n in range(10)]
    found = load.phase("both", True, 8, requests, 10.0)
    assert (found["requests"], found["failed"], found["share"]) == (10, 1, {"earth": 0.444, "vulcan": 0.556})
    assert (found["p50_ms"], found["p99_ms"]) == (250.0, 290.0)
    assert load.whole_after(requests, 1.0) == 2.0
    assert load.served(requests, 5.0) == 0.8
    assert load.phase("none", True, 8, [], 1.0)["share"] == {"earth": 0.0, "vulcan": 0.0}


def test_how_long_customers_have_noticed_something() -> None:
    good = [load.Request(float(n), 0.2, False, "earth") for n in range(10)]
    assert load.noticed(good) == load.noticed([]) == 0.0
    assert load.noticed([*good, load.Request(2.5, 0.0, True, ""), load.Request(6.0, 1.2, False, "earth")]) == 3.5


def test_how_much_later_an_answer_from_elsewhere_comes() -> None:
    here = [load.Request(float(n), 0.2, False, "earth") for n in range(30)]
    there = [load.Request(float(n), 0.3, n > 25, "ip-10-11-0-20") for n in range(30)]
    assert round(load.slower([*here, *there]) or 0, 3) == 0.1
    waited = [request._replace(took=1.2) for request in here * 2]
    assert round(load.slower([*here, *waited, *there]) or 0, 3) == 0.1
    assert load.slower(here) is load.slower([*here, *there[:10]]) is None
