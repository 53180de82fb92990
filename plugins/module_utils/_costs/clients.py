# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.
"""The prices that a module works with, by its connection options."""

from __future__ import annotations

import typing as t

from .._aws.errors import AwsError, calling
from .price_list import CONFIG, ListedPrices, end_point
from .prices import Prices


def prices_of(aws: t.Any) -> Prices:
    """Prices of the region that a module works in, as far as its credentials show them.

    :param aws: the AnsibleAWSModule.
    """
    where = end_point(str(aws.region or ""))
    if not where:
        return Prices()
    try:
        with calling("make a client for AWS's price list"):
            client = aws.client("pricing", region=where, config=CONFIG)
    except AwsError:
        return Prices()
    return Prices(ListedPrices(client, str(aws.region)))


__all__ = ("prices_of",)
