"""attributions.txt: whom to name for the timetable's data."""

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
    """Build the attributions, each organization once, whatever of the data it is named for."""
    frame = tables.get("attributions")
    if frame is None:
        return Attributions.empty()
    names, urls = (word_array(frame, column).tolist() for column in ("organization_name", "attribution_url"))
    url_of = dict.fromkeys(filter(None, names), "")
    for name, url in zip(names, urls, strict=True):
        if name and not url_of[name]:
            url_of[name] = url
    return Attributions(*(text_array(pd.Series(list(column), dtype="string")) for column in (url_of, url_of.values())))
