"""The truth rule, asked of all faces of a city: nothing live is older than the limit, cancelled or already passed; no
scheduled run goes missing; all faces say the same.

What ought to be is reckoned here from what the scenario declared, its network and its drives, never from what the
service made of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from benchmarks.field.agreement import disagreements
from benchmarks.field.city import City
from benchmarks.field.faces import Row, Run
from benchmarks.field.network import Network, Service, Trip, departure_of, hms, seconds
from feeds.gtfs.service_calendar import origin_of

LIVE_LIMIT_S = 300.0
PASSED_S = 60.0
"""A report that tells of a passage comes within a step, and times are rounded."""
AHEAD_S = 7200.0
_ROUNDED_S = 1.0


@dataclass(frozen=True)
class ScheduledCall:
    """A departure by the timetable."""

    run: Run
    stop: str
    at: float
    """POSIX seconds."""


@dataclass
class TruthRule:
    """Watches a city."""

    city: City
    honest: bool = True
    """Whether the feed brings each drive's report at each step: what has passed is then known."""
    _claimed: set[str] = field(default_factory=set)
    _reckoned: dict[int, list[ScheduledCall]] = field(default_factory=dict)
    """Scheduled calls by the network's identity: a scenario may put another in its place."""

    def lies(self, stops: Sequence[str] | None = None) -> list[str]:
        """What some face says that is not so, or does not say, of some stops or all; the agreement of faces aside."""
        return [*self._of_boards(self.stops if stops is None else stops), *self._of_our_feed()]

    def contradictions(self, stop: str) -> list[str]:
        """What two faces say differently of a stop."""
        return [f"at {stop}: {lie}" for lie in disagreements(self.city, stop)]

    @property
    def stops(self) -> list[str]:
        """Every stop that has a board of its own."""
        return [stop.stop_id for stop in self.city.network.stops if stop.location_type == 0]

    def _of_boards(self, stops: Sequence[str]) -> Iterator[str]:
        city = self.city
        self._claimed |= {vehicle["trip_id"] for vehicle in city.vehicles().values() if vehicle["trip_id"]}
        for stop in stops:
            rows = city.departures(stop, limit=100, window=int(AHEAD_S))
            for row in rows:
                yield from (f"{stop}: {row}: {wrong}" for wrong in self._of_row(row))
            counts = Counter((row.run, row.sequence) for row in rows)
            yield from (f"{stop}: {run} stands {count} times" for (run, _), count in counts.items() if count > 1)
            yield from self._missing(stop, rows)

    def _of_row(self, row: Row) -> Iterator[str]:
        now, answer = self.city.now, row.told
        if row.status != "live":
            return
        if answer["vehicle_id"] and not 0 <= answer["data_age_s"] <= LIVE_LIMIT_S:
            yield f"its report is {answer['data_age_s']} s old"
        if row.at is None or row.at < now - PASSED_S:
            yield "its time has passed"
        if row.run in self._gone:
            yield "it is cancelled"
        passed_at = self._passed_at(row)
        if passed_at is not None and now > passed_at + PASSED_S:
            yield f"the bus left {now - passed_at:.0f} s ago"

    def _passed_at(self, row: Row) -> float | None:
        """When the row's bus truly left the stop, None where that is not known."""
        if not self.honest or row.key is None:
            return None
        for bus in self.city.buses:
            drives = bus.late_s is not None and not bus.stuck_at and bus.silent_from is None and not bus.run_start
            if drives and bus.trip == row.key.trip and bus.vehicle == row.told["vehicle_id"]:
                calls = [call for call in self.city.network.calls(bus.trip) if call.stop == row.stop]
                if len(calls) == 1:
                    return self.city.posix(departure_of(calls[0])) + float(bus.late_s or 0.0)
        return None

    def _missing(self, stop: str, rows: list[Row]) -> Iterator[str]:
        """Runs of which nobody has said anything, and which are not on the board all the same."""
        city, shown = self.city, {(row.key, row.stop) for row in rows}
        spoken_of = {bus.trip for bus in city.buses} | {update.trip for update in city.updates} | self._claimed
        for call in self._scheduled:
            due = city.now + PASSED_S < call.at < city.now + AHEAD_S - PASSED_S
            if call.stop == stop and due and call.run.trip not in spoken_of and (call.run, stop) not in shown:
                yield f"{stop}: not a word of {call.run.trip} at {datetime.fromtimestamp(call.at, city.zone):%H:%M}"

    def _of_our_feed(self) -> Iterator[str]:
        now, runs = self.city.now, Counter[str]()
        for update in self.city.our_trip_updates():
            runs[update.run] += 1
            times = [call for call in update.stops if call.departure or call.arrival]
            if update.vehicle and times and now - update.message.timestamp > LIVE_LIMIT_S + _ROUNDED_S:
                yield f"TripUpdates: {update.run} from a report {now - update.message.timestamp:.0f} s old"
            if update.run in self._gone and times:
                yield f"TripUpdates: times of {update.run}, which is cancelled"
        yield from (f"TripUpdates: {run} stands {count} times" for run, count in runs.items() if count > 1)

    @property
    def _gone(self) -> set[str]:
        """Runs that the operator takes out by their dates."""
        gone = set()
        for update in self.city.updates:
            out = update.relationship in ("CANCELED", "DELETED") and update.trip is not None
            if out and "start_date" in update.fields and "start_time" not in update.fields:
                day = str(update.fields["start_date"])
                start = hms(seconds(self.city.network.calls(str(update.trip))[0].arrival))
                gone.add(self.city.run(Run(str(update.trip), f"{day[:4]}-{day[4:6]}-{day[6:]}", start)))
        return gone

    @property
    def _scheduled(self) -> list[ScheduledCall]:
        network = self.city.network
        if id(network) not in self._reckoned:
            around = datetime.fromtimestamp(self.city.now, self.city.zone).date()
            self._reckoned[id(network)] = scheduled_calls(network, [around + timedelta(days=d) for d in range(-2, 3)])
        return self._reckoned[id(network)]


def scheduled_calls(network: Network, days: list[date]) -> list[ScheduledCall]:
    """Every departure of a network on some days, but those of trips run by headway or several times a day."""
    zone, repeated = ZoneInfo(network.zone), {frequency.trip for frequency in network.frequencies}
    services = {service.service_id: service for service in network.services}
    return [
        call
        for day in days
        for trip in network.trips
        if trip.trip_id not in repeated and runs_on(services[trip.service], day)
        for call in _departures(network, trip, day, origin_of(datetime(day.year, day.month, day.day), zone))
    ]


def runs_on(service: Service, day: date) -> bool:
    """Whether a service runs on a day."""
    number = day.year * 10_000 + day.month * 100 + day.day
    by_week = bool(service.days) and service.start <= number <= service.end and service.days[day.weekday()] == "1"
    return number in service.added or (by_week and number not in service.removed)


def _departures(network: Network, trip: Trip, day: date, origin: float) -> Iterator[ScheduledCall]:
    calls = network.calls(trip.trip_id)
    run = Run(trip.trip_id, day.isoformat(), hms(seconds(departure_of(calls[0]))))
    for call in calls[:-1]:
        at = departure_of(call)
        if at and call.pickup != 1:
            yield ScheduledCall(run, call.stop, origin + seconds(at))
