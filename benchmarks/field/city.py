"""A city under test: a network, an operator's feeds, a clock moved by hand, and every face of the service that runs it.

The only place here that knows where in `api/` things lie.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol, TypeVar, cast
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

import orjson
from google.transit import gtfs_realtime_pb2
from selectolax.lexbor import LexborHTMLParser

from api.app import create_app
from api.desk.desk import Desk
from api.service.clock import Clock
from api.service.history_writer import HistoryWriter
from api.service.incoming_feeds import PolledFeeds
from api.service.service import Service
from benchmarks.field.agreement import FAR_S, disagreements
from benchmarks.field.faces import (
    Row,
    Run,
    TripUpdateTold,
    alert_heads,
    departures_on,
    feed_message,
    listed,
    minutes_in,
    only,
    page_of,
    posix,
    run_of_key,
    stop_updates,
    text,
    texts,
)
from benchmarks.field.in_process import InProcess
from benchmarks.field.messages import AlertMessage, Bus, Time, TripUpdate, Writer
from benchmarks.field.network import Network, hms, seconds
from feeds.gtfs.service_calendar import origin_of
from feeds.history.happened import Happened
from feeds.history.store import HistoryStore
from predictor.engine import EngineSettings

DATE = 20261126
"""A Thursday."""
STEP_S = 120.0
"""The clock moves on by at most this from one step to the next, and the feeds are polled at each, unless a city says
otherwise."""
MOST = 30
TOKEN = "a token of the field"  # noqa: S105
_Answer = TypeVar("_Answer")


class HandClock(Clock):
    """Stands where it was put."""

    def __init__(self, at: float) -> None:
        self.at = at

    def now(self) -> float:
        """POSIX seconds."""
        return self.at


class FedSource(Protocol):
    """A `feeds.sources.source.Source` that is handed what the operator's feed says from now on."""

    name: str

    def give(self, data: bytes) -> None:
        """The feed says this now."""

    def fetch(self, now: float) -> bytes | None:
        """See `feeds.sources.source.Source`."""


class HandSource:
    """A source that gives what it was handed, once."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._data: bytes | None = None

    def give(self, data: bytes) -> None:
        """The next answer."""
        self._data = data

    def fetch(self, now: float) -> bytes | None:  # noqa: ARG002
        """See `feeds.sources.source.Source`."""
        data, self._data = self._data, None
        return data


class WhenAsked(HistoryWriter):
    """Takes in what has happened when a test asks for it: few do, and a thread takes turns with theirs."""

    def __init__(self, store: HistoryStore) -> None:
        super().__init__(store)
        self._steps: list[Happened] = []

    def offer(self, step: Happened, *, wait: bool = False) -> None:  # noqa: ARG002
        """See `HistoryWriter`."""
        self._steps.append(step)

    def remember(self) -> None:
        """Now."""
        steps, self._steps = self._steps, []
        for step in steps:
            self._take(step)

    def stop(self) -> None:
        """See `HistoryWriter`."""
        self.remember()
        super().stop()


class City:
    """See the module's docstring. The operator's feeds say what they were last told to, with a new header at each step,
    as real feeds do; `at` moves the clock, stepping on the way."""

    def __init__(
        self,
        network: Network | None = None,
        *,
        at: str = "07:55",
        date: int = DATE,
        every_s: float = STEP_S,
        engine_settings: EngineSettings | None = None,
        sources: Mapping[str, FedSource | None] | None = None,
        history: HistoryStore | None = None,
        **service_settings: Any,
    ) -> None:
        """Parameters: `at` and `date`: when the clock stands at first; `date` is the service day that times count from;
        `every_s`: the longest step;
        `sources`: others by the feed's name (`vehicle_positions`, `trip_updates`, `alerts`), in place of those that
        hand over at once what they were given; None where the operator has none; `history`: where what happens is
        remembered, by default in memory; `service_settings`: further parameters of `Service`."""
        self.network = network or Network()
        self.date = date
        self.every_s = every_s
        self.zone = ZoneInfo(self.network.zone)
        self.clock = HandClock(self.posix(at))
        self.writer = Writer(self.network, self.posix)
        by_hand = {name: HandSource(name) for name in ("vehicle_positions", "trip_updates", "alerts")}
        given: dict[str, FedSource | None] = {**by_hand, **(sources or {})}
        self._sources = {name: source for name, source in given.items() if source}
        self._buses: list[Bus] | None = [] if "vehicle_positions" in self._sources else None
        self._buses_at = self.clock.at
        self._updates: list[TripUpdate] | None = None
        self._alerts: list[AlertMessage] | None = None
        self._known: dict[Any, Any] = {}
        self._known_of: object = None
        feeds = PolledFeeds(*given.values(), every_s=0.0, in_step=True, clock=self.clock)
        self._write()
        self._history = WhenAsked(history or HistoryStore())
        self.service = Service(
            self.network.timetable, feeds, self.clock, engine_settings=engine_settings, history=self._history,
            **service_settings,
        )  # fmt: skip

    # The clock

    def posix(self, time: Time) -> float:
        """POSIX seconds of a time of the service day; numbers are taken as they are."""
        return float(time) if not isinstance(time, str) else self._origin + seconds(time)

    @property
    def now(self) -> float:
        """POSIX seconds."""
        return self.clock.at

    def at(self, time: Time, *, every_s: float | None = None) -> City:
        """Let time pass until then, stepping at least every `every_s` seconds, the city's own where None."""
        until = self.posix(time)
        assert until >= self.clock.at, "time runs forwards"
        while self.clock.at < until:
            self.clock.at = min(self.clock.at + (every_s or self.every_s), until)
            self.step()
        return self

    def step(self) -> City:
        """Poll and step at the clock's time. A step that fails fails the test."""
        self._write()
        failures = self.service.step_failures
        self.service.step(self.clock.at)
        assert self.service.step_failures == failures, "the step failed: see the log"
        return self

    def remember(self) -> City:
        """Let what has happened until now be known to who asks what became of it."""
        self._history.remember()
        return self

    # The operator

    def vehicle_positions(self, *reports: Bus | bytes, at: Time | None = None) -> City:
        """From now on, or from `at` on, the feed says this of its vehicles: reports, or one message as bytes, told
        once."""
        if at is not None:
            # The step at that time hears this and no more what was said before.
            self.at(max(self.now, self.posix(at) - self.every_s))
            self.clock.at = self.posix(at)
        self._buses, self._buses_at = _told(reports, self._sources["vehicle_positions"]), self.clock.at
        return self.step()

    def trip_updates(self, *updates: TripUpdate | bytes) -> City:
        """From now on the feed says this of its trips: entities, or one message as bytes, told once."""
        self._updates = _told(updates, self._sources["trip_updates"])
        return self.step()

    def positions_and_updates(self, reports: Sequence[Bus], updates: Sequence[TripUpdate]) -> City:
        """From now on both feeds say this, and are heard in one step."""
        self._buses, self._buses_at = list(reports), self.clock.at
        return self.trip_updates(*updates)

    def alerts(self, *alerts: AlertMessage | bytes) -> City:
        """From now on the feed says this to riders: entities, or one message as bytes, told once."""
        self._alerts = _told(alerts, self._sources["alerts"])
        return self.step()

    @property
    def buses(self) -> list[Bus]:
        """What the feed says of its vehicles; nothing where it was given as bytes."""
        return self._buses or []

    @property
    def updates(self) -> list[TripUpdate]:
        """What the feed says of its trips; nothing where it was given as bytes."""
        return self._updates or []

    def _write(self) -> None:
        now, write = self.clock.at, self.writer
        if self._buses is not None:
            self._sources["vehicle_positions"].give(write.vehicle_positions(self._buses, now, self._buses_at))
        if self._updates is not None:
            self._sources["trip_updates"].give(write.trip_updates(self._updates, now))
        if self._alerts is not None:
            self._sources["alerts"].give(write.alerts(self._alerts, now))

    # Boards

    def board(self, stop: str) -> list[str]:
        """Departures of a stop in the next two hours, such as ["08:05 t1 live", "09:04 t2 scheduled"], as all faces
        tell them: where one says something else, the test fails."""
        self.faces_agree(stop)
        return texts(self.departures(stop))

    def faces_agree(self, stop: str) -> None:
        """Fail where two faces say differently of a stop."""
        found = disagreements(self, stop)
        assert not found, "\n".join([f"at {stop}:", *found])

    def far_departures(self, stop: str) -> list[Row]:
        """Departures as far ahead, and as many, as panels and screens show."""
        return self.departures(stop, window=FAR_S, limit=MOST)

    def departures(self, stop: str, *, arrivals: bool = False, window: int = 7200, limit: int = 20) -> list[Row]:
        """/v1/stops/{id}/departures."""
        asked = {"limit": limit, "window": window, "arrivals": str(arrivals).lower()}

        def rows() -> list[Row]:
            answer = self.json(f"/v1/stops/{_id(stop)}/departures", **asked)
            return [self._departure(departure) for departure in answer["departures"]]

        return list(self._once(("departures", stop, *asked.values()), rows))

    def panel(self, stop: str, *, limit: int = MOST, lang: str = "en") -> list[Row]:
        """/v1/stops/{id}/board. A panel names no trips: `run` is the destination."""
        answer = self.json(f"/v1/stops/{_id(stop)}/board", limit=limit, lang=lang)
        return [
            Row(
                departure["destination"],
                stop,
                None,
                departure["time"],
                departure["minutes"],
                departure["status"],
                departure,
            )
            for departure in answer["departures"]
        ]

    def panel_text(self, stop: str, **asked: Any) -> list[str]:
        """Lines of /v1/stops/{id}/board as text."""
        return list(self.get(f"/v1/stops/{_id(stop)}/board", format="text", **asked).text.splitlines())

    def stop_page(self, stop: str) -> list[Row]:
        """/stops/{id}, soonest first."""
        return self._page_rows(stop, self.page(f"/stops/{_id(stop)}"))

    def home(self, stop: str) -> list[Row]:
        """/ of a rider whose favourite the stop is, soonest first."""
        return self._page_rows(stop, self.page("/", fragment="board", stop=stop))

    def screen(self, stop: str, *, limit: int = MOST) -> list[Row]:
        """/screen/{id}."""
        return self._page_rows(stop, self.page(f"/screen/{_id(stop)}", limit=limit))

    # Trips and lines

    def trip(self, trip: str, *, start: str | None = None, date: str | None = None) -> list[Row]:
        """Calls of /v1/trips/{id}: of the run that it finds by itself where neither `start` nor `date` is given."""

        def rows() -> list[Row]:
            answer = self.trip_answer(trip, start=start, date=date)
            run = Run(answer["trip_id"], answer["service_date"], answer["start_time"])
            return [self._call(run, call) for call in answer["calls"]]

        return list(self._once(("trip", trip, start, date), rows))

    def trip_answer(self, trip: str, *, start: str | None = None, date: str | None = None) -> Any:
        """All of /v1/trips/{id}."""
        asked = {"start_time": start, "date": date}
        return self.json(f"/v1/trips/{_id(trip)}", **{name: value for name, value in asked.items() if value})

    def trip_page(self, trip: str, *, start: str | None = None, date: str | None = None) -> list[Row]:
        """Calls of /trips/{id}."""
        return list(self._once(("trip page", trip, start, date), lambda: self._trip_page(trip, start, date)))

    def _trip_page(self, trip: str, start: str | None, date: str | None) -> list[Row]:
        asked = {name: value for name, value in {"start": start, "date": date}.items() if value}
        page = self.page(f"/trips/{_id(trip)}", **asked)
        rows = []
        for node in page.css("ol.trip > li.at"):
            link, time = only(node, "a"), node.css_first("time")
            at = None if time is None else posix(time.attributes["datetime"])
            stop = unquote(str(link.attributes["href"]).removeprefix("/stops/"))
            status = next(name for name in (node.attributes["class"] or "").split() if name in _STATUSES)
            rows.append(Row(trip, stop, at, text(time), None, status, node))
        return rows

    def trip_state(self, trip: str, **asked: Any) -> str:
        """What /trips/{id} says of the whole journey: `followed`, `not_followed`, `cancelled` or `over`."""
        found = only(self.page(f"/trips/{_id(trip)}", **asked), "p.trip-state")
        return (found.attributes["class"] or "").split()[1]

    def line_page(self, route: str, *, direction: int | None = None) -> list[Row]:
        """Stops of /lines/{id} in order, with the wait shown at each; `run` is the stop's name."""
        return list(self._once(("line page", route, direction), lambda: self._line_page(route, direction)))

    def _line_page(self, route: str, direction: int | None) -> list[Row]:
        page = self.page(f"/lines/{_id(route)}", **({} if direction is None else {"direction": direction}))
        rows = []
        for node in page.css("ol.thread > li.at"):
            stop = unquote(str(only(node, "a").attributes["href"]).removeprefix("/stops/"))
            wait = node.css_first(".departure")
            status = "" if wait is None else next(s for s in _STATUSES if s in str(wait.attributes["class"]).split())
            at = None if wait is None else posix(only(wait, "time").attributes.get("datetime"))
            minutes = None if wait is None or at is None else minutes_in(text(only(wait, "time")))
            name = text(node.css_first(".stop-name"))
            rows.append(Row(name, stop, at, self._hhmm(at), minutes, status, node))
        return rows

    def line_departures(self, route: str) -> list[Row]:
        """/v1/routes/{id}/departures: the next at each stop of each direction that has one."""

        def rows() -> list[Row]:
            answer = self.json(f"/v1/routes/{_id(route)}/departures")
            stops = [stop for direction in answer["directions"] for stop in direction["stops"]]
            return [self._departure(stop["departure"]) for stop in stops if stop["departure"]]

        return list(self._once(("line departures", route), rows))

    # What others read

    def our_trip_updates(self) -> list[TripUpdateTold]:
        """/gtfs-rt/trip-updates."""
        return list(self._once(("our trip updates",), self._our_trip_updates))

    def _our_trip_updates(self) -> list[TripUpdateTold]:
        relationship = gtfs_realtime_pb2.TripDescriptor.ScheduleRelationship
        return [
            TripUpdateTold(
                self.run_told(entity.trip_update),
                relationship.Name(entity.trip_update.trip.schedule_relationship),
                stop_updates(entity.trip_update),
                entity.trip_update.vehicle.id,
                entity.trip_update,
            )
            for entity in self.message("trip-updates").entity
            if entity.HasField("trip_update")
        ]

    def our_vehicle_positions(self) -> dict[str, Any]:
        """/gtfs-rt/vehicle-positions: each vehicle's report by its id."""
        return {entity.vehicle.vehicle.id: entity.vehicle for entity in self.message("vehicle-positions").entity}

    def our_alerts(self) -> list[Any]:
        """/gtfs-rt/alerts: entities."""
        return list(self.message("alerts").entity)

    def message(self, feed: str) -> gtfs_realtime_pb2.FeedMessage:
        """/gtfs-rt/{feed}."""
        return feed_message(self.get(f"/gtfs-rt/{feed}").content)

    def siri_calls(self, route: str) -> list[Any]:
        """/siri/2.0/estimated-timetable.json: the calls to come of a route's first run."""
        delivery = self.json("/siri/2.0/estimated-timetable.json", LineRef=route)["Siri"]["ServiceDelivery"]
        (frame,) = delivery["EstimatedTimetableDelivery"][0]["EstimatedJourneyVersionFrame"]
        return list(frame["EstimatedVehicleJourney"][0]["EstimatedCalls"]["EstimatedCall"])

    def vehicles(self) -> dict[str, Any]:
        """/v1/vehicles: each vehicle's properties by its id."""
        features = self.json("/v1/vehicles")["features"]
        return {feature["properties"]["vehicle_id"]: feature["properties"] for feature in features}

    def messages(self, *, stop: str = "", route: str = "", trip: str = "") -> dict[str, list[str]]:
        """Headers of the alerts that each face shows to readers of a stop, a route, or a trip; of none of them, on the
        home page."""
        if stop:
            return {
                "v1 stop": _heads(self.json(f"/v1/stops/{_id(stop)}")["alerts"]),
                "v1 departures": _heads(self.json(f"/v1/stops/{_id(stop)}/departures", window=FAR_S)["alerts"]),
                "panel": self.json(f"/v1/stops/{_id(stop)}/board")["messages"],
                "stop page": alert_heads(self.page(f"/stops/{_id(stop)}")),
                "screen": [text(node) for node in self.page(f"/screen/{_id(stop)}").css(".message strong")],
            }
        if route:
            return {
                "v1 route": _heads(self.json(f"/v1/routes/{_id(route)}")["alerts"]),
                "line page": alert_heads(self.page(f"/lines/{_id(route)}")),
            }
        if trip:
            return {
                "v1 trip": _heads(self.json(f"/v1/trips/{_id(trip)}")["alerts"]),
                "trip page": alert_heads(self.page(f"/trips/{_id(trip)}")),
            }
        # Not those at stops whose departures are shown there.
        return {"home": [text(head) for head in self.page("/").css(".wide > .alerts .alert-head strong")]}

    def desk(self) -> dict[str, list[str]]:
        """/desk: entries of `health` (faults), `drafts`, `worst`, `uncovered`, `given-up`, `unmatched` and `feeds`;
        figures in `vehicles`."""
        page = page_of(self.officer.get("/desk").text)
        names = ("drafts", "worst", "uncovered", "given-up", "unmatched", "feeds", "health")
        sections = {name: listed(page, name) for name in names}
        return sections | {"vehicles": [text(node) for node in page.css(".figures div")]}

    def readyz(self) -> Any:
        """/readyz."""
        return self._client.get("/readyz").json()

    # Asking

    def get(self, address: str, **asked: Any) -> Any:
        """An answer, asked for once as long as nothing has happened; anything but 200 fails the test."""

        def answer() -> Any:
            answer = self._client.ask(address, asked)
            assert answer.status_code == 200, f"{address}: {answer.status_code} {answer.text[:300]}"
            return answer

        return self._once(("answer", address, repr(asked)), answer)

    def json(self, address: str, **asked: Any) -> Any:
        """An answer's JSON."""
        return self._once(("json", address, repr(asked)), lambda: orjson.loads(self.get(address, **asked).content))

    def page(self, address: str, **asked: Any) -> LexborHTMLParser:
        """A page, parsed."""
        return self._once(("page", address, repr(asked)), lambda: page_of(self.get(address, **asked).content.decode()))

    def _once(self, asked: tuple[Any, ...], answer: Callable[[], _Answer]) -> _Answer:
        """What was asked, made once as long as nothing has happened: faces are compared at one stop after another."""
        if self._known_of is not self.service.view:
            self._known, self._known_of = {}, self.service.view
        key = (*asked, self.clock.at)
        if key not in self._known:
            self._known[key] = answer()
        return cast(_Answer, self._known[key])

    @cached_property
    def officer(self) -> InProcess:
        """A client signed in to the desk."""
        assert self._client.post("/desk/login", data={"token": TOKEN}).status_code == 200
        return self._client

    @cached_property
    def _client(self) -> InProcess:
        app = create_app(self.service, Desk(self.service, token=TOKEN))
        return InProcess(app, **{"Accept-Language": "en"})

    # Names

    def run(self, key: Run) -> str:
        """The run as rows name it."""
        trip = next((trip for trip in self.network.trips if trip.trip_id == key.trip), None)
        repeated = any(frequency.trip == key.trip for frequency in self.network.frequencies)
        own_start = None if trip is None else self._own_start(key.trip)
        another = trip is not None and key.start not in ("", own_start)
        start = f"@{key.start[:5]}" if repeated or another or self._shares_its_id(key.trip) else ""
        date = "" if key.date in ("", _iso(self.date)) else f"/{key.date}"
        return f"{key.trip}{start}{date}"

    def _shares_its_id(self, trip: str) -> bool:
        """Whether several runs that the operator adds, or that it alone knows, go by this id."""
        known = {trip.trip_id for trip in self.network.trips}
        own = [
            update for update in self.updates
            if update.relationship in ("ADDED", "NEW", "DUPLICATED") or update.trip not in known
        ]  # fmt: skip
        named = [update for update in own if trip in (update.trip, update.fields.get("new_trip_id"))]
        starts = {update.fields.get("new_start_time", update.fields.get("start_time")) for update in named}
        listed = {update.stops[0].departure for update in named if update.stops and "start_time" not in update.fields}
        return len(starts) > 1 or len(listed) > 1

    def _own_start(self, trip: str) -> str:
        """When a trip leaves by its own calls, HH:MM:SS."""
        first = self.network.calls(trip)[0]
        return hms(seconds(first.departure or first.arrival))

    def run_told(self, update: gtfs_realtime_pb2.TripUpdate) -> str:
        """The run that a TripUpdate is of: a duplicate is named by the trip that it copies, and is another."""
        properties = update.trip_properties
        if properties.trip_id:
            return self.run(Run(properties.trip_id, _iso(int(properties.start_date)), properties.start_time))
        return self.run_named(update.trip)

    def run_named(self, trip: gtfs_realtime_pb2.TripDescriptor) -> str:
        """The run that a TripDescriptor names."""
        date = _iso(int(trip.start_date)) if trip.start_date else ""
        known = any(own.trip_id == trip.trip_id for own in self.network.trips)
        start = trip.start_time or (self._own_start(trip.trip_id) if known else "")
        return self.run(Run(trip.trip_id, date, start))

    def _departure(self, departure: Any) -> Row:
        key = Run(departure["trip_id"], departure["service_date"], departure["start_time"])
        at = posix(departure["time"])
        return Row(
            self.run(key), departure["stop_id"], at, self._hhmm(at), departure["minutes"], departure["status"],
            departure, key, departure["stop_sequence"],
        )  # fmt: skip

    def _call(self, key: Run, call: Any) -> Row:
        first = call["predicted_time"] or call["scheduled_arrival"]
        at = posix(first)
        status = "passed" if call["passed"] and call["status"] != "skipped" else call["status"]
        return Row(
            self.run(key), call["stop_id"], at, self._hhmm(at), call["minutes"], status, call, key,
            call["stop_sequence"],
        )  # fmt: skip

    def _page_rows(self, stop: str, page: LexborHTMLParser) -> list[Row]:
        rows = [self._page_row(node, stop) for node in departures_on(page)]
        return sorted(rows, key=lambda row: row.at or 0.0)

    def _page_row(self, node: Any, stop: str) -> Row:
        key = run_of_key(node.attributes["data-key"])
        time = node.css_first("time")
        at = posix(time.attributes.get("datetime"))
        minutes = None if at is None else minutes_in(text(time))
        status = next(name for name in node.attributes["class"].split() if name in _STATUSES)
        return Row(self.run(key), stop, at, self._hhmm(at), minutes, status, node, key)

    def _hhmm(self, at: float | None) -> str:
        return "" if at is None else f"{datetime.fromtimestamp(at, self.zone):%H:%M}"

    @cached_property
    def _origin(self) -> float:
        return origin_of(datetime(self.date // 10_000, self.date // 100 % 100, self.date % 100), self.zone)


_STATUSES = ("live", "scheduled", "cancelled", "skipped", "passed")


def _told(parts: tuple[Any, ...], source: FedSource) -> list[Any] | None:
    if any(isinstance(part, bytes) for part in parts):
        (message,) = parts
        source.give(message)
        return None
    return list(parts)


def _heads(alerts: Iterable[Any]) -> list[str]:
    return [next(iter(alert["header"].values()), "") for alert in alerts]


def _id(name: str) -> str:
    return quote(name, safe="")


def _iso(date: int) -> str:
    return f"{date // 10_000:04d}-{date // 100 % 100:02d}-{date % 100:02d}"
