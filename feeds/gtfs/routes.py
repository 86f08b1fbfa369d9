"""routes.txt: the lines as riders know them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from feeds.gtfs.agencies import Agencies
from feeds.gtfs.problems import Problems
from feeds.gtfs.stops import unique_rows
from feeds.gtfs.tables import numbers, text_array, words
from predictor.arrays import Int32Array, StrArray

BUS = 3


@dataclass(frozen=True, eq=False)
class Routes:
    """All arrays (R,); the meaning is that of the `route_` fields of `Timetable`."""

    route_id: StrArray
    short_name: StrArray
    long_name: StrArray
    agency_id: StrArray
    type: Int32Array
    color: StrArray
    text_color: StrArray


def read_routes(frame: pd.DataFrame, agencies: Agencies, problems: Problems) -> Routes:
    """Build the routes from routes.txt; those that name no agency are of the first of agency.txt."""
    frame = unique_rows(frame, "route_id", "routes.txt", problems)
    row, route_id = frame.index.to_numpy(), frame["route_id"]
    short_name, long_name = words(frame, "route_short_name"), words(frame, "route_long_name")
    nameless = ((short_name == "") & (long_name == "")).to_numpy(bool)
    problems.rows(
        "routes.txt", row[nameless], route_id.to_numpy()[nameless],
        "neither route_short_name nor route_long_name; named by its id.",
    )  # fmt: skip
    kind = numbers(frame, "route_type")
    absurd = ~((kind >= 0) & (kind < 2000))
    problems.rows("routes.txt", row[absurd], route_id.to_numpy()[absurd], "no valid route_type; taken as a bus (3).")
    return Routes(
        route_id=np.array(route_id.tolist(), dtype=np.str_),
        short_name=text_array(short_name.mask(nameless, route_id)),
        long_name=text_array(long_name),
        agency_id=text_array(words(frame, "agency_id").replace("", str(agencies.agency_id[0]))),
        type=np.where(absurd, BUS, kind).astype(np.int32),
        color=_colors(frame, "route_color", problems),
        text_color=_colors(frame, "route_text_color", problems),
    )


def _colors(frame: pd.DataFrame, column: str, problems: Problems) -> StrArray:
    colour = words(frame, column).str.upper()
    bare = colour.str.removeprefix("#").str.removeprefix("0X").str.removesuffix(".0")
    # As web pages shorten them and lengthen them, and as spreadsheets do that take them for numbers.
    digits = bare.str.replace(r"^(.)(.)(.)$", r"\1\1\2\2\3\3", regex=True).str.replace(r"^(.{6})..$", r"\1", regex=True)
    digits = digits.where(digits == "", digits.str.zfill(6))
    valid = digits.str.fullmatch("[0-9A-F]{6}").to_numpy(bool)
    row, route_id = frame.index.to_numpy(), frame["route_id"].to_numpy()
    for odd, message in (
        (valid & (digits != colour).to_numpy(bool) & (digits != bare).to_numpy(bool), "read as such"),
        (~valid & (colour != "").to_numpy(bool), "taken as none"),
    ):
        problems.rows("routes.txt", row[odd], route_id[odd], f"{column} is not six hexadecimal digits; {message}.")
    return np.array(digits.where(valid, "").tolist(), dtype=np.str_)
