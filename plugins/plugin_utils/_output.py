# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is private to the collection: it may change in any release.

"""Lines for people, beside what tasks and plays say."""

from __future__ import annotations

from ansible import constants
from ansible.utils.display import Display

# Their output is a document, or one a line: ansible.posix.json and ansible.posix.jsonl.
_DOCUMENTS = ("json", "jsonl")


def tell(line: str) -> None:
    """Show a line on standard output or, where a program reads that, on standard error."""
    Display().display(line, stderr=is_document(constants.config.get_config_value("DEFAULT_STDOUT_CALLBACK")))


def is_document(callback: str) -> bool:
    """Whether standard output is a document with this callback, which any other line would break."""
    return callback.rpartition(".")[2] in _DOCUMENTS


__all__ = ("is_document", "tell")
