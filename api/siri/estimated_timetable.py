"""`/siri/2.0/estimated-timetable.json`: the runs of a line with the calls still to come."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from api.reading.board import WINDOW_S
from api.reading.journey import Journey, journeys_of_line
from api.siri.calls import call_answer, journey_answer
from api.siri.delivery import Asked, Json, PreviewInterval, seconds_ahead, values


def estimated_timetable(
    request: Request,
    line_ref: Annotated[str, Query(alias="LineRef", description="The line")],
    preview_interval: PreviewInterval = timedelta(seconds=WINDOW_S),
) -> Response:
    """Every run of the line that calls somewhere in that time, cancelled ones too."""
    asked = Asked.of(request)
    moment, until = asked.moment, asked.moment.now + seconds_ahead(preview_interval)
    frame = {
        "RecordedAtTime": moment.view.iso(moment.view.snapshot.made_at),
        "EstimatedVehicleJourney": [
            _journey(asked, journey) for journey in journeys_of_line(moment, asked.route(line_ref), until)
        ],
    }
    return asked.deliver({"EstimatedJourneyVersionFrame": [frame]})


def _journey(asked: Asked, journey: Journey) -> Json:
    view, tt = asked.moment.view, asked.timetable
    coming = [call for call in journey.calls if not call.passed]
    made = [call for call in journey.calls if call.status != "skipped"] or journey.calls
    first, last = made[0], made[-1]
    recorded_at = view.snapshot.made_at if journey.age_s is None else asked.moment.now - journey.age_s
    return {
        "RecordedAtTime": view.iso(recorded_at),
        **journey_answer(asked, coming[0], journey.destination, last.stop_idx, live=journey.status == "live"),
        "OriginRef": asked.stop_ref(first.stop_idx),
        "OriginName": values(str(tt.stop_name[first.stop_idx])),
        "Cancellation": journey.status == "cancelled",
        "IsCompleteStopSequence": len(coming) == len(journey.calls),
        "EstimatedCalls": {"EstimatedCall": [call_answer(asked, call) for call in coming]},
    }
