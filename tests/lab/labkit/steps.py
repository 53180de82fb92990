# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps that depend on each other, taken as many at a time as their order allows."""

from __future__ import annotations

import concurrent.futures
import graphlib
import typing as t
from dataclasses import dataclass

from labkit.build.progress import Progress


@dataclass(frozen=True)
class Step:
    """One part coming up, after those named in `after`."""

    name: str
    act: t.Callable[[], None]
    after: tuple[str, ...] = ()


def run(todo: t.Sequence[Step], report: Progress) -> None:
    """Take all steps, as many at a time as their order allows. The first failure is raised; no further step begins."""
    actions = {step.name: step.act for step in todo}
    sorter = graphlib.TopologicalSorter({step.name: step.after for step in todo})
    sorter.prepare()
    pool = concurrent.futures.ThreadPoolExecutor(max_workers=len(todo))
    running: dict[concurrent.futures.Future[None], str] = {}
    try:
        while sorter.is_active():
            for name in sorter.get_ready():
                report.begin(name)
                running[pool.submit(actions[name])] = name
            done, _running = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
            for future in done:
                name = running.pop(future)
                future.result()
                report.end(name)
                sorter.done(name)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
