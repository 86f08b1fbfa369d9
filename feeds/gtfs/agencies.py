"""agency.txt: who runs the lines, and how to reach them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from feeds.gtfs.problems import Problems
from feeds.gtfs.tables import text_array, words
from predictor.arrays import StrArray


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
    texts = [text_array(words(kept, f"agency_{column}")) for column in ("url", "lang", "phone", "email", "fare_url")]
    return Agencies(text_array(agency_id[~twice]), text_array(name[~twice]), *texts)
