"""The desk's first page: what is published, what is suggested, what is going on."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.desk.cards import Card, card, operator_cards
from api.desk.disruptions import Ending, ending_soon
from api.desk.drafts import Draft
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
from api.words.vehicles import deviation_words, vehicle_label
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


@overview_router.get("/desk")
def overview(request: Request, _: Session, published: str = "", ended: str = "") -> Response:
    """What is published, suggested, and going on."""
    moment, desk = page_moment(request), desk_of_request(request)
    standing, shown, suggested = desk.standing(), desk.disruptions.now(moment.now), desk.drafts()
    worst = [state for state in standing.lines if state.trouble >= _TROUBLE_FROM]
    uncovered, given_up, unmatched = standing.trips.uncovered_rows(), standing.given_up, standing.unmatched
    number = published or ended
    flash = desk.disruptions.get(int(number[:9])) if number.isdecimal() else None
    return desk_page(
        request,
        moment,
        "overview.html",
        badges=moment.lines.badges,
        flash=card(flash, moment) if flash else None,
        done="published" if published else "ended",
        phrases=desk.phrases.all(),
        ending=[_ending(ending, moment) for disruption in shown if (ending := ending_soon(disruption, moment.now))],
        cards=[card(disruption, moment) for disruption in shown],
        by_operators=operator_cards(moment),
        drafts=[_draft(draft, standing, moment, request) for draft in suggested.offered],
        dismissed=[
            _draft(draft, standing, moment, request, moment.words.time(dismissal.until))
            for draft, dismissal in suggested.dismissed
        ],
        faults=_faults(request, moment),
        feeds=[*_feeds(moment), *(_told(delivery, moment) for delivery in desk.deliveries)],
        states=[(state, moment.texts(f"state_{state}"), count) for state, count in standing.by_state.items()],
        running=len(standing.trips) - int(standing.trips.cancelled.sum()),
        uncovered=[_uncovered(standing.trips, row, moment) for row in uncovered[:_LISTED]],
        more_uncovered=max(len(uncovered) - _LISTED, 0),
        given_up=[_given_up(vehicle, moment) for vehicle in given_up[:_LISTED].tolist()],
        more_given_up=max(len(given_up) - _LISTED, 0),
        worst=[_line(state, moment) for state in worst[:_WORST]],
        unmatched=[_unmatched(vehicle, moment) for vehicle in unmatched[:_LISTED].tolist()],
        more_unmatched=max(len(unmatched) - _LISTED, 0),
        step_age=moment.words.age(max(moment.now - standing.snapshot.made_at, 0.0)),
        timetable_waits=desk.service.waiting_timetable is not None,
    )


@overview_router.post("/desk/drafts/dismiss")
def dismiss(request: Request, form: OwnForm) -> Response:
    """Not now."""
    return _done(desk_of_request(request).dismiss, text(form, "draft"), officer_of(request))


@overview_router.post("/desk/drafts/bring-back")
def bring_back(request: Request, form: OwnForm) -> Response:
    """Now after all."""
    return _done(desk_of_request(request).bring_back, text(form, "draft"), officer_of(request))


def _ending(ending: Ending, moment: PageMoment) -> tuple[Card, str, list[tuple[int, str]]]:
    """The disruption, when it ends, and by how many minutes that may be put off, with the words for them."""
    texts, words = moment.texts, moment.words
    in_words = texts("ends_in", time=words.clock(ending.ends_at), wait=words.age(ending.ends_at - moment.now))
    put_off = [
        (minutes, texts("put_off_hours", count=minutes // 60) if minutes < _DAY_MIN
         else texts("put_off_days", count=minutes // _DAY_MIN))
        for minutes in ending.put_off_min
    ]  # fmt: skip
    return card(ending.disruption, moment), in_words, put_off


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
        moment.lines.all[draft.route], why, phrase.name_in(texts.language) if phrase else draft.phrase,
        draft.address, draft.situation, until,
    )  # fmt: skip


def _line(state: LineState, moment: PageMoment) -> tuple[Line, list[str], str]:
    """A line, what is wrong with it, and how late it is."""
    texts = moment.texts
    facts = [
        texts(f"line_{name}", count=count)
        for name in ("uncovered", "cancelled", "late", "early", "off_route")
        if (count := getattr(state, name))
    ]
    if state.gap:
        facts.append(texts("line_gap", wait=round(state.gap.wait_s / 60), start=moment.words.time(state.gap.begins_at)))
    late_s = state.median_delay_s
    median = "" if math.isnan(late_s) else deviation_words(round(late_s / 60), texts)
    return moment.lines.all[state.route], facts, median


def _uncovered(trips: RunningTrips, row: int, moment: PageMoment) -> tuple[Line, str]:
    trip, day, shift_s = trips.identity(row)
    words = moment.texts(
        "trip_of", time=moment.words.time(float(trips.started_at[row])),
        place=destination(moment.snapshot, trip, day, shift_s, 0),
    )  # fmt: skip
    return moment.lines.all[int(moment.timetable.trip_route[trip])], words


def _given_up(vehicle: int, moment: PageMoment) -> tuple[Line, str]:
    tt, vehicles = moment.timetable, moment.snapshot.vehicles
    trip, day, shift_s = vehicles.identity(vehicle)
    starts_at = float(tt.date_origin[day] + shift_s + tt.trip_start_s[trip])
    run = moment.texts(
        "trip_of", time=moment.words.clock(starts_at),
        place=destination(moment.snapshot, trip, day, shift_s),
    )  # fmt: skip
    sentence = "given_up_off_route" if vehicles.state[vehicle] == OFF_ROUTE else "given_up"
    since = moment.words.clock(float(vehicles.stalled_at[vehicle]))
    words = moment.texts(sentence, label=vehicle_label(vehicles, vehicle), since=since, run=run)
    return moment.lines.all[int(tt.trip_route[trip])], words


def _unmatched(vehicle: int, moment: PageMoment) -> tuple[str, str, str]:
    """A vehicle without a trip: what it is called, where it is, how old that is."""
    vehicles = moment.snapshot.vehicles
    place = _place(float(vehicles.lat[vehicle]), float(vehicles.lon[vehicle]), moment)
    age = moment.words.age(max(moment.now - float(vehicles.timestamp[vehicle]), 0.0))
    return vehicle_label(vehicles, vehicle), place, age


def _place(lat: float, lon: float, moment: PageMoment) -> str:
    """The stop that is near, else the coordinates; "" where they are not known."""
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


def _feeds(moment: PageMoment) -> list[tuple[str, str, str, bool]]:
    """Name, state, error, and whether it is good."""
    texts = moment.texts
    words = []
    for name, feed in moment.view.feeds.items():
        age = moment.now - feed.good_at
        silent = name == "vehicle_positions" and moment.feed.stopped
        read = texts("feed_read", age=moment.words.age(age)) if math.isfinite(age) else texts("feed_unread")
        kind, _, number = name.partition(" ")
        words.append(
            (f"{texts(f'feed_{kind}')} {number}".rstrip(), moment.feed.message if silent else read, feed.error,
                      not feed.error and not silent)
        )  # fmt: skip
    return words


def _told(delivery: Delivery, moment: PageMoment) -> tuple[str, str, str, bool]:
    """The same of a subscriber."""
    texts, late = moment.texts, False
    facts = [texts("delivered", count=delivery.delivered)]
    if delivery.owed_since is not None:
        age_s = max(moment.now - delivery.owed_since, 0.0)
        late = age_s > _LATE_TO_TELL_S
        facts.append(texts("owed", count=delivery.owed, age=moment.words.age(age_s)))
    if delivery.failed:
        facts.append(texts("failed", count=delivery.failed))
    return (delivery.name, "\N{NO-BREAK SPACE}· ".join(facts), delivery.error, not delivery.error and not late)
