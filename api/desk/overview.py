"""The desk's first page: what is published, what is suggested, what is going on."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.desk.cards import Card, OperatorCard, card, operator_cards
from api.desk.drafts import Draft
from api.desk.ending_soon import Ending, ending_soon
from api.desk.outbox import Delivery
from api.desk.rendering import OwnForm, Session, desk_of_request, desk_page, officer_of, on_disk, page_moment, text
from api.reading.destinations import destination
from api.reading.health import faults_of
from api.reading.lines import Line
from api.reading.running_trips import RunningTrips
from api.reading.standing import LineState, Standing
from api.words.health import fault_words
from api.words.moment import PageMoment
from api.words.texts import texts_in
from api.words.vehicles import vehicle_label
from predictor.geometry import ground_distance_m
from predictor.snapshot import OFF_ROUTE

overview_router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_WORST = 8
_LISTED = 12
_TROUBLE_FROM = 1.0
_LATE_TO_TELL_S = 120.0
_NEAR_M = 500.0
_DAY_MIN = 1440


@dataclass(frozen=True)
class DraftWords:
    """A suggestion in the officer's language."""

    line: Line
    why: str
    phrase: str
    address: str
    situation: str
    until: str = ""
    """When it comes back at the latest, of one dismissed."""


@dataclass(frozen=True)
class LineWords:
    """How a line runs."""

    line: Line
    median: str
    facts: list[str]


@dataclass(frozen=True)
class VehicleRow:
    """A vehicle without its trip."""

    label: str
    age: str
    place: str
    """The stop that it is near, else its coordinates; "" where it has no position."""


@dataclass(frozen=True)
class FeedWords:
    """One feed, or one subscriber."""

    name: str
    state: str
    error: str
    good: bool


@dataclass(frozen=True)
class EndingWords:
    """A disruption whose end comes near."""

    card: Card
    said: str
    put_off: list[tuple[int, str]]
    """Minutes by which its end may be put off, and the words for them."""


@dataclass(frozen=True)
class Overview:
    """What the first page shows."""

    ending: list[EndingWords]
    """Those whose end comes near."""
    cards: list[Card]
    by_operator: list[OperatorCard]
    drafts: list[DraftWords]
    dismissed: list[DraftWords]
    faults: list[str]
    """What is wrong with the feeds, the timetable and the service."""
    feeds: list[FeedWords]
    """Our own sources, then those whom we tell."""
    states: list[tuple[str, str, int]]
    """State, its name, how many vehicles."""
    running: int
    uncovered: list[tuple[Line, str]]
    more_uncovered: int
    given_up: list[tuple[Line, str]]
    more_given_up: int
    worst: list[LineWords]
    unmatched: list[VehicleRow]
    more_unmatched: int
    step_age: str
    timetable_waits: bool
    """Whether a new timetable waits for the officer's word; the GTFS feed's error says why."""


@overview_router.get("/desk")
def overview(request: Request, _: Session, published: str = "", ended: str = "") -> Response:
    """What is published, suggested, and going on."""
    moment = page_moment(request)
    desk = desk_of_request(request)
    standing, shown = desk.standing(), desk.disruptions.now(moment.now)
    worst = [_line(line, moment) for line in standing.lines if line.trouble >= _TROUBLE_FROM][:_WORST]
    uncovered = _uncovered(standing.trips, moment)
    suggested = desk.drafts()
    page = Overview(
        ending=[_ending(ending, moment) for disruption in shown if (ending := ending_soon(disruption, moment.now))],
        cards=[card(disruption, moment) for disruption in shown],
        by_operator=operator_cards(moment),
        drafts=[_draft(draft, standing, moment, request) for draft in suggested.offered],
        dismissed=[
            _draft(draft, standing, moment, request, moment.words.time(dismissal.until))
            for draft, dismissal in suggested.dismissed
        ],
        faults=_faults(request, moment),
        feeds=[*_feeds(moment), *(_told(delivery, moment) for delivery in desk.deliveries)],
        states=[(state, moment.texts(f"state_{state}"), count) for state, count in standing.by_state.items()],
        running=len(standing.trips) - int(standing.trips.cancelled.sum()),
        uncovered=uncovered[:_LISTED],
        more_uncovered=max(len(uncovered) - _LISTED, 0),
        given_up=[_given_up(vehicle, moment) for vehicle in standing.given_up[:_LISTED].tolist()],
        more_given_up=max(len(standing.given_up) - _LISTED, 0),
        worst=worst,
        unmatched=[_unmatched(vehicle, moment) for vehicle in standing.unmatched[:_LISTED].tolist()],
        more_unmatched=max(len(standing.unmatched) - _LISTED, 0),
        step_age=moment.words.age(max(moment.now - standing.snapshot.made_at, 0.0)),
        timetable_waits=desk.service.waiting_timetable is not None,
    )
    badges = [line.badge for line in moment.lines.all]
    done = next((("published" if published else "ended"), number) for number in (published or ended,))
    flash = card(kept, moment) if done[1].isdecimal() and (kept := desk.disruptions.get(int(done[1][:9]))) else None
    return desk_page(
        request, moment, "overview.html", badges=badges, page=page, flash=flash, done=done[0],
        phrases=desk.phrases.all(),
    )  # fmt: skip


@overview_router.post("/desk/drafts/dismiss")
def dismiss(request: Request, form: OwnForm) -> Response:
    """Not now."""
    return _done(desk_of_request(request).dismiss, text(form, "draft"), officer_of(request))


@overview_router.post("/desk/drafts/bring-back")
def bring_back(request: Request, form: OwnForm) -> Response:
    """Now after all."""
    return _done(desk_of_request(request).bring_back, text(form, "draft"), officer_of(request))


def _ending(ending: Ending, moment: PageMoment) -> EndingWords:
    texts, words = moment.texts, moment.words
    in_words = texts("ends_in", time=words.clock(ending.ends_at), wait=words.age(ending.ends_at - moment.now))
    put_off = [
        (minutes, texts("put_off_hours", count=minutes // 60) if minutes < _DAY_MIN
         else texts("put_off_days", count=minutes // _DAY_MIN))
        for minutes in ending.put_off_min
    ]  # fmt: skip
    return EndingWords(card(ending.disruption, moment), in_words, put_off)


def _done(write: Callable[[str, str], None], situation: str, officer: str) -> Response:
    with on_disk():
        write(situation, officer)
    return RedirectResponse("/desk#drafts", 303)


def _draft(draft: Draft, standing: Standing, moment: PageMoment, request: Request, until: str = "") -> DraftWords:
    tt, texts = moment.timetable, moment.texts
    if draft.gap is not None:
        why = texts(
            "draft_gap", stop=tt.stop_name[draft.gap.stop], wait=round(draft.gap.wait_s / 60),
            start=moment.words.time(draft.gap.begins_at), usual=round(draft.gap.usual_s / 60),
        )  # fmt: skip
    elif draft.vehicle >= 0:
        vehicles = standing.snapshot.vehicles
        why = texts(
            "draft_silent", label=vehicle_label(vehicles, draft.vehicle),
            age=moment.words.age(moment.now - float(vehicles.timestamp[draft.vehicle])),
        )  # fmt: skip
    else:
        why = texts("draft_uncovered", count=len(draft.trips), times=draft.blanks["times"])
    phrase = desk_of_request(request).phrases.get(draft.phrase)
    return DraftWords(
        moment.lines.all[draft.route], why, phrase.name.get(texts.language, draft.phrase) if phrase else draft.phrase,
        draft.address, draft.situation, until,
    )  # fmt: skip


def _line(state: LineState, moment: PageMoment) -> LineWords:
    texts = moment.texts
    facts = [
        texts(f"line_{name}", count=count)
        for name in ("uncovered", "cancelled", "late", "early", "off_route")
        if (count := getattr(state, name))
    ]
    if state.gap:
        facts.append(texts("line_gap", wait=round(state.gap.wait_s / 60), start=moment.words.time(state.gap.begins_at)))
    median = "" if math.isnan(state.median_delay_s) else _deviation(state.median_delay_s, moment)
    return LineWords(moment.lines.all[state.route], median, facts)


def _deviation(delay_s: float, moment: PageMoment) -> str:
    minutes = round(delay_s / 60)
    if abs(minutes) < 1:
        return moment.texts("on_time")
    return moment.texts("late" if minutes > 0 else "early", count=abs(minutes))


def _uncovered(trips: RunningTrips, moment: PageMoment) -> list[tuple[Line, str]]:
    tt = moment.timetable
    rows = [row for row in range(len(trips)) if trips.uncovered[row]]
    rows.sort(key=lambda row: -trips.started_at[row])
    return [
        (moment.lines.all[int(tt.trip_route[trips.trip[row]])],
         moment.texts("trip_of", time=moment.words.time(float(trips.started_at[row])),
                      place=destination(moment.snapshot, int(trips.trip[row]), int(trips.service_day[row]),
                                        int(trips.shift_s[row]), 0)))
        for row in rows
    ]  # fmt: skip


def _given_up(vehicle: int, moment: PageMoment) -> tuple[Line, str]:
    tt, vehicles = moment.timetable, moment.snapshot.vehicles
    trip, day, shift_s = int(vehicles.trip[vehicle]), int(vehicles.service_day[vehicle]), int(vehicles.shift_s[vehicle])
    starts_at = float(tt.date_origin[day] + shift_s + tt.trip_start_s[trip])
    run = moment.texts(
        "trip_of", time=moment.words.clock(starts_at),
        place=destination(moment.snapshot, trip, day, shift_s),
    )  # fmt: skip
    sentence = "given_up_off_route" if vehicles.state[vehicle] == OFF_ROUTE else "given_up"
    since = moment.words.clock(float(vehicles.stalled_at[vehicle]))
    words = moment.texts(sentence, label=vehicle_label(vehicles, vehicle), since=since, run=run)
    return moment.lines.all[int(tt.trip_route[trip])], words


def _unmatched(vehicle: int, moment: PageMoment) -> VehicleRow:
    vehicles = moment.snapshot.vehicles
    age = moment.words.age(max(moment.now - float(vehicles.timestamp[vehicle]), 0.0))
    return VehicleRow(
        vehicle_label(vehicles, vehicle),
        age,
        _place(float(vehicles.lat[vehicle]), float(vehicles.lon[vehicle]), moment),
    )


def _place(lat: float, lon: float, moment: PageMoment) -> str:
    if not (math.isfinite(lat) and math.isfinite(lon)):
        return ""
    tt = moment.timetable
    away_m = ground_distance_m(np.full(tt.stops, lat), np.full(tt.stops, lon), tt.stop_lat, tt.stop_lon)
    nearest = int(np.argmin(away_m))
    return (
        moment.texts("near_stop", stop=tt.stop_name[nearest]) if away_m[nearest] < _NEAR_M else f"{lat:.5f}, {lon:.5f}"
    )


def _faults(request: Request, moment: PageMoment) -> list[str]:
    texts = texts_in(moment.texts.language, "health")
    # The feeds' own errors stand beside the feeds.
    return [fault_words(fault, texts) for fault in faults_of(request.app.state.service) if fault.code != "feed_error"]


def _feeds(moment: PageMoment) -> list[FeedWords]:
    texts = moment.texts
    words = []
    for name, feed in moment.view.feeds.items():
        age = moment.now - feed.good_at
        silent = name == "vehicle_positions" and moment.feed.stopped
        read = texts("feed_read", age=moment.words.age(age)) if math.isfinite(age) else texts("feed_unread")
        kind, _, number = name.partition(" ")
        words.append(
            FeedWords(f"{texts(f'feed_{kind}')} {number}".rstrip(), moment.feed.message if silent else read, feed.error,
                      not feed.error and not silent)
        )  # fmt: skip
    return words


def _told(delivery: Delivery, moment: PageMoment) -> FeedWords:
    texts, late = moment.texts, False
    facts = [texts("delivered", count=delivery.delivered)]
    if delivery.owed_since is not None:
        age_s = max(moment.now - delivery.owed_since, 0.0)
        late = age_s > _LATE_TO_TELL_S
        facts.append(texts("owed", count=delivery.owed, age=moment.words.age(age_s)))
    if delivery.failed:
        facts.append(texts("failed", count=delivery.failed))
    return FeedWords(delivery.name, "\N{NO-BREAK SPACE}· ".join(facts), delivery.error, not delivery.error and not late)
