"""What the operator's server answers: GTFS-Realtime messages made from the day's reports and announcements."""

from __future__ import annotations

from typing import Any

import numpy as np
from google.transit import gtfs_realtime_pb2 as gtfs_rt

from feeds.simulator.incidents import BREAKDOWN, DETOUR, Disruption
from feeds.simulator.network import id_prefix
from feeds.simulator.service_day import ServiceDay


def add_vehicle_positions(message: Any, day: ServiceDay, now_s: float, *, motion: bool) -> None:
    """Add the latest report of each vehicle of a town. `motion`: whether bearing and speed are given."""
    reports, legs, net, sched, fleet = day.reports, day.operation.legs, day.network, day.schedule, day.fleet
    rows = reports.latest(len(fleet.vehicle_id), now_s)
    leg = reports.leg[rows]
    on_leg = leg >= 0
    trip = np.where(on_leg, legs.trip[leg], -1)
    call = np.where(on_leg, legs.call[leg], -1)
    trip[~fleet.names_trip[reports.vehicle[rows]]] = -1
    pattern = sched.trip_pattern[trip]
    route, direction = net.pattern_route[pattern].tolist(), net.pattern_direction[pattern].tolist()
    # Rows without a trip compute nonsense here, which is never read.
    position = call - sched.trip_call_ptr[trip]
    stop = net.call_stop[np.clip(net.pattern_call_ptr[pattern] + position, 0, len(net.call_stop) - 1)].tolist()
    sequence = (position + 1).tolist()
    columns = (
        c[rows].tolist()
        for c in (reports.vehicle, reports.lat, reports.lon, reports.bearing, reports.speed, reports.measured_s,
                  reports.status)
    )  # fmt: skip
    start_date = f"{day.day:%Y%m%d}"
    for i, (vehicle, lat, lon, bearing, speed, measured, status) in enumerate(zip(*columns, strict=True)):
        entity = message.entity.add()
        entity.id = fleet.vehicle_id[vehicle]
        report = entity.vehicle
        report.vehicle.id = report.vehicle.label = fleet.vehicle_id[vehicle]
        report.position.latitude, report.position.longitude = lat, lon
        if motion:
            report.position.bearing, report.position.speed = bearing, speed
        report.timestamp = int(day.origin + measured)
        if (t := int(trip[i])) >= 0:
            report.trip.trip_id = sched.trip_id[t]
            report.trip.route_id = net.route_id[route[i]]
            report.trip.direction_id = direction[i]
            report.trip.start_date = start_date
            report.trip.schedule_relationship = gtfs_rt.TripDescriptor.SCHEDULED
            report.current_stop_sequence = sequence[i]
            report.stop_id = net.stop_id[stop[i]]
            report.current_status = status


def add_trip_updates(message: Any, day: ServiceDay, now_s: float, *, operator_times: bool) -> None:
    """Add a town's cancelled trips and skipped stops as far as announced; with `operator_times` also what many
    operators claim: the timetable plus the vehicle's delay, for every call ahead."""
    cancelled, skipped = _announced(day, now_s)
    for trip in cancelled:
        update = _trip_update(message, day, trip)
        update.trip.schedule_relationship = gtfs_rt.TripDescriptor.CANCELED
    delays = _delays(day, now_s) if operator_times else {}
    sched, stop = day.schedule, day.call_stop
    for trip in sorted({*skipped, *delays} - cancelled):
        update = _trip_update(message, day, trip)
        update.trip.schedule_relationship = gtfs_rt.TripDescriptor.SCHEDULED
        vehicle, call, delay = delays.get(trip, (-1, -1, 0.0))
        if vehicle >= 0:
            update.vehicle.id = update.vehicle.label = day.fleet.vehicle_id[vehicle]
            update.timestamp = int(day.origin + now_s)
        first, end = int(sched.trip_call_ptr[trip]), int(sched.trip_call_ptr[trip + 1])
        calls = slice(max(call, first), end)
        arrivals, departures = (
            (day.origin + planned_s[calls] + delay).astype(np.int64).tolist()
            for planned_s in (sched.arrival_s, sched.departure_s)
        )
        skips, changes = skipped.get(trip, ()), update.stop_time_update
        told = zip(range(calls.start, end), stop[calls].tolist(), arrivals, departures, strict=True)
        for c, s, arrival, departure in told:
            skip = c in skips
            if call < 0 and not skip:
                continue
            change = changes.add()
            change.stop_sequence = c - first + 1
            change.stop_id = day.network.stop_id[s]
            if skip:
                change.schedule_relationship = gtfs_rt.TripUpdate.StopTimeUpdate.SKIPPED
                continue
            change.arrival.time = arrival
            change.departure.time = departure


def add_alerts(message: Any, day: ServiceDay, now_s: float) -> None:
    """Add a town's announcements in force."""
    for i, d in enumerate(day.disruptions):
        end_s = _in_force_until(day, d)
        # NaN, for what is never announced, fails this too.
        if not d.announced_s <= now_s < end_s:
            continue
        entity = message.entity.add()
        entity.id = f"{id_prefix(day.network.town)}alert-{day.day:%Y%m%d}-{i}"
        period = entity.alert.active_period.add()
        period.start, period.end = int(day.origin + d.announced_s), int(day.origin + end_s)
        _write_alert(entity.alert, day, d)


def _trip_update(message: Any, day: ServiceDay, trip: int) -> Any:
    entity = message.entity.add()
    entity.id = day.schedule.trip_id[trip]
    update = entity.trip_update
    pattern = int(day.schedule.trip_pattern[trip])
    update.trip.trip_id = day.schedule.trip_id[trip]
    update.trip.start_date = f"{day.day:%Y%m%d}"
    update.trip.route_id = day.network.route_id[day.network.pattern_route[pattern]]
    update.trip.direction_id = int(day.network.pattern_direction[pattern])
    return update


def _announced(day: ServiceDay, now_s: float) -> tuple[set[int], dict[int, set[int]]]:
    """Trips said to be cancelled, and calls of other trips said to be skipped, at a time."""
    sched = day.schedule
    cancelled: set[int] = set()
    skipped: dict[int, set[int]] = {}
    for d in day.disruptions:
        if not d.announced_s <= now_s < _in_force_until(day, d):
            continue
        if d.kind == DETOUR:
            if d.skips_announced:
                planned = (sched.arrival_s >= d.start_s) & (sched.arrival_s < d.end_s)
                calls = np.flatnonzero(planned & np.isin(day.call_stop, d.closed) & (sched.arrival_s > now_s - 1800.0))
                _add_calls(skipped, day, calls)
            continue
        ended = sched.arrival_s[sched.trip_call_ptr[d.trips + 1] - 1] < now_s
        begun = d.trips[:1] if d.kind == BREAKDOWN else d.trips[:0]
        cancelled.update(t for t in d.trips[~ended].tolist() if t not in begun)
        if len(begun) and not ended[0]:
            _add_calls(skipped, day, d.lost_calls[day.schedule.call_trip[d.lost_calls] == begun[0]])
    return cancelled, skipped


def _add_calls(skipped: dict[int, set[int]], day: ServiceDay, calls: np.ndarray[Any, np.dtype[np.int64]]) -> None:
    for call, trip in zip(calls.tolist(), day.schedule.call_trip[calls].tolist(), strict=True):
        skipped.setdefault(trip, set()).add(call)


def _delays(day: ServiceDay, now_s: float) -> dict[int, tuple[int, int, float]]:
    """Of each trip in service with a vehicle that names it: the vehicle, its next call, and its delay."""
    reports, op, sched = day.reports, day.operation, day.schedule
    result = {}
    for row in reports.latest(len(day.fleet.vehicle_id), now_s).tolist():
        leg, vehicle = int(reports.leg[row]), int(reports.vehicle[row])
        if leg < 0 or not day.fleet.names_trip[vehicle] or (trip := int(op.legs.trip[leg])) < 0:
            continue
        call, first = int(op.legs.call[leg]), int(sched.trip_call_ptr[trip])
        left = np.flatnonzero(~np.isnan(op.leave_s[first:call]))
        if len(left):
            delay = float(op.leave_s[first + left[-1]] - sched.departure_s[first + left[-1]])
        else:
            delay = max(now_s - float(sched.departure_s[call]), 0.0)
        result[trip] = (vehicle, call, delay)
    return result


def _in_force_until(day: ServiceDay, d: Disruption) -> float:
    if d.kind == DETOUR:
        return d.end_s
    return float(day.schedule.arrival_s[d.lost_calls].max())


def _write_alert(alert: Any, day: ServiceDay, d: Disruption) -> None:
    net, sched = day.network, day.schedule
    if d.kind == DETOUR:
        calls = np.flatnonzero(np.isin(day.call_stop, d.closed))
        pattern = sched.trip_pattern[sched.call_trip[calls]]
        pairs = np.unique(np.column_stack([net.pattern_route[pattern], day.call_stop[calls]]), axis=0)
        for route, stop in pairs.tolist():
            informed = alert.informed_entity.add()
            informed.route_id, informed.stop_id = net.route_id[route], net.stop_id[stop]
        names = ", ".join(dict.fromkeys(net.stop_name[s] for s in d.closed.tolist()))
        lines = list(dict.fromkeys(net.route_plan[r].name for r, _ in pairs.tolist()))
        plural, those = "s" if len(lines) > 1 else "", ", ".join(lines)
        alert.cause, alert.effect = gtfs_rt.Alert.CONSTRUCTION, gtfs_rt.Alert.DETOUR
        _say(
            alert.header_text,
            f"Ligne{plural} {those} : déviation",
            f"Line{plural} {those}: detour",
            f"Linie{'n' if plural else ''} {those}: Umleitung",
        )
        _say(
            alert.description_text,
            f"En raison de travaux, les arrêts {names} ne sont pas desservis jusqu'à {_clock(d.end_s)}.",
            f"Because of road works, the stops {names} are not served until {_clock(d.end_s)}.",
            f"Wegen Bauarbeiten entfallen bis {_clock(d.end_s)} die Haltestellen {names}.",
        )
        return
    not_run = d.trips[1:] if d.kind == BREAKDOWN else d.trips
    route = int(net.pattern_route[sched.trip_pattern[d.trips[0]]])
    line = net.route_plan[route].name
    for trip in not_run.tolist():
        informed = alert.informed_entity.add()
        informed.trip.trip_id, informed.trip.start_date = sched.trip_id[trip], f"{day.day:%Y%m%d}"
    if len(not_run) == 0:
        alert.informed_entity.add().route_id = net.route_id[route]
    clocks = [_clock(sched.departure_s[sched.trip_call_ptr[t]]) for t in not_run.tolist()]
    times, times_fr, times_de = (_listed(clocks, last) for last in ("and", "et", "und"))
    if d.kind == BREAKDOWN:
        alert.cause, alert.effect = gtfs_rt.Alert.TECHNICAL_PROBLEM, gtfs_rt.Alert.REDUCED_SERVICE
        _say(
            alert.header_text,
            f"Ligne {line} : véhicule en panne",
            f"Line {line}: vehicle breakdown",
            f"Linie {line}: Fahrzeug liegen geblieben",
        )
        _say(
            alert.description_text,
            f"Un véhicule est en panne. Départs supprimés : {times_fr or 'aucun'}.",
            f"A vehicle has broken down. Cancelled departures: {times or 'none'}.",
            f"Ein Fahrzeug ist liegen geblieben. Ausfallende Abfahrten: {times_de or 'keine'}.",
        )
        return
    alert.cause, alert.effect = gtfs_rt.Alert.OTHER_CAUSE, gtfs_rt.Alert.NO_SERVICE
    _say(
        alert.header_text,
        f"Ligne {line} : départs supprimés",
        f"Line {line}: cancelled departures",
        f"Linie {line}: Abfahrten entfallen",
    )
    _say(
        alert.description_text,
        f"Les départs de {times_fr} ne sont pas assurés.",
        f"The departures at {times} do not run.",
        f"Die Abfahrten um {times_de} entfallen.",
    )


def _listed(words: list[str], last: str) -> str:
    return f" {last} ".join([*([", ".join(words[:-1])] if words[1:] else []), *words[-1:]])


def _say(text: Any, french: str, english: str, german: str) -> None:
    for language, words in (("fr", french), ("en", english), ("de", german)):
        translation = text.translation.add()
        translation.language, translation.text = language, words


def _clock(seconds: float) -> str:
    minutes = int(seconds) // 60
    return f"{minutes // 60 % 24}:{minutes % 60:02d}"
