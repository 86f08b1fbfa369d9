"""Finds, in what the service knows now, a stop where a journey can be observed."""

from __future__ import annotations

import numpy as np

from tests.journeys.demo_site import DemoSite


def small_stop_with_live_departure(site: DemoSite, soonest_s: float, latest_s: float) -> int:
    """A stop of one line with an accent in its name and a live departure, its only one so soon, in the span given."""
    tt, now = site.service.timetable, site.service.clock.now()
    calls = np.bincount(tt.call_stop, minlength=tt.stops)
    names = tt.stop_name.tolist()
    for stop in np.argsort(calls, kind="stable").tolist():
        if calls[stop] == 0 or tt.stop_parent[stop] >= 0 or names[stop].isascii():
            continue
        rows = site.departures(stop)
        if rows and rows[0].status == "live" and soonest_s <= rows[0].published - now <= latest_s:
            return int(stop)
    raise LookupError(f"No small stop has a live departure in {soonest_s:g} to {latest_s:g} s.")


def stop_with(site: DemoSite, status: str, window_s: float = 3600.0) -> int:
    """A stop with a departure of that status among the next two of its line."""
    tt = site.service.timetable
    for stop in range(tt.stops):
        if tt.stop_parent[stop] < 0 and any(row.status == status for row in site.departures(stop, window_s)[:3]):
            return stop
    raise LookupError(f"No stop has a {status} departure.")


def station(site: DemoSite) -> int:
    """The busiest station with platforms."""
    tt = site.service.timetable
    hits = site.service.view.stop_search.busiest(tt.stops)
    return next(hit.stop_idx for hit in hits if tt.stop_location_type[hit.stop_idx] == 1)
