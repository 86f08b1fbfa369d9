"""The recursion of `predictor.arrivals` along each vehicle's chain, one row a call, compiled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from predictor.arrays import BoolArray, Float64Array, Int8Array, Int32Array, Int64Array
from predictor.columns import Columns
from predictor.compiled import compiled, fetch_ahead
from predictor.legs import Legs
from predictor.runs import DatedRuns
from predictor.travel_times import LinkTimes

FAR_S = 1.0e6
"""As a time: where a vehicle waits for none, it could have left so long before `now`."""
_LEGS_AHEAD = 3
"""Legs lie anywhere in the timetable: what is read of one is fetched while those before it are followed."""
_LINE_BYTES = 64
"""That a processor fetches at once."""


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
    """Of the legs (n,): when and where they begin; times relative to `now`."""

    first_entry: Int64Array
    """Trip call of the first call ahead."""
    hours: Int64Array
    """Where the hours of the service day's type begin among the columns of `LinkTimes.hour_weight`."""
    origin: Float64Array
    by_headway: BoolArray
    opens: BoolArray
    """The vehicle's first leg."""
    lead_s: Float64Array
    """For the others: the time from the last call of the leg before to the first of this."""
    lead_variance: float


@dataclass(frozen=True, eq=False)
class Chain(DatedRuns):
    """One row a predicted call; all arrays (rows,), a vehicle's rows together and in driving order."""

    leg: Int64Array
    slot: Int64Array
    call: Int32Array
    entry: Int64Array
    source: Int8Array
    standing: BoolArray
    """The vehicle stands at this call already."""
    arrival: Float64Array
    """Median arrival, POSIX seconds."""
    departure: Float64Array
    dwell_s: Float64Array
    """Time that the vehicle needs at the call,"""
    hold: Float64Array
    """and the time that it waits for there, POSIX seconds; long ago where it waits for none."""
    put_off: Float64Array
    """The same where the operator has it wait."""
    sd_s: Float64Array
    """Standard deviation of the arrival."""
    head: Int64Array
    """Row at which the vehicle's chain begins."""
    turned: BoolArray
    """The first row behind a run from which the vehicle turns before it is driven to its end: it may be there before it
    would have been at that."""
    timetabled_s: Float64Array
    """Sums over the links from the chain's head: link times by the timetable,"""
    historic_s: Float64Array
    """by history,"""
    recent_s: Float64Array
    """what the last vehicles needed more,"""
    held_s: Float64Array
    """time spent waiting for scheduled departures,"""
    known: Float64Array
    """and observations of the links, logarithmic."""
    layover_s: Float64Array
    """Time between reaching the first stop of a next trip and its scheduled departure."""


@dataclass(frozen=True, eq=False)
class Heads(Columns):
    """Each vehicle (n,) on its way to the first call of its chain; times relative to `now`."""

    arrival: Float64Array
    waited_s: Float64Array
    """The dwell that it needs at the least where it stands there, NaN elsewhere."""
    variance: Float64Array
    standing: BoolArray
    ignores_hold: BoolArray
    """It leaves whenever it likes."""


@compiled
def scan(
    legs: Legs, ways: Ways, heads: Heads, links: LinkTimes, departures: Departures, put_off: PutOff, now: float,
    chain: Chain,
) -> None:  # fmt: skip
    """Follow every chain from its head on, for legs that have calls ahead of them, and fill in all but `source` and
    `put_off`."""
    row = head = next_put_off = 0
    vehicle = -1
    left = run = link_variance = variance = layover = 0.0
    timetabled = historic = recent = held = known = 0.0
    at_turn = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    for leg in range(len(legs.first_call)):
        if leg + _LEGS_AHEAD < len(legs.first_call):
            _fetch(legs, ways, links, departures, leg + _LEGS_AHEAD)
        first = legs.first_call[leg]
        if ways.opens[leg]:
            vehicle += 1
        by_headway, origin, hours = ways.by_headway[leg], ways.origin[leg], ways.hours[leg]
        turns_at = min(max(legs.turns_at[leg], first), legs.end_call[leg] - 1)
        for call in range(first, legs.end_call[leg]):
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
            if call == first and ways.opens[leg] and heads.ignores_hold[vehicle]:
                hold = -FAR_S
            while next_put_off < len(put_off.row) and put_off.row[next_put_off] == row:
                hold = max(hold, put_off.until[next_put_off])
                next_put_off += 1
            boarding = departures.boarding_s if hold > -FAR_S else np.inf
            dwell = min(link_dwell, boarding)
            if call == first and ways.opens[leg]:
                head = row
                timetabled = historic = recent = held = known = 0.0
                arrival, variance = heads.arrival[vehicle], heads.variance[vehicle]
                dwell = min(links.dwell_s[entry], boarding)
                if not np.isnan(heads.waited_s[vehicle]):
                    dwell = max(dwell, heads.waited_s[vehicle])
                if call == 0:
                    dwell = 0.0
            elif call == first:
                arrival, variance = left + ways.lead_s[leg], variance + ways.lead_variance
            else:
                arrival, variance = left + run, variance + link_variance
            if call == first:
                layover = min(max(hold - arrival, -3600.0), 3600.0) if legs.order[leg] > 0 else 0.0
            left = max(arrival + dwell, hold)

            chain.trip[row], chain.service_day[row] = legs.trip[leg], legs.service_day[leg]
            chain.shift_s[row], chain.slot[row] = legs.shift_s[leg], legs.slot[leg]
            chain.leg[row], chain.call[row], chain.entry[row], chain.head[row] = leg, call, entry, head
            chain.standing[row] = call == first and ways.opens[leg] and heads.standing[vehicle]
            chain.turned[row] = call == first and not ways.opens[leg] and legs.turns_at[leg - 1] >= 0
            chain.arrival[row] = (left if call == 0 else arrival) + now
            chain.departure[row], chain.dwell_s[row], chain.hold[row] = left + now, dwell, hold + now
            chain.sd_s[row] = np.sqrt(variance)
            chain.timetabled_s[row], chain.historic_s[row], chain.recent_s[row] = timetabled, historic, recent
            chain.held_s[row], chain.known[row], chain.layover_s[row] = held, known, layover

            if call == turns_at:
                at_turn = (left, variance, timetabled, historic, recent, held, known)
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
        if legs.turns_at[leg] >= 0:
            left, variance, timetabled, historic, recent, held, known = at_turn


@compiled
def _fetch(legs: Legs, ways: Ways, links: LinkTimes, departures: Departures, leg: int) -> None:
    """Fetch what is known of the trip calls of a leg."""
    first = ways.first_entry[leg]
    end = first + legs.end_call[leg] - legs.first_call[leg]
    fetch_ahead(links.entry_hour, first)
    fetch_ahead(departures.timepoint, first)
    for entry in range(first, end, _LINE_BYTES // 4):
        fetch_ahead(links.entry_link, entry)
        fetch_ahead(departures.departure_s, entry)
        fetch_ahead(departures.place, entry)
    for entry in range(first, end, _LINE_BYTES // 8):
        fetch_ahead(links.timetabled_s, entry)
        fetch_ahead(links.dwell_s, entry)
