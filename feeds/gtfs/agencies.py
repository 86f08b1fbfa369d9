"""agency.txt: who runs the lines, and how to reach them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from feeds.gtfs.problems import Problems
from feeds.gtfs.tables import text_array, texts, words
from feeds.gtfs.time_zones import known_zone
from predictor.arrays import Int32Array, StrArray


@dataclass(frozen=True, eq=False)
class Agencies:
    """All arrays (A,); the meaning is that of the `agency_` fields of `Timetable`."""

    agency_id: StrArray
    name: StrArray
    url: StrArray
    lang: StrArray
    phone: StrArray
    email: StrArray
    fare_url: StrArray
    timezone: StrArray
    row: Int32Array


def read_agencies(frame: pd.DataFrame, problems: Problems) -> Agencies:
    """Build the agencies from agency.txt. GTFS lets a feed with a single one leave out its id everywhere."""
    name = words(frame, "agency_name")
    agency_id = words(frame, "agency_id")
    agency_id = agency_id.mask(agency_id == "", name)
    twice = agency_id.duplicated().to_numpy(bool)
    problems.rows(
        "agency.txt", frame.index.to_numpy()[twice], agency_id.to_numpy()[twice],
        "the agency stands there before; the row is skipped.",
    )  # fmt: skip
    kept = frame[~twice]
    zones = [known_zone(zone) or "" for zone in words(kept, "agency_timezone").tolist()]
    return Agencies(
        agency_id=text_array(agency_id[~twice]), name=text_array(name[~twice]), url=texts(kept, "agency_url"),
        lang=texts(kept, "agency_lang"), phone=texts(kept, "agency_phone"), email=texts(kept, "agency_email"),
        fare_url=texts(kept, "agency_fare_url"), timezone=np.array(zones, np.str_),
        row=kept.index.to_numpy(np.int32),
    )  # fmt: skip
