"""VehiclePosition reports as columns of text and numbers: what is archived, and what is resolved to observations.

The column names are those of GTFS-Realtime's VehiclePosition. Missing text is "", a missing number NaN.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from statistics import mean

import numpy as np
from google.transit import gtfs_realtime_pb2

from feeds.ids.call_numbers import Numbering, numbered_as_timetable
from feeds.ids.known_ids import ids_of, known_indices, short_text
from feeds.ids.run_names import a_few, dated_near, run_names, without_other_starts, without_shared_starts
from feeds.messages.message import all_measured_at
from feeds.messages.unset_parts import NO_MODIFIED_TRIP, NO_POSITION, NO_TRIP, NO_VEHICLE
from feeds.zone_places import within_half_circle
from predictor.arrays import NONE, BoolArray, Float64Array, Int64Array, is_one_of
from predictor.columns import replace
from predictor.named_dates import NamedDates
from predictor.named_runs import SAME_START_S, RunNames, run_finder
from predictor.observations import Observations
from predictor.timetable import Timetable
from predictor.trip_updates import NOT_IN_TIMETABLE, TRIP_DUPLICATED

TEXT_COLUMNS = (
    "id", "vehicle_id", "vehicle_label", "trip_id", "start_date", "start_time", "route_id", "stop_id",
)  # fmt: skip
NUMBER_COLUMNS = (
    "direction_id", "latitude", "longitude", "bearing", "speed", "current_stop_sequence", "current_status",
    "occupancy_status", "occupancy_percentage", "wheelchair_accessible", "congestion_level", "schedule_relationship",
    "timestamp",
)  # fmt: skip

FASTEST_M_S = 60.0
GPS_ERA_S = 1024 * 604_800.0
"""Receivers of old count weeks from nought again after so long: their times are of twenty years ago."""
_ERA_TOLERANCE_S = 3600.0
_NAN = float("nan")
_RANGES = {
    "bearing": (0.0, 360.0, "bearing_out_of_range"),
    "speed": (0.0, FASTEST_M_S, "speed_out_of_range"),
    "direction_id": (0, 1, "direction_out_of_range"),
    "current_status": (0, 2, "status_out_of_range"),
    "occupancy_status": (0, 8, "occupancy_out_of_range"),
    "occupancy_percentage": (0, 1000, "occupancy_out_of_range"),
    "wheelchair_accessible": (0, 3, "wheelchair_out_of_range"),
    "congestion_level": (0, 4, "congestion_out_of_range"),
    "current_stop_sequence": (0, 2**31 - 1, "stop_sequence_out_of_range"),
}
"""Least and most of each number that can be true, and what others are counted as."""
_FILLING = frozenset(range(6))
"""OccupancyStatus from EMPTY to FULL, in order of how full."""
_NO_DATA = gtfs_realtime_pb2.VehiclePosition.NO_DATA_AVAILABLE
_CARRIAGES_TAG = bytes([gtfs_realtime_pb2.VehiclePosition.MULTI_CARRIAGE_DETAILS_FIELD_NUMBER << 3 | 2])
"""What a carriage begins with in the bytes of a report."""
_NOT_RUN = (gtfs_realtime_pb2.TripDescriptor.CANCELED, gtfs_realtime_pb2.TripDescriptor.DELETED)


@dataclass(frozen=True, eq=False)
class Reports:
    """Reports in columns of equal length (n,)."""

    text: Mapping[str, Sequence[str]]
    """By `TEXT_COLUMNS`."""
    number: Mapping[str, Float64Array]
    """By `NUMBER_COLUMNS`."""

    def __len__(self) -> int:
        return len(self.number["timestamp"])

    def take(self, rows: Int64Array) -> Reports:
        """These rows, in this order."""
        if np.array_equal(rows, np.arange(len(self))):
            return self
        order = rows.tolist()
        return Reports(
            {name: [column[i] for i in order] for name, column in self.text.items()},
            {name: column[rows] for name, column in self.number.items()},
        )


def reports_of(
    message: gtfs_realtime_pb2.FeedMessage,
) -> tuple[Reports, list[gtfs_realtime_pb2.TripDescriptor], Counter[str]]:
    """The vehicle reports of a message, as it says them, the runs that it calls off, and what was left out by
    reason."""
    refused: Counter[str] = Counter()
    called_off: list[gtfs_realtime_pb2.TripDescriptor] = []
    text: list[tuple[str, ...]] = []
    # Filled row by row: an array made of all rows at once would hold up readers, who need Python's lock.
    number = array("d")
    for entity in message.entity:
        if entity.is_deleted:
            refused["deleted_entity"] += 1
            continue
        if not entity.HasField("vehicle"):
            continue
        report = entity.vehicle
        has = report.HasField
        trip = report.trip if has("trip") else NO_TRIP
        vehicle = report.vehicle if has("vehicle") else NO_VEHICLE
        position = report.position if has("position") else NO_POSITION
        if trip.schedule_relationship in _NOT_RUN:
            called_off.append(trip)
            continue
        modified = trip.modified_trip if trip.HasField("modified_trip") else NO_MODIFIED_TRIP
        text.append(
            (
                entity.id, vehicle.id, vehicle.label or vehicle.license_plate,
                modified.affected_trip_id or trip.trip_id,
                trip.start_date or modified.start_date, trip.start_time or modified.start_time, trip.route_id,
                report.stop_id,
            )
        )  # fmt: skip
        occupancy = report.occupancy_status if has("occupancy_status") else _NAN
        percentage = report.occupancy_percentage if has("occupancy_percentage") else _NAN
        # There is no other way to ask whether it tells of carriages: see `feeds.messages.unset_parts`.
        untold = (occupancy != occupancy and percentage != percentage) or occupancy == _NO_DATA
        if untold and _CARRIAGES_TAG in report.SerializePartialToString():
            occupancy, percentage = _occupancy_of_carriages(report)
        # What is not nought is there: that saves a question.
        number.extend(
            (
                trip.direction_id or (0.0 if trip.HasField("direction_id") else _NAN),
                position.latitude or (0.0 if position.HasField("latitude") else _NAN),
                position.longitude or (0.0 if position.HasField("longitude") else _NAN),
                position.bearing or (0.0 if position.HasField("bearing") else _NAN),
                position.speed or (0.0 if position.HasField("speed") else _NAN),
                report.current_stop_sequence or (0.0 if has("current_stop_sequence") else _NAN),
                report.current_status if has("current_status") else _NAN,
                occupancy,
                percentage,
                vehicle.wheelchair_accessible if vehicle.HasField("wheelchair_accessible") else _NAN,
                report.congestion_level if has("congestion_level") else _NAN,
                trip.schedule_relationship,
                report.timestamp,
            )
        )
    words = zip(*text, strict=True) if text else repeat((), len(TEXT_COLUMNS))
    numbers = dict(zip(NUMBER_COLUMNS, np.array(number).reshape(-1, len(NUMBER_COLUMNS)).T, strict=True))
    numbers["longitude"] = within_half_circle(numbers["longitude"])
    numbers["timestamp"] = all_measured_at(numbers["timestamp"])
    refused["run_cancelled"] = len(called_off)
    return Reports(dict(zip(TEXT_COLUMNS, map(ids_of, words), strict=True)), numbers), called_off, refused


def _occupancy_of_carriages(report: gtfs_realtime_pb2.VehiclePosition) -> tuple[float, float]:
    """OccupancyStatus and percentage of the whole vehicle, NaN where not told, by its carriages: those of all
    passengers on all of them."""
    carriages, status = report.multi_carriage_details, _NAN
    filling = [carriage.occupancy_status for carriage in carriages if carriage.occupancy_status in _FILLING]
    closed = {carriage.occupancy_status for carriage in carriages} - _FILLING
    shares = [carriage.occupancy_percentage for carriage in carriages if carriage.occupancy_percentage >= 0]
    if filling or len(closed) == 1:
        status = float(round(mean(filling)) if filling else closed.pop())
    return status, float(round(mean(shares))) if shares else _NAN


def resolve(
    reports: Reports,
    timetable: Timetable,
    received_at: float,
    feed_timestamp: float,
    dates: NamedDates | None = None,
    numbering: Numbering | None = None,
) -> Observations:
    """Reports with ids turned into indices and absurd fields left out; those that tell no place are refused.

    Any number of reports a vehicle, in the order given; their positions are NaN where they name a stop alone. A report
    without timestamp is dated by the feed's, else by `received_at`. One that names no trip of the timetable, but a
    route and a start time, is given the trip that these name. What was left out is counted in `refused`. `dates`: takes
    in what they tell of the dates that the feed names; `numbering`: how it numbers calls.
    """
    refused: Counter[str] = Counter()
    reports = _placed(reports, refused)
    text, number = reports.text, reports.number

    at = number["timestamp"]
    undated = np.isnan(at)
    refused["timestamp_missing"] = int(undated.sum())
    at = np.where(undated, np.fmin(feed_timestamp, received_at), at)
    an_era_ago = np.abs(received_at - at - GPS_ERA_S) < _ERA_TOLERANCE_S
    refused["timestamp_an_era_of_gps_ago"] = int(an_era_ago.sum())
    at = np.where(an_era_ago, at + GPS_ERA_S, at)

    number = {**number, **_possible(number, refused)}
    refused["vehicle_id_missing"] = text["vehicle_id"].count("")
    names, route, _ = run_names(
        text["trip_id"], text["route_id"], text["start_date"], text["start_time"],
        _or_none(number["direction_id"]).astype(np.int8), np.zeros(len(reports), bool), timetable, received_at, refused,
    )  # fmt: skip
    under_way = np.ones(len(reports), bool)
    names = _on_diversions(timetable, names, text["trip_id"])
    names = dated_near(_on_copies(timetable, names, number["schedule_relationship"]), at, under_way, timetable, refused)
    names = without_shared_starts(names, text["vehicle_id"], at, timetable, refused)
    names = without_other_starts(names, route, at, timetable, refused)
    is_extra = _on_untold_runs(timetable, names, number["schedule_relationship"])
    refused["run_untold"] = int(is_extra.sum())
    names = replace(names, trip=np.where(is_extra, np.int32(NONE), names.trip))
    runs = run_finder(timetable).find(names, at, under_way)
    runs.count(refused, under_way)
    if dates is not None:
        dates.hear(timetable, names, runs, under_way, under_way, received_at)
    trip = np.where(runs.trip >= 0, runs.trip, names.trip)
    known = ((trip >= 0) | is_extra).tolist()
    unknown = [name for name, is_known in zip(text["trip_id"], known, strict=True) if name and not is_known]
    refused["unknown_trip"] = len(unknown)
    stop = known_indices(text["stop_id"], timetable.stop_index, timetable, "unknown_stop", refused)
    observations = Observations(
        received_at=received_at,
        feed_timestamp=feed_timestamp,
        vehicle_id=short_text(vehicle_names(reports), refused),
        # Who has neither is known by its trip, which is no name of a vehicle.
        vehicle_label=short_text(
            [label or name for label, name in zip(text["vehicle_label"], text["vehicle_id"], strict=True)], refused
        ),
        trip=trip,
        service_date=names.service_date,
        start_time_s=names.start_time_s,
        route=route,
        direction=names.direction,
        lat=number["latitude"],
        lon=number["longitude"],
        bearing=(number["bearing"] % 360.0).astype(np.float32),
        speed=number["speed"].astype(np.float32),
        stop_sequence=numbered_as_timetable(
            timetable,
            trip,
            _or_none(number["current_stop_sequence"]).astype(np.int32),
            stop,
            number["latitude"],
            number["longitude"],
            numbering or Numbering(),
        ),
        stop=stop,
        stop_status=_or_none(number["current_status"]).astype(np.int8),
        occupancy=_or_none(number["occupancy_status"]).astype(np.int8),
        occupancy_percentage=_or_none(number["occupancy_percentage"]).astype(np.int16),
        # GTFS-Realtime counts from "no value" and "unknown".
        wheelchair=np.maximum(_or_none(number["wheelchair_accessible"]) - 1.0, 0.0).astype(np.int8),
        congestion=np.maximum(_or_none(number["congestion_level"]), 0.0).astype(np.int8),
        is_extra=is_extra,
        timestamp=at,
        refused={},
        unknown_trips=a_few(unknown),
    )
    return with_refused(observations, refused)


def _on_copies(timetable: Timetable, names: RunNames, relationship: Float64Array) -> RunNames:
    """The names (n,) with the trip of a copy (DUPLICATED) in place of the one copied, where it starts as the copy, or
    is said to be a copy and there is but one."""
    copy = np.arange(timetable.base.trips, timetable.trips)
    model = timetable.run_models[copy]
    renamed = (model >= 0) & (timetable.trip_id[copy] != timetable.trip_id[np.maximum(model, 0)])
    copy, start = copy[renamed], (timetable.trip_start_s[copy] + timetable.own_runs.shift_s)[renamed]
    models, copies = model[renamed].tolist(), copy.tolist()
    by_start = dict(zip(zip(models, start.tolist(), strict=True), copies, strict=True))
    count = Counter(models)
    by_start |= {(trip, NONE): own for trip, own in zip(models, copies, strict=True) if count[trip] == 1}
    if not by_start:
        return names
    trip = names.trip.copy()
    for row in np.flatnonzero((names.start_time_s >= 0) | (relationship == TRIP_DUPLICATED)).tolist():
        trip[row] = by_start.get((int(trip[row]), int(names.start_time_s[row])), trip[row])
    return replace(names, trip=trip)


def _on_untold_runs(timetable: Timetable, names: RunNames, relationship: Float64Array) -> BoolArray:
    """Which reports (n,) are of a run of which no message tells: a copy of the trip that they name, or one
    that is added under its id at another start."""
    result = is_one_of(relationship, NOT_IN_TIMETABLE)
    result &= (names.trip >= 0) & (names.trip < timetable.base.trips)
    trip, start_s = names.trip[result], names.start_time_s[result]
    shift_s = start_s - timetable.trip_start_s[trip]
    is_told = (start_s < 0) | (np.abs(shift_s) <= SAME_START_S) | timetable.by_name.has_run(trip, shift_s)
    is_beside = is_one_of(timetable.run_relationships, NOT_IN_TIMETABLE)
    is_copied = np.isin(trip, timetable.run_models[is_beside]) | timetable.trip_is_frequency[trip]
    result[result] = ~np.where(relationship[result] == TRIP_DUPLICATED, is_copied, is_told)
    return result


def _on_diversions(timetable: Timetable, names: RunNames, trip_id: Sequence[str]) -> RunNames:
    """The names (n,) with the trips that the operator has put on other ways in place of ids that are theirs behind
    another: some feeds call such a run `modifications_id`_`trip_id`."""
    own = timetable.trip_id[timetable.base.trips :].tolist()
    of_model = {name: timetable.base.trip_index[name] for name in own if name in timetable.base.trip_index}
    trip, route = names.trip.copy(), names.route.copy()
    for row in np.flatnonzero(trip < 0).tolist() if of_model else ():
        behind = (trip_id[row][match.end() :] for match in re.finditer("_", trip_id[row]))
        trip[row] = next((of_model[name] for name in behind if name in of_model), NONE)
        route[row] = route[row] if trip[row] < 0 else NONE
    return replace(names, trip=trip, route=route)


def vehicle_names(reports: Reports) -> list[str]:
    """What tells each report's vehicle from the others: its id, else its label, else its trip, else its entity."""
    text = reports.text
    names = list(text["vehicle_id"])
    for i in [i for i, name in enumerate(names) if not name]:
        trip = text["trip_id"][i]
        names[i] = text["vehicle_label"][i] or (trip and f"{trip} {text['start_time'][i]}".strip()) or text["id"][i]
    return names


def with_refused(observations: Observations, refused: Counter[str]) -> Observations:
    """The same observations with these counts added to what was refused."""
    total = Counter(observations.refused)
    total.update(refused)
    return replace(observations, refused={reason: n for reason, n in sorted(total.items()) if n})


def positions_found(reports: Reports) -> BoolArray:
    """Whether each report (n,) gives a position on earth that a receiver can have found."""
    faults = _position_faults(reports)
    return ~(faults["position_missing"] | faults["position_out_of_range"] | faults["position_at_zero"])


def _position_faults(reports: Reports) -> dict[str, BoolArray]:
    lat, lon = reports.number["latitude"], reports.number["longitude"]
    missing = np.isnan(lat) | np.isnan(lon)
    with np.errstate(invalid="ignore"):
        outside = ~missing & ~((np.abs(lat) <= 90.0) & (np.abs(lon) <= 180.0))
        # What a receiver without a fix reports; the nearest stop is hundreds of kilometres from there.
        at_zero = ~missing & (np.abs(lat) < 0.01) & (np.abs(lon) < 0.01)
    return {"position_missing": missing, "position_out_of_range": outside, "position_at_zero": at_zero}


def _placed(reports: Reports, refused: Counter[str]) -> Reports:
    """The reports that tell where their vehicle is: by a position, or, without one, by the stop that they name, as
    trains underground do. Theirs is NaN."""
    faults = _position_faults(reports)
    text, number = reports.text, reports.number
    nowhere = (np.isnan(number["latitude"]) & np.isnan(number["longitude"])) | faults["position_at_zero"]
    names_stop = np.array([stop != "" for stop in text["stop_id"]], bool) | (number["current_stop_sequence"] >= 0)
    by_stop = nowhere & names_stop
    for reason, fault in faults.items():
        refused[reason] = int((fault & ~by_stop).sum())
    refused["position_of_its_stop"] = int(by_stop.sum())
    kept = np.flatnonzero(by_stop | positions_found(reports))
    for name in ("latitude", "longitude") if by_stop.any() else ():
        number = {**number, name: np.where(by_stop, _NAN, number[name])}
    return Reports(text, number).take(kept)


def _possible(number: Mapping[str, Float64Array], refused: Counter[str]) -> dict[str, Float64Array]:
    """The columns of `_RANGES`, NaN where the number is absurd."""
    possible = {}
    for name, (least, most, reason) in _RANGES.items():
        absurd = (number[name] < least) | (number[name] > most)
        refused[reason] += int(absurd.sum())
        possible[name] = np.where(absurd, _NAN, number[name])
    return possible


def _or_none(values: Float64Array) -> Float64Array:
    return np.where(np.isnan(values), -1.0, values)
