"""booking_rules.txt: where a ride is booked that comes on request."""

from __future__ import annotations

import numpy as np
import pandas as pd

from feeds.gtfs.tables import words
from predictor.arrays import Int32Array, StrArray

_COLUMNS = ("pickup_booking_rule_id", "drop_off_booking_rule_id")


def booked_at(
    rules: pd.DataFrame | None, stop_times: pd.DataFrame, trip_id: StrArray, trip_route: Int32Array, routes: int
) -> StrArray:
    """(R,) the number, else the address, of the rule that most calls of each route name; "" where they name none."""
    named = [column for column in _COLUMNS if column in stop_times]
    if rules is None or not named:
        return np.full(routes, "", np.str_)
    numbers = words(rules, "phone_number")
    contacts: StrArray = np.append(numbers.where(numbers != "", words(rules, "info_url")).to_numpy(np.str_), "")
    of_rule = pd.Index(words(rules, "booking_rule_id").drop_duplicates())
    rule = of_rule.get_indexer(pd.Index(words(stop_times, named[0])))
    trip = pd.Index(trip_id).get_indexer(pd.Index(words(stop_times, "trip_id")))
    told = (rule >= 0) & (trip >= 0)
    pairs, calls = np.unique(trip_route[trip[told]].astype(np.int64) * len(of_rule) + rule[told], return_counts=True)
    # The last that is written counts: that of most calls.
    chosen = np.full(routes, -1)
    by_calls = pairs[np.argsort(calls, kind="stable")]
    chosen[by_calls // len(of_rule)] = by_calls % len(of_rule)
    chosen_contacts: StrArray = contacts[chosen]
    return chosen_contacts
