"""What the columns of GTFS tables are for, as far as it tells a row that was meant from one that has slipped."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec

from feeds.gtfs.written_dates import LIKE_DATES
from feeds.service_times import TIME

REQUIRED_COLUMNS = {
    "agency": ("agency_timezone",),
    "stops": ("stop_id",),
    "routes": ("route_id",),
    "trips": ("trip_id", "route_id", "service_id"),
    "stop_times": ("trip_id", "stop_id"),
}
"""Tables and columns without which nothing can be told."""
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
COLUMNS_OF_OPTIONAL = {
    "calendar": ("service_id", *WEEKDAYS, "start_date", "end_date"),
    "calendar_dates": ("service_id", "date", "exception_type"),
    "frequencies": ("trip_id", "start_time", "end_time", "headway_secs"),
    "feed_info": ("feed_publisher_name",),
    "translations": ("translation",),
    "booking_rules": ("booking_rule_id",),
    "transfers": ("transfer_type",),
    "attributions": ("organization_name",),
    "shapes": ("shape_id", "shape_pt_lat", "shape_pt_lon"),
}  # fmt: skip
"""Tables that may be missing, and what they must hold where they are there."""
NEEDED_NUMBERS = {
    "stop_times": ("stop_sequence",),
    "shapes": ("shape_pt_sequence",),
    "calendar_dates": ("exception_type",),
    "frequencies": ("headway_secs",),
}
"""Columns whose row is worth nothing without a number in them."""

FREE_TEXT = re.compile(r".*(_name|_desc|_headsign)")
"""Columns in which a sentence may stand, with commas and quotation marks."""
_TOGETHER = (("stop_lat", "stop_lon"), ("shape_pt_lat", "shape_pt_lon"), ("start_date", "end_date"))
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
_FORMS = (
    (re.compile(r".*_time"), TIME),
    (re.compile(r"(.*_)?date"), LIKE_DATES),
    (re.compile(r".*_timezone"), re.compile(r"UTC|GMT|\w+(/[\w+-]+)+")),
    (re.compile(r".*_url"), re.compile(r"\S*\.\S+|\w+:\S+")),
    (re.compile(r".*_color"), re.compile(r"#?[0-9a-fA-F]{6}")),
)


_ALIASES = {
    "stops": {"stoplatitude": "stop_lat", "stoplongitude": "stop_lon", "stoplong": "stop_lon", "stoplng": "stop_lon"},
    "calendar": {day[:3]: day for day in WEEKDAYS},
}
_NO_LETTER = re.compile(r"[^a-z]")


def meant_columns(table: str, columns: Sequence[str]) -> list[str]:
    """The columns (n,) under the names of GTFS: others know them without underlines, in the singular, with the table
    before them or their type behind them."""
    known = {*types_of(table), *REQUIRED_COLUMNS.get(table, ()), *COLUMNS_OF_OPTIONAL.get(table, ())}
    meant = {_plain(name): name for name in known} | _ALIASES.get(table, {})
    found = list(columns)
    for place, name in enumerate(columns):
        bare = name.removeprefix(f"{table}.").partition(":")[0]
        other = bare if bare in known else meant.get(_plain(bare), name)
        if other not in found:
            found[place] = other
    return found


def _plain(name: str) -> str:
    return _NO_LETTER.sub("", name).removesuffix("s")


def is_number(table: str, column: str) -> bool:
    """Whether GTFS has numbers in this column."""
    return types_of(table).get(column, "string") != "string"


def types_of(table: str) -> dict[str, str]:
    """The type of each column that gtfs-kit knows in a table."""
    return _types().get(table, {})


@lru_cache(maxsize=1)
def _types() -> dict[str, dict[str, str]]:
    """Those of all tables, from gtfs-kit's file of constants alone: with the whole of it come libraries that draw maps,
    half a second of every start."""
    kit = find_spec("gtfs_kit")
    constants = PathFinder.find_spec("constants", kit.submodule_search_locations if kit else None)
    if constants is None or constants.loader is None:
        raise ModuleNotFoundError("gtfs_kit.constants", name="gtfs_kit")
    module = module_from_spec(constants)
    constants.loader.exec_module(module)
    types: dict[str, dict[str, str]] = module.DTYPES
    return types


def fits(table: str, columns: Sequence[str]) -> Callable[[Sequence[str]], bool]:
    """A test whether values, one for each of the columns, can be a row of the table."""
    needed = {**REQUIRED_COLUMNS, **COLUMNS_OF_OPTIONAL}[table]
    forms = [_form(table, column) for column in columns]
    filled = [i for i, column in enumerate(columns) if column in needed]
    pairs = [(columns.index(a), columns.index(b)) for a, b in _TOGETHER if a in columns and b in columns]
    places = [(a, b) for a, b in pairs if columns[a].endswith("_lat")]

    def test(values: Sequence[str]) -> bool:
        bare = [value.strip() for value in values]
        return (
            all(not value or form is None or form.fullmatch(value) for value, form in zip(bare, forms, strict=True))
            and all(bare[i] for i in filled)
            and all(bool(bare[a]) == bool(bare[b]) for a, b in pairs)
            and all(_may_be_place(bare[a], bare[b]) for a, b in places)
        )

    return test


def _may_be_place(lat: str, lon: str) -> bool:
    """Whether both are degrees, or both parts of them."""
    if not lat:
        return True
    north, east = (abs(float(degrees.replace(",", "."))) for degrees in (lat, lon))
    return (north <= 90) == (east <= 360)


def _form(table: str, column: str) -> re.Pattern[str] | None:
    if is_number(table, column):
        return _NUMBER
    return next((form for name, form in _FORMS if name.fullmatch(column)), None)
