"""`/siri/2.0/estimated-timetable.json`: the runs of a line, or of all, with the calls still to come."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import numpy as np
from fastapi import Query, Request
from fastapi.responses import Response

from api.reading.board import WINDOW_S
from api.reading.calls import PASSED_AFTER_S, extra_stops
from api.reading.journey import Journey, journeys_of, runs_of_line
from api.siri.calls import call_answer, journey_answer, last_stop
from api.siri.delivery import Asked, DirectionRef, Json, Page, PreviewInterval, seconds_ahead, values
from predictor.timetable import Timetable
from predictor.trip_updates import NOT_IN_TIMETABLE

MOST_RUNS = 500
"""Of one answer."""
_EVERY_LINE = "ALL"


def estimated_timetable(
    request: Request,
    line_ref: Annotated[
        str | None, Query(alias="LineRef", description="The line; without it, or with `ALL`, every line")
    ] = None,
    direction_ref: DirectionRef = None,
    preview_interval: PreviewInterval = timedelta(seconds=WINDOW_S),
    page: Page = 1,
) -> Response:
    """Every run of the line that calls somewhere in that time, cancelled ones too; at most 500 in an answer: `MoreData`
    says that there are more, on the next `Page`."""
    asked = Asked.of(request)
    moment, until = asked.moment, asked.moment.now + seconds_ahead(preview_interval)
    route = None if line_ref in (None, _EVERY_LINE) else asked.route(line_ref)
    runs = runs_of_line(moment, route, until)
    if direction_ref:
        directions = asked.timetable.pattern_direction[asked.timetable.trip_pattern[runs.trip]]
        runs = runs.take(directions.astype(np.str_) == direction_ref)
    begin, end = (page - 1) * MOST_RUNS, page * MOST_RUNS
    journeys = journeys_of(moment, runs.take(slice(begin, end)))
    frame = {
        "RecordedAtTime": asked.time(moment.view.snapshot.made_at),
        "EstimatedVehicleJourney": [_journey(asked, journey) for journey in journeys],
    }
    return asked.deliver({"EstimatedJourneyVersionFrame": [frame]}, more_data=end < len(runs))


def _journey(asked: Asked, journey: Journey) -> Json:
    view, tt = asked.moment.view, asked.timetable
    # Of which nobody has heard when it came, nobody says when it will have.
    told = [call for call in journey.calls if not call.passed]
    coming = [call for call in told if call.published >= asked.moment.now - PASSED_AFTER_S] or told[-1:]
    made = [call for call in journey.calls if call.status != "skipped"] or journey.calls
    first = next((call for call in made if call.pickup != "none"), made[0])
    is_extra = _is_extra(tt, journey.trip_idx)
    extra = set[int]() if is_extra else extra_stops(tt, journey.trip_idx)
    recorded_at = view.snapshot.made_at if journey.age_s is None else asked.moment.now - journey.age_s
    return {
        "RecordedAtTime": asked.time(recorded_at),
        **journey_answer(
            asked, coming[0], journey.destination, last_stop(asked, journey), live=journey.status == "live"
        ),
        "OriginRef": asked.stop_ref(first.stop_idx),
        "OriginName": values(str(tt.stop_name[first.stop_idx])),
        **({"ExtraJourney": True} if is_extra else {}),
        "Cancellation": journey.status == "cancelled",
        "IsCompleteStopSequence": len(coming) == len(journey.calls),
        "EstimatedCalls": {
            "EstimatedCall": [
                {**call_answer(asked, call), **({"ExtraCall": True} if call.stop_idx in extra else {})}
                for call in coming
            ]
        },
    }


def _is_extra(tt: Timetable, trip: int) -> bool:
    """Whether the timetable does not have the run, though it be cancelled by now."""
    return tt.run_relationships[trip] in NOT_IN_TIMETABLE or (trip >= tt.base.trips and tt.run_models[trip] < 0)
