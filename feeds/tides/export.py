"""What a replay finds, as a TIDES package: `stop_visits`, `trips_performed`, `vehicle_locations` and `vehicles` as CSV
files beside a `datapackage.json` (Transit ITS Data Exchange Specification, https://tides-transit.org)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd
from google.transit.gtfs_realtime_pb2 import TripDescriptor

from feeds.service_times import start_time
from feeds.storage.whole_file import whole_file
from feeds.tides.tables import guarded
from predictor.arrays import AnyArray, Float64Array, Int32Array, is_one_of, or_where_unknown
from predictor.passages import Passages
from predictor.snapshot import DEADHEAD, IN_SERVICE, LAYOVER, Snapshot, Vehicles
from predictor.timetable import Timetable

SPECIFICATION = "https://raw.githubusercontent.com/TIDES-transit/TIDES/main/spec"
COLUMNS = {
    "stop_visits": (
        "service_date", "trip_id_performed", "trip_stop_sequence", "scheduled_stop_sequence", "pattern_id",
        "vehicle_id", "dwell", "stop_id", "timepoint", "schedule_arrival_time", "schedule_departure_time",
        "actual_arrival_time", "actual_departure_time", "distance", "boarding_1", "alighting_1", "boarding_2",
        "alighting_2", "departure_load", "door_open", "door_close", "door_status", "ramp_deployed_time",
        "ramp_failure", "kneel_deployed_time", "lift_deployed_time", "bike_rack_deployed", "bike_load", "revenue",
        "number_of_transactions", "schedule_relationship",
    ),
    "trips_performed": (
        "service_date", "trip_id_performed", "vehicle_id", "trip_id_scheduled", "route_id", "route_type",
        "ntd_mode", "route_type_agency", "shape_id", "pattern_id", "direction_id", "operator_id", "block_id",
        "trip_start_stop_id", "trip_end_stop_id", "schedule_trip_start", "schedule_trip_end", "actual_trip_start",
        "actual_trip_end", "trip_type", "schedule_relationship",
    ),
    "vehicle_locations": (
        "location_ping_id", "service_date", "event_timestamp", "trip_id_performed", "trip_id_scheduled",
        "trip_stop_sequence", "scheduled_stop_sequence", "vehicle_id", "device_id", "pattern_id", "stop_id",
        "current_status", "latitude", "longitude", "gps_quality", "heading", "speed", "odometer",
        "schedule_deviation", "headway_deviation", "trip_type", "schedule_relationship",
    ),
    "vehicles": (
        "vehicle_id", "vehicle_start", "vehicle_end", "model_name", "facility_name", "capacity_seated",
        "capacity_wheelchair", "capacity_bike", "bike_rack", "capacity_standing",
    ),
}  # fmt: skip
"""Those of each table, all of which must be there, in this order; of what is not known they are empty."""
RUN = ["service_date", "trip_id_performed"]
"""What names a trip performed."""

_ROUTE_TYPES = {
    0: "Tram / Streetcar / Light rail", 1: "Subway / Metro", 2: "Rail", 3: "Bus", 4: "Ferry", 5: "Cable tram",
    6: "Aerial lift", 7: "Funicular", 11: "Trolleybus", 12: "Monorail",
}  # fmt: skip
_HUNDREDS = {
    1: "Railway Service", 2: "Coach Service", 4: "Urban Railway Service", 7: "Bus Service", 8: "Trolleybus Service",
    9: "Tram Service", 10: "Water Transport Service", 11: "Air Service", 12: "Ferry Service",
    13: "Aerial Lift Service", 14: "Funicular Service", 15: "Taxi Service", 17: "Miscellaneous Service",
}  # fmt: skip
_TRIP_TYPES = {IN_SERVICE: "In service", LAYOVER: "Layover", DEADHEAD: "Deadhead"}
_RELATIONSHIPS = {
    TripDescriptor.ADDED: "Added", TripDescriptor.NEW: "Added", TripDescriptor.DUPLICATED: "Duplicated",
}  # fmt: skip


class TidesExport:
    """Takes the snapshots of a replay in order. See `tides_export`."""

    def __init__(self, locations: IO[str]) -> None:
        """`locations`: where each report is written as it comes."""
        self._locations = locations
        self._visits: list[pd.DataFrame] = []
        self._trips: list[pd.DataFrame] = []
        self._told: dict[str, float] = {}
        self._vehicles: set[str] = set()
        locations.write(",".join(COLUMNS["vehicle_locations"]) + "\n")

    def take(self, snapshot: Snapshot) -> None:
        """What this step has found: passages, and reports that are new."""
        passages, vehicles = snapshot.passages, snapshot.vehicles
        if len(passages):
            trips = _trips(snapshot.timetable, passages)
            self._visits.append(_visits(snapshot, trips))
            self._keep(trips)
        at = dict(zip(vehicles.vehicle_id.tolist(), vehicles.timestamp.tolist(), strict=True))
        new = np.flatnonzero([time > self._told.get(name, -np.inf) for name, time in at.items()])
        if len(new):
            self._told |= at
            on = is_one_of(vehicles.state[new], (IN_SERVICE, LAYOVER)) & (vehicles.trip[new] >= 0)
            run = new[on]
            trips = _trips(snapshot.timetable, vehicles.take(run)).set_index(run)
            locations = _locations(snapshot, new, trips).reindex(columns=COLUMNS["vehicle_locations"])
            guarded(locations).to_csv(self._locations, header=False, index=False)
            self._keep(trips)
            self._vehicles |= set(vehicles.vehicle_id[new].tolist())

    def tables(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """The other tables, by name."""
        trips = _together(self._trips, (*COLUMNS["trips_performed"], "calls")).drop_duplicates(RUN)
        visits = _together(self._visits, (*COLUMNS["stop_visits"], "call", "calls", "arrived", "left")).sort_values(
            [*RUN, "call"]
        )
        # A stop left later than it was reached comes in two steps.
        visits = visits.groupby([*RUN, "call"], sort=False, as_index=False).last()
        visits["trip_stop_sequence"] = visits.groupby(RUN).cumcount() + 1
        dwell = (visits.left - visits.arrived).clip(lower=0.0).astype(float).round()
        visits["dwell"] = dwell.astype("Int64")
        for event, seconds in (("arrival", visits.arrived), ("departure", visits.left)):
            visits[f"actual_{event}_time"] = _times(seconds.to_numpy(np.float64, na_value=np.nan))
        begun = visits[visits.call == 0].set_index(RUN).actual_departure_time
        ended = visits[visits.call == visits.calls - 1].set_index(RUN).actual_arrival_time
        names = pd.MultiIndex.from_frame(trips[RUN])
        trips["actual_trip_start"], trips["actual_trip_end"] = (
            event.reindex(names).to_numpy(object) for event in (begun, ended)
        )
        yield "stop_visits", visits
        yield "trips_performed", trips
        yield "vehicles", pd.DataFrame({"vehicle_id": sorted(self._vehicles | set(trips.vehicle_id))})

    def _keep(self, trips: pd.DataFrame) -> None:
        self._trips.append(trips.drop_duplicates(RUN))
        if len(self._trips) > 200:
            # Each run comes at every step.
            self._trips = [pd.concat(self._trips).drop_duplicates(RUN)]


@contextmanager
def tides_export(folder: Path, network: str) -> Iterator[TidesExport]:
    """A TIDES package in `folder`, each file of which is there whole when left without an error. Parameters: `network`:
    its name, for the package's description. Errors: OSError."""
    with ExitStack() as files:
        unfinished = {name: files.enter_context(whole_file(folder / f"{name}.csv")) for name in COLUMNS}
        descriptor = files.enter_context(whole_file(folder / "datapackage.json"))
        with unfinished["vehicle_locations"].open("w", encoding="utf-8", newline="") as locations:
            export = TidesExport(locations)
            yield export
        for name, table in export.tables():
            guarded(table.reindex(columns=COLUMNS[name])).to_csv(unfinished[name], index=False)
        descriptor.write_text(json.dumps(_package(network), indent=2, ensure_ascii=False), encoding="utf-8")


def _package(network: str) -> dict[str, object]:
    return {
        "profile": f"{SPECIFICATION}/tides-datapackage-profile.json",
        "title": f"{network}: trips performed",
        "agency": network,
        "resources": [
            {
                "profile": "tabular-data-resource",
                "name": name,
                "path": f"{name}.csv",
                "tides-table": name,
                "schema": f"{SPECIFICATION}/{name}.schema.json",
                "sources": [{"title": "GTFS-Realtime VehiclePositions", "component": "prochain"}],
            }
            for name in COLUMNS
        ],
    }


def _trips(tt: Timetable, runs: Passages | Vehicles) -> pd.DataFrame:
    """Trips performed, a row for each of (n,) runs of vehicles, as `trips_performed`; the number of `calls` of each."""
    trip, vehicle = runs.trip, runs.vehicle_id
    start = [start_time(tt, *run) for run in zip(trip.tolist(), runs.shift_s.tolist(), strict=True)]
    trip_id, calls = tt.trip_id[trip], tt.trip_calls[trip]
    relationship, model = tt.run_relationships[trip], tt.run_models[trip]
    by_headway = tt.trip_is_frequency[trip]
    origin = runs.origin(tt).astype(np.float64)
    block, direction = tt.trip_block[trip], tt.pattern_direction[tt.trip_pattern[trip]]
    route = tt.trip_route[trip]
    ours = (trip >= tt.base.trips) & (relationship != TripDescriptor.SCHEDULED) & (model < 0)
    relationships = pd.Series(relationship).map(_RELATIONSHIPS)
    return pd.DataFrame(
        {
            "service_date": _dates(tt, runs.service_day),
            "trip_id_performed": [f"{t}:{s}:{v}" for t, s, v in zip(trip_id, start, vehicle, strict=True)],
            "vehicle_id": vehicle.astype(object),
            "trip_id_scheduled": _where(~ours, tt.trip_id[np.where(model >= 0, model, trip)]),
            "route_id": tt.route_id[route].astype(object),
            "route_type": [_ROUTE_TYPES.get(k, _HUNDREDS.get(k // 100)) for k in tt.route_type[route].tolist()],
            "direction_id": pd.array(np.where(direction >= 0, direction, 0), "Int64").copy(),
            "block_id": _where(block >= 0, np.append(tt.block_id, "")[block]),
            "trip_start_stop_id": tt.stop_id[tt.stop_at(trip, 0)].astype(object),
            "trip_end_stop_id": tt.stop_id[tt.stop_at(trip, calls - 1)].astype(object),
            "schedule_trip_start": _times(np.where(by_headway, np.nan, origin + tt.trip_start_s[trip])),
            "schedule_trip_end": _times(np.where(by_headway, np.nan, origin + tt.trip_end_s[trip])),
            "trip_type": "In service",
            "schedule_relationship": np.where(
                relationships.isna(), np.where(by_headway, "Unscheduled", "Scheduled"), relationships
            ),
            "calls": calls,
        }
    ).assign(direction_id=lambda frame: frame.direction_id.mask(direction < 0))


def _visits(snapshot: Snapshot, trips: pd.DataFrame) -> pd.DataFrame:
    tt, passages = snapshot.timetable, snapshot.passages
    entry = tt.entry_of(passages.trip, passages.call)
    origin = passages.origin(tt).astype(np.float64)
    by_headway = tt.trip_is_frequency[passages.trip]
    return pd.DataFrame(
        {
            **{name: trips[name] for name in (*RUN, "vehicle_id", "calls")},
            "call": passages.call,
            "scheduled_stop_sequence": tt.stop_sequence[entry],
            "stop_id": tt.stop_id[passages.stop].astype(object),
            "timepoint": tt.timepoint[entry],
            "schedule_arrival_time": _times(np.where(by_headway, np.nan, origin + tt.arrival_s[entry])),
            "schedule_departure_time": _times(np.where(by_headway, np.nan, origin + tt.departure_s[entry])),
            "arrived": passages.arrival,
            "left": passages.departure,
            "schedule_relationship": np.where(trips.schedule_relationship == "Added", "Added", "Scheduled"),
        }
    )


def _locations(snapshot: Snapshot, rows: AnyArray, trips: pd.DataFrame) -> pd.DataFrame:
    """Reports of the vehicles at `rows` (n,); `trips` by row of those on a run."""
    tt, vehicles = snapshot.timetable, snapshot.vehicles
    name, at = vehicles.vehicle_id[rows], vehicles.timestamp[rows]
    run = pd.Series(rows).isin(trips.index).to_numpy()
    trip = np.where(run, vehicles.trip[rows], 0)
    calling = run & (vehicles.next_call[rows] < tt.trip_calls[trip])
    entry = tt.entry_of(trip, np.where(calling, vehicles.next_call[rows], 0))
    deviation = vehicles.delay_s[rows]
    known = run & np.isfinite(deviation)
    # On its way to a trip it may name it already.
    names = ~run & vehicles.named[rows] & (vehicles.trip[rows] >= 0)
    named = _trips(tt, vehicles.take(rows[names])).set_index(rows[names])
    trip_columns = pd.concat([trips, named]).reindex(rows)
    return pd.DataFrame(
        {
            "location_ping_id": [f"{v}@{t:.0f}" for v, t in zip(name, at, strict=True)],
            "service_date": trip_columns.service_date.to_numpy(object),
            "event_timestamp": _times(at),
            "trip_id_performed": trips.trip_id_performed.reindex(rows).to_numpy(object),
            "trip_id_scheduled": trip_columns.trip_id_scheduled.to_numpy(object),
            "scheduled_stop_sequence": pd.Series(tt.stop_sequence[entry], dtype="Int64").mask(~calling),
            "vehicle_id": name,
            "stop_id": _where(calling, tt.stop_id[tt.call_stop[entry]]),
            "latitude": vehicles.lat[rows].round(6),
            "longitude": vehicles.lon[rows].round(6),
            "heading": (vehicles.bearing[rows] % 360.0).round(1),
            "speed": np.where(vehicles.speed[rows] >= 0.0, vehicles.speed[rows], np.nan).round(2),
            "schedule_deviation": pd.Series(np.where(known, deviation, 0.0).round(), dtype="Int64").mask(~known),
            "trip_type": pd.Series(vehicles.state[rows]).map(_TRIP_TYPES),
        }
    )


def _together(parts: list[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(columns))


def _dates(tt: Timetable, day: Int32Array) -> list[str]:
    return [f"{date[:4]}-{date[4:6]}-{date[6:]}" for date in tt.date[day].astype(np.str_).tolist()]


def _times(seconds: Float64Array) -> AnyArray:
    """POSIX seconds as ISO 8601 in UTC (n,) object, missing for NaN."""
    return _where(
        np.isfinite(seconds),
        np.char.add(or_where_unknown(seconds, 0.0).round().astype("datetime64[s]").astype(np.str_), "Z"),
    )


def _where(known: AnyArray, text: AnyArray) -> AnyArray:
    result: AnyArray = text.astype(object)
    result[~known] = None
    return result
