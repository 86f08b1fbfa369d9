"""The recursion of `predictor.arrivals` along each vehicle's chain, one row a call, compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from predictor.arrays import BoolArray, Float64Array, Int8Array, Int32Array, Int64Array
from predictor.compiled import compiled, fetch_ahead

FAR_S = 1.0e6
"""As a time: where a vehicle waits for none, it could have left so long before `now`."""
_LEGS_AHEAD = 3
"""Legs lie anywhere in the timetable: what is read of one is fetched while those before it are followed."""
_LINE_BYTES = 64
"""That a processor fetches at once."""


class LinkTimes(NamedTuple):
    """What is known of links (K,) and of the trip calls (E,) that they begin at."""

    entry_link: Int32Array
    """(E,) -1 at last calls."""
    timetabled_s: Float64Array
    """(E,)"""
    dwell_s: Float64Array
    """(E,)"""
    entry_hour: Int8Array
    """(E,)"""
    link_weight: Float64Array
    link_mean_s: Float64Array
    link_variance: Float64Array
    hour_weight: Float64Array
    """(K, day types × hours)"""
    hour_mean_s: Float64Array
    recent_s: Float64Array
    known: Float64Array
    prior_link: float
    prior_hour: float


class Departures(NamedTuple):
    """When trips leave their calls by the timetable, and where vehicles wait for that."""

    departure_s: Int32Array
    """(E,)"""
    timepoint: BoolArray
    """(E,)"""
    place: Int32Array
    """(E,) index into `holds`"""
    holds: BoolArray
    boarding_s: float
    """The longest stay that is no wait."""


class PutOff(NamedTuple):
    """Rows (m,) that the operator holds vehicles at, ascending."""

    row: Int64Array
    until: Float64Array
    """Relative to `now`."""


class Ways(NamedTuple):
    """The legs (n,) that have calls ahead of them, a vehicle's together and in order; times relative to `now`."""

    trip: Int32Array
    service_day: Int32Array
    shift_s: Int32Array
    slot: Int64Array
    """The vehicle."""
    first_call: Int32Array
    end_call: Int32Array
    first_entry: Int64Array
    """Trip call of `first_call`."""
    hours: Int64Array
    """Where the hours of the service day's type begin among the columns of `LinkTimes.hour_weight`."""
    origin: Float64Array
    by_headway: BoolArray
    is_next: BoolArray
    """A run after the one that the vehicle is on."""
    opens: BoolArray
    """The vehicle's first leg: for it alone count"""
    arrival: Float64Array
    """the arrival at its first call,"""
    waited_s: Float64Array
    """the dwell that the vehicle needs at the least where it stands there, NaN elsewhere,"""
    variance: Float64Array
    """of that arrival,"""
    standing: BoolArray
    """whether the vehicle stands there,"""
    ignores_hold: BoolArray
    """and whether it leaves when it likes."""
    lead_s: Float64Array
    """For the others: the time from the last call of the leg before to the first of this."""
    lead_variance: float


class Scanned(NamedTuple):
    """The columns of `Chain`, (rows,)."""

    trip: Int32Array
    service_day: Int32Array
    shift_s: Int32Array
    leg: Int64Array
    slot: Int64Array
    call: Int32Array
    entry: Int64Array
    standing: BoolArray
    arrival: Float64Array
    departure: Float64Array
    dwell_s: Float64Array
    hold: Float64Array
    sd_s: Float64Array
    head: Int64Array
    timetabled_s: Float64Array
    historic_s: Float64Array
    recent_s: Float64Array
    held_s: Float64Array
    known: Float64Array
    layover_s: Float64Array


@compiled
def scan(ways: Ways, links: LinkTimes, departures: Departures, put_off: PutOff, rows: int, now: float) -> Scanned:
    """Follow every chain from its head on; `rows`: calls of all legs together."""
    out = Scanned(
        np.empty(rows, np.int32), np.empty(rows, np.int32), np.empty(rows, np.int32), np.empty(rows, np.int64),
        np.empty(rows, np.int64), np.empty(rows, np.int32), np.empty(rows, np.int64), np.empty(rows, np.bool_),
        np.empty(rows), np.empty(rows), np.empty(rows), np.empty(rows), np.empty(rows), np.empty(rows, np.int64),
        np.empty(rows), np.empty(rows), np.empty(rows), np.empty(rows), np.empty(rows), np.empty(rows),
    )  # fmt: skip
    row = head = next_put_off = 0
    left = run = link_variance = variance = layover = 0.0
    timetabled = historic = recent = held = known = 0.0
    for leg in range(len(ways.first_call)):
        if leg + _LEGS_AHEAD < len(ways.first_call):
            _fetch(ways, links, departures, leg + _LEGS_AHEAD)
        first = ways.first_call[leg]
        by_headway, origin, hours = ways.by_headway[leg], ways.origin[leg], ways.hours[leg]
        for call in range(first, ways.end_call[leg]):
            entry = ways.first_entry[leg] + call - first
            link = links.entry_link[entry]
            scheduled = links.timetabled_s[entry]
            link_historic = link_recent = 0.0
            if link >= 0:
                weight, hour = links.link_weight[link], hours + links.entry_hour[entry]
                by_link = (weight * links.link_mean_s[link] + links.prior_link * scheduled) / (
                    weight + links.prior_link
                )
                by_hour = links.hour_weight[link, hour]
                link_historic = (by_hour * links.hour_mean_s[link, hour] + links.prior_hour * by_link) / (
                    by_hour + links.prior_hour
                )
                link_recent = links.recent_s[link]
            link_time = max(link_historic + link_recent, 0.4 * link_historic)
            # Of a link with a long wait it drives for as little as the timetable has it.
            driven = max(link_time - links.dwell_s[entry], min(0.2 * link_time, scheduled - links.dwell_s[entry]))
            link_dwell = link_time - driven

            hold = -FAR_S
            if call == 0 or (
                not by_headway and (departures.timepoint[entry] or departures.holds[departures.place[entry]])
            ):
                hold = origin + departures.departure_s[entry]
            if call == first and ways.opens[leg] and ways.ignores_hold[leg]:
                hold = -FAR_S
            while next_put_off < len(put_off.row) and put_off.row[next_put_off] == row:
                hold = max(hold, put_off.until[next_put_off])
                next_put_off += 1
            boarding = departures.boarding_s if hold > -FAR_S else np.inf
            dwell = min(link_dwell, boarding)
            if call == first and ways.opens[leg]:
                head = row
                timetabled = historic = recent = held = known = 0.0
                arrival, variance = ways.arrival[leg], ways.variance[leg]
                dwell = min(links.dwell_s[entry], boarding)
                if not np.isnan(ways.waited_s[leg]):
                    dwell = max(dwell, ways.waited_s[leg])
                if call == 0:
                    dwell = 0.0
            elif call == first:
                arrival, variance = left + ways.lead_s[leg], variance + ways.lead_variance
            else:
                arrival, variance = left + run, variance + link_variance
            if call == first:
                layover = min(max(hold - arrival, -3600.0), 3600.0) if ways.is_next[leg] else 0.0
            left = max(arrival + dwell, hold)

            out.trip[row], out.service_day[row] = ways.trip[leg], ways.service_day[leg]
            out.shift_s[row], out.slot[row] = ways.shift_s[leg], ways.slot[leg]
            out.leg[row], out.call[row], out.entry[row], out.head[row] = leg, call, entry, head
            out.standing[row] = ways.standing[leg] and call == first and ways.opens[leg]
            out.arrival[row] = (left if call == 0 else arrival) + now
            out.departure[row], out.dwell_s[row], out.hold[row] = left + now, dwell, hold + now
            out.sd_s[row] = np.sqrt(variance)
            out.timetabled_s[row], out.historic_s[row], out.recent_s[row] = timetabled, historic, recent
            out.held_s[row], out.known[row], out.layover_s[row] = held, known, layover

            timetabled += scheduled
            historic += link_historic
            recent += link_recent
            if hold > -FAR_S:
                held += max(left - arrival - dwell, 0.0)
            run, link_variance = link_time - link_dwell, 0.0
            if link >= 0:
                known += links.known[link]
                prior = (10.0 + 0.25 * scheduled) ** 2
                weight = links.link_weight[link]
                link_variance = (weight * links.link_variance[link] + 5.0 * prior) / (weight + 5.0)
            row += 1
    return out


@compiled
def _fetch(ways: Ways, links: LinkTimes, departures: Departures, leg: int) -> None:
    """Fetch what is known of the trip calls of a leg."""
    first = ways.first_entry[leg]
    end = first + ways.end_call[leg] - ways.first_call[leg]
    fetch_ahead(links.entry_hour, first)
    fetch_ahead(departures.timepoint, first)
    for entry in range(first, end, _LINE_BYTES // 4):
        fetch_ahead(links.entry_link, entry)
        fetch_ahead(departures.departure_s, entry)
        fetch_ahead(departures.place, entry)
    for entry in range(first, end, _LINE_BYTES // 8):
        fetch_ahead(links.timetabled_s, entry)
        fetch_ahead(links.dwell_s, entry)
