"""attributions.txt, and who publishes the feed: whom to name for the timetable's data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from feeds.gtfs.tables import text_array, word_array
from predictor.arrays import StrArray
from predictor.columns import Columns


@dataclass(frozen=True, eq=False)
class Attributions(Columns):
    """All arrays (n,); the meaning is that of the `attribution_` fields of `Timetable`."""

    name: StrArray
    url: StrArray


def read_attributions(tables: Mapping[str, pd.DataFrame]) -> Attributions:
    """Build the attributions, each organization once, whatever of the data it is named for; behind them the publisher
    of feed_info.txt, where that is none of the agencies."""
    url_of: dict[str, str] = {}
    agencies = set(word_array(tables["agency"], "agency_name").tolist())
    for table, name_in, url_in, unnamed in (
        ("attributions", "organization_name", "attribution_url", {""}),
        ("feed_info", "feed_publisher_name", "feed_publisher_url", {"", *agencies}),
    ):
        if (frame := tables.get(table)) is not None:
            for name, url in zip(*(word_array(frame, column).tolist() for column in (name_in, url_in)), strict=True):
                if name not in unnamed:
                    url_of[name] = url_of.get(name) or url
    return Attributions(*(text_array(pd.Series(list(column), dtype="string")) for column in (url_of, url_of.values())))
