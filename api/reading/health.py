"""What is wrong with the service, its feeds and its timetable: asked by `/readyz`, `/metrics`, the desk and `check`,
answered here alone.

What says that vehicles cannot be used is only told while the timetable has trips under way: at night nobody drives, and
what is parked may report as it likes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np

from api.reading.alerts import informed_by
from api.reading.calls import iso_date
from api.reading.lines import lines_of
from api.reading.moment import Moment
from api.reading.running_trips import journeys_under_way
from api.service.served import Served
from api.service.view import FeedHealth
from feeds.messages.kinds import ALERTS, TRIP_UPDATES
from feeds.zone_places import OUT_OF_ZONE_KM, great_circle_km, zone_place
from predictor.arrays import Float64Array
from predictor.geometry import ground_distance_m
from predictor.report_figures import LATE_S
from predictor.snapshot import IN_SERVICE, OFF_ROUTE, UNMATCHED, Snapshot, Vehicles
from predictor.timetable import DAY_S, Timetable

FAULTS = (
    "engine_stalled", "no_step_yet", "engine_silent", "exchange_gone", "views_unreadable", "not_published",
    "feed_error", "feed_of_another", "feed_misplaced",
    "feed_stopped", "no_vehicles", "fleet_stands", "unknown_trips",
    "clocks_far_ahead", "reports_old", "reports_late", "vehicle_clock_slow", "vehicle_clock_fast", "clock_fast",
    "clock_local",
    "positions_unusable", "positions_swapped", "vehicles_elsewhere", "vehicles_off_line",
    "no_vehicle_matches", "vehicles_silent", "updates_not_found", "updates_untimed", "updates_far_off", "updates_old",
    "updates_stand",
    "alerts_reach_nobody", "alerts_stand", "stops_swapped", "agency_in_another_zone", "timetable_ended",
    "timetable_ends", "timetable_outlived", "timetable_not_begun", "own_clock_jumped", "own_clock_set_back",
    "nothing_kept", "timetable_not_kept", "history_not_saved", "history_lost",
    "learned_not_saved", "files_set_aside", "file_damaged", "lines_worse", "work_fails",
)  # fmt: skip
"""Every code that a fault may have."""
WARNINGS = frozenset(
    (
        "alerts_stand", "clock_fast", "clock_local", "feed_misplaced", "lines_worse", "reports_late", "timetable_ends",
        "timetable_outlived", "vehicle_clock_fast", "vehicle_clock_slow",
    )
)  # fmt: skip
"""Those by which riders lose nothing yet: they are told, and make nobody get up at night."""

CLOCK_FAST_S = 10.0
"""Less is what networks and rounding make of clocks that are right."""
MOST = 0.5
"""What is true of so large a share of the reports is no matter of single vehicles."""
UNUSABLE = 0.1
"""Where fewer vehicles than this share of the trips under way can be used, riders see no live times to speak of."""
SEVERAL = 3
"""Fewer vehicles than this may be wrong by chance, as long as others can be used."""
PARKED = 5
"""So many times more reports than trips under way are mostly of vehicles that are parked."""
NO_VEHICLE_S = 120.0
"""A feed without any vehicle for so long has lost them all."""
FIGURES_KEPT_S = 600.0
"""Older messages say nothing of now: that the feed has stopped is a fault of its own."""
ELSEWHERE_M = 20_000.0
"""Depots and diversions are nearer to some stop than this."""
ALERTS_STAND_S = 2 * DAY_S
"""Some producers write an alerts feed anew only where an alert changes, which may take a day or two."""
FAR_OFF_S = 2400.0
"""No fleet is as late as this, or as early, but by a clock or a zone that is wrong."""
ENDS_SOON_S = 7 * DAY_S
"""An operator needs some days to publish the next timetable."""
ENDS_SOON_SHARE = 1 / 3
"""Of a timetable of few days, renewed as they pass: so little of it is left only where it is not renewed."""
SET_BACK_TOLD_S = 900.0
"""So long it is told that our clock was set back: by then all vehicles are followed again."""
_SOME_VEHICLES = 200


@dataclass(frozen=True)
class Fault:
    """Something that is wrong; words: `api.words.health`."""

    code: str
    """One of `FAULTS`."""
    figures: Mapping[str, object] = field(default_factory=dict)


def faults_of(service: Served) -> list[Fault]:
    """All that is wrong now, what is worst first."""
    moment = Moment(service.view, service.clock.now())
    behind, saving = (
        [Fault(code, figures) for code, figures in told] for told in (service.behind, service.saving_faults)
    )
    return [*behind, *view_faults(moment), *_clock_faults(service, moment.now), *saving, *_worse_lines(service)]


def status_of(service: Served, faults: Iterable[Fault]) -> Literal["ok", "degraded", "down"]:
    """How the service is doing by what is wrong with it: down where it should be started anew."""
    if service.stalled:
        return "down"
    return "degraded" if {fault.code for fault in faults} - WARNINGS else "ok"


def view_faults(moment: Moment) -> Iterator[Fault]:
    """What is wrong with the feeds and the timetable at a moment."""
    view, now = moment.view, moment.now
    age_s = view.feed_age_s(now)
    if moment.feed_stopped and not math.isfinite(view.snapshot.fleet_stands_since):
        yield Fault("feed_stopped", {} if age_s is None else {"minutes": round(age_s / 60)})
    yield from feed_faults(view.feeds.values(), now)
    yield from view.once("vehicle faults", lambda: [*vehicle_faults(view.snapshot, view.live_limit_s)])
    yield from operator_faults(moment)
    yield from timetable_faults(view.timetable, now)


def feed_faults(feeds: Iterable[FeedHealth], now: float) -> Iterator[Fault]:
    """Which feeds cannot be read, which addresses serve another feed than they were given for, and whether the alerts
    are written anew at all: those of a program that has died look as if nothing had changed."""
    for feed in feeds:
        if feed.error:
            yield Fault("feed_error", {"feed": feed.name, "error": feed.error})
        if feed.given_as:
            yield Fault("feed_misplaced", {"feed": feed.given_as, "holds": feed.name})
        elif feed.holds:
            yield Fault("feed_of_another", {"feed": feed.name, "holds": ", ".join(feed.holds)})
        if feed.name == ALERTS and now - feed.written_at > ALERTS_STAND_S:
            yield Fault("alerts_stand", {"days": round((now - feed.written_at) / DAY_S)})


def vehicle_faults(snapshot: Snapshot, live_limit_s: float) -> Iterator[Fault]:
    """Why vehicles cannot be used, or not without correction, as of a snapshot."""
    now, figures, vehicles = snapshot.made_at, snapshot.report_figures, snapshot.vehicles
    expected, reports = trips_under_way(snapshot.timetable, now), figures.reports
    stands = math.isfinite(snapshot.fleet_stands_since)
    goes_on = stands or not snapshot.feed_stopped(now)
    if goes_on and expected >= SEVERAL and not now - figures.at <= NO_VEHICLE_S:
        yield Fault("no_vehicles", {"expected": expected})
        return
    if stands:
        yield Fault("fleet_stands", {"minutes": round((now - snapshot.fleet_stands_since) / 60)})
    if figures.clock_fast_s >= CLOCK_FAST_S:
        yield Fault("clock_fast", {"seconds": round(figures.clock_fast_s)})
    elif figures.clock_fast_s < 0.0:
        yield Fault("clock_local", {"hours": round(-figures.clock_fast_s / 3600, 1)})
    if expected == 0 or reports == 0 or not now - figures.at <= FIGURES_KEPT_S:
        return
    if figures.late >= SEVERAL and figures.late_s >= LATE_S:
        yield Fault("reports_late", {"seconds": round(figures.late_s)})
    elif figures.always_late and figures.stale < MOST * reports:
        named = ", ".join(f"{vehicle} ({seconds:.0f} s)" for vehicle, seconds in figures.always_late_vehicles)
        yield Fault("vehicle_clock_slow", {"vehicles": figures.always_late, "examples": named})
    if figures.ahead_vehicles and figures.from_the_future < MOST * reports:
        named = ", ".join(f"{vehicle} ({seconds / 60:.0f} min)" for vehicle, seconds in figures.ahead_vehicles)
        ahead = figures.from_the_future + figures.leading
        yield Fault("vehicle_clock_fast", {"vehicles": ahead, "examples": named})
    usable = _usable(vehicles, now - live_limit_s)
    none_usable = usable <= UNUSABLE * min(expected, reports)
    telling = reports >= SEVERAL or none_usable
    causes = []
    if telling and figures.unknown_trip >= MOST * reports:
        examples = ", ".join(figures.unknown_trips)
        causes.append(
            Fault("unknown_trips", {"unknown": figures.unknown_trip, "reports": reports, "examples": examples})
        )
    if none_usable and figures.without_position >= MOST * reports and reports <= PARKED * expected:
        causes.append(Fault("positions_unusable", {"unusable": figures.without_position, "reports": reports}))
    if telling and figures.from_the_future >= MOST * reports:
        causes.append(Fault("clocks_far_ahead", {"minutes": round(-figures.age_s / 60), "reports": reports}))
    if none_usable and figures.stale >= MOST * reports and reports <= PARKED * expected:
        causes.append(Fault("reports_old", {"minutes": round(figures.age_s / 60), "reports": reports}))
    causes += _misplaced(snapshot.timetable, vehicles, none_usable=none_usable)
    if not causes and goes_on:
        silent, on_runs = _silent(snapshot, now - live_limit_s)
        if silent >= max(SEVERAL, MOST * on_runs):
            causes.append(Fault("vehicles_silent", {"silent": silent, "all": on_runs}))
    if not causes and none_usable and SEVERAL <= reports <= PARKED * expected and expected >= SEVERAL:
        causes.append(Fault("no_vehicle_matches", {"reports": reports, "expected": expected}))
    yield from causes


def trips_under_way(timetable: Timetable, now: float) -> int:
    """How many trips the timetable has on the road; of those run by headway one a trip."""
    day, journey = journeys_under_way(timetable, now)
    return len(np.unique(day.astype(np.int64) * timetable.trips + timetable.journey_trip[journey]))


def timetable_faults(timetable: Timetable, now: float) -> list[Fault]:
    """Whether the stops are where their time zone is and all agencies in one, and whether the timetable has ended, soon
    ends, goes on after the end that it tells, or has not begun."""
    return [*_swapped_stops(timetable), *_other_zones(timetable, now), *_days_left(timetable, now)]


def _other_zones(timetable: Timetable, now: float) -> list[Fault]:
    """The first agency whose clocks show another time than those by which the whole feed is read."""
    tt = timetable
    ours = datetime.fromtimestamp(now, ZoneInfo(tt.timezone)).utcoffset()
    for row, name, zone in zip(
        tt.agency_row.tolist(), tt.agency_name.tolist(), tt.agency_timezone.tolist(), strict=True
    ):
        if zone and datetime.fromtimestamp(now, ZoneInfo(zone)).utcoffset() != ours:
            return [Fault("agency_in_another_zone", {"row": row, "agency": name, "zone": zone, "ours": tt.timezone})]
    return []


def _swapped_stops(timetable: Timetable) -> list[Fault]:
    """Whether the stops are near the place of their time zone only with latitude and longitude exchanged."""
    place = zone_place(timetable.timezone)
    known = np.flatnonzero(np.isfinite(timetable.stop_lat))
    if place is None or len(known) == 0:
        return []
    lat, lon = float(np.median(timetable.stop_lat[known])), float(np.median(timetable.stop_lon[known]))
    away_km, swapped_km = great_circle_km(place, (lat, lon)), great_circle_km(place, (lon, lat))
    if away_km < OUT_OF_ZONE_KM or swapped_km > away_km / 2 or abs(lon) > 90:
        return []
    return [Fault("stops_swapped", {"km": round(away_km), "zone": timetable.timezone})]


def _days_left(timetable: Timetable, now: float) -> list[Fault]:
    tt = timetable
    used = np.bincount(tt.trip_service, minlength=len(tt.service_id)) > 0
    days = np.flatnonzero(tt.service_active[used].any(axis=0))
    if len(days) == 0:
        return [Fault("timetable_ended", {"date": "–"})]
    first, last = int(days[0]), int(days[-1])
    ends_at = float(tt.date_origin[last]) + max(float(tt.trip_end_s.max(initial=0)), DAY_S)
    if now > ends_at:
        return [Fault("timetable_ended", {"date": iso_date(int(tt.date[last]))})]
    soon_s = min(ENDS_SOON_S, ENDS_SOON_SHARE * (ends_at - float(tt.date_origin[first])))
    # One of a single day always ends soon.
    if now > ends_at - soon_s and last > first:
        return [Fault("timetable_ends", {"date": iso_date(int(tt.date[last]))})]
    if tt.told_end and f"{datetime.fromtimestamp(now, ZoneInfo(tt.timezone)):%Y%m%d}" > tt.told_end:
        return [Fault("timetable_outlived", {"date": iso_date(int(tt.told_end))})]
    if now < tt.date_origin[first]:
        return [Fault("timetable_not_begun", {"date": iso_date(int(tt.date[first]))})]
    return []


def _usable(vehicles: Vehicles, since: float) -> int:
    on_run = (vehicles.trip >= 0) & (vehicles.state != UNMATCHED) & (vehicles.state != OFF_ROUTE)
    return int((on_run & (vehicles.timestamp >= since)).sum())


def _silent(snapshot: Snapshot, since: float) -> tuple[int, int]:
    """How many vehicles that were on the way, and would not have come to its end yet, have not reported since then, and
    of how many."""
    tt, on_way = snapshot.timetable, snapshot.vehicles
    on_way = on_way.take(np.flatnonzero((on_way.trip >= 0) & (on_way.state == IN_SERVICE)))
    ends = on_way.runs.finishes_at(tt) + np.nan_to_num(on_way.delay_s)
    silent = (on_way.timestamp < since)[ends > snapshot.made_at]
    return int(silent.sum()), len(silent)


def _misplaced(timetable: Timetable, vehicles: Vehicles, *, none_usable: bool) -> list[Fault]:
    """Whether most vehicles are far from the network, or from the lines that they say they drive."""
    some = slice(None, None, max(len(vehicles) // _SOME_VEHICLES, 1))
    lat, lon = vehicles.lat[some], vehicles.lon[some]
    if len(lat) == 0 or (len(lat) < SEVERAL and not none_usable):
        return []
    away_m = _to_nearest_stop_m(timetable, lat, lon)
    if (away_m > ELSEWHERE_M).mean() >= MOST:
        figures = {"vehicles": len(vehicles), "km": round(float(np.median(away_m)) / 1000)}
        near_if_swapped = bool(np.median(_to_nearest_stop_m(timetable, lon, lat)) < ELSEWHERE_M)
        # Where the stops themselves are, that is told of them.
        swapped = near_if_swapped and not _swapped_stops(timetable)
        return [Fault("positions_swapped" if swapped else "vehicles_elsewhere", figures)]
    state = vehicles.state[vehicles.trip >= 0]
    off = int((state == OFF_ROUTE).sum())
    begun = off + int((state == IN_SERVICE).sum())
    if off > 0 and off >= (1.0 - UNUSABLE) * begun:
        return [Fault("vehicles_off_line", {"vehicles": off, "all": len(vehicles)})]
    return []


def _to_nearest_stop_m(timetable: Timetable, lat: Float64Array, lon: Float64Array) -> Float64Array:
    stop_lat, stop_lon = timetable.stop_lat, timetable.stop_lon
    return np.array(
        [np.fmin.reduce(ground_distance_m(stop_lat, stop_lon, lat[i : i + 1], lon[i : i + 1])) for i in range(len(lat))]
    )


def operator_faults(moment: Moment) -> Iterator[Fault]:
    """What of the operator's own word does not fit the timetable, and whether it is of another time."""
    updates = moment.view.update_figures
    if updates.not_found > 0 and updates.not_found >= MOST * updates.runs:
        examples = ", ".join(updates.examples)
        yield Fault("updates_not_found", {"not_found": updates.not_found, "runs": updates.runs, "examples": examples})
    if updates.added_untimed > 0 and updates.added_untimed >= MOST * updates.added:
        yield Fault("updates_untimed", {"untimed": updates.added_untimed, "added": updates.added})
    if updates.timed_runs >= SEVERAL and abs(updates.off_s) >= FAR_OFF_S:
        yield Fault("updates_far_off", {"minutes": round(updates.off_s / 60), "runs": updates.timed_runs})
    if updates.old >= SEVERAL and updates.old >= MOST * updates.runs:
        yield Fault("updates_old", {"old": updates.old, "runs": updates.runs})
    feed = moment.view.feeds.get(TRIP_UPDATES)
    old_s = moment.now - feed.written_at if feed and not feed.error else 0.0
    if old_s > moment.view.live_limit_s and trips_under_way(moment.timetable, moment.now):
        yield Fault("updates_stand", {"minutes": round(old_s / 60)})
    alerts = [alert for alert in moment.view.operator_alerts if alert.state(moment.now) == "in_force"]
    unheard = sum(not informed_by(moment, alert).selectors for alert in alerts)
    if unheard > 0 and unheard >= MOST * len(alerts):
        yield Fault("alerts_reach_nobody", {"unheard": unheard, "alerts": len(alerts)})


def _worse_lines(service: Served) -> list[Fault]:
    """Lines that are predicted far worse than in the same hours of other days."""
    names, worse = lines_of(service.timetable).all, service.view.accuracy.worse
    index = service.timetable.route_index
    lines = [
        f"{names[index[line.route_id]].name} ({line.score:.0%} < {line.usual:.0%})"
        for line in worse
        if line.route_id in index
    ]
    return [Fault("lines_worse", {"lines": ", ".join(lines)})] if lines else []


def _clock_faults(service: Served, now: float) -> Iterator[Fault]:
    if service.clock.jumped_s:
        yield Fault("own_clock_jumped", {"seconds": round(service.clock.jumped_s)})
    set_back = service.set_back
    if set_back is not None and 0.0 <= now - set_back.at < SET_BACK_TOLD_S:
        yield Fault("own_clock_set_back", {"seconds": round(set_back.seconds)})
