"""A call of a run in SIRI's words: the same in stop monitoring, in a line's timetable and for a vehicle."""

from __future__ import annotations

import numpy as np

from api.reading.calls import Event, RunCall
from api.reading.journey import Journey
from api.siri.delivery import Asked, Json, value, values
from feeds.service_times import start_time
from predictor.arrays import Int32Array
from predictor.runs import DatedRuns
from predictor.snapshot import Snapshot
from predictor.timetable import NO_PICKUP, Timetable

ON_TIME_S = 60.0
"""Less than this off its time is on time."""
_BOARDING = {"regular": "boarding", "none": "noBoarding", "phone": "boarding", "driver": "boarding"}
_ALIGHTING = {"regular": "alighting", "none": "noAlighting", "phone": "alighting", "driver": "alighting"}
_OCCUPANCIES = {
    "EMPTY": "empty", "MANY_SEATS_AVAILABLE": "manySeatsAvailable", "FEW_SEATS_AVAILABLE": "fewSeatsAvailable",
    "STANDING_ROOM_ONLY": "standingRoomOnly", "CRUSHED_STANDING_ROOM_ONLY": "crushedStandingRoomOnly", "FULL": "full",
    "NOT_ACCEPTING_PASSENGERS": "notAcceptingPassengers",
}  # fmt: skip


def framed_ref(tt: Timetable, call: RunCall) -> Json:
    """Names the run of a call, and its day."""
    ref = run_ref(tt, call.trip_idx, call.shift_s)
    return {"DataFrameRef": value(call.service_date), "DatedVehicleJourneyRef": ref}


def run_ref(tt: Timetable, trip: int, shift_s: int | None) -> str:
    """Names a run on its day: its trip, of a trip that runs more than once with its start; `shift_s` None: all runs of
    the trip."""
    if shift_s is None or not (shift_s or tt.trip_is_frequency[trip]):
        return str(tt.trip_id[trip])
    return f"{tt.trip_id[trip]}:{start_time(tt, trip, shift_s)}"


def ends_at(snapshot: Snapshot, runs: DatedRuns, call: Int32Array | int = 0) -> Int32Array:
    """(n,) the stops at which runs end for their riders, seen from a `call` (n,): not at a depot behind that."""
    tt = snapshot.timetable
    last = last_open(tt, runs.trip, snapshot.last_calls(runs, call))
    stops: Int32Array = tt.call_stop[tt.entry_of(runs.trip, last)]
    return stops


def last_stop(asked: Asked, run: RunCall | Journey) -> int:
    """The stop at which a run ends for its riders."""
    runs = DatedRuns.one(run.trip_idx, run.service_day, run.shift_s)
    return int(ends_at(asked.moment.view.snapshot, runs)[0])


def last_open(tt: Timetable, trip: Int32Array, last: Int32Array) -> Int32Array:
    """(n,) the last call up to `last` (n,) of each trip at which riders may get off, `last` where they may at none."""
    at = last.copy()
    while (closed := (at > 0) & (tt.alighting[tt.entry_of(trip, at)] == NO_PICKUP)).any():
        at[closed] -= 1
    return np.where(at > 0, at, last)


def journey_answer(asked: Asked, call: RunCall, destination: str, last_stop: int, *, live: bool) -> Json:
    """What each service says of the run of a `call`, bound for `destination`, that ends at `last_stop`."""
    return {
        **asked.line(call.route_idx, call.direction),
        "FramedVehicleJourneyRef": framed_ref(asked.timetable, call),
        "DirectionName": values(destination),
        "DestinationRef": asked.stop_ref(last_stop),
        "DestinationName": values(destination),
        **({"VehicleJourneyName": values(call.trip_short_name)} if call.trip_short_name else {}),
        "Monitored": live,
        **({"HeadwayService": True} if call.headway_s else {}),
        **_occupancy(call),
    }  # fmt: skip


def call_answer(asked: Asked, call: RunCall) -> Json:
    """`MonitoredCall` or `EstimatedCall`."""
    tt = asked.timetable
    call_json: Json = {
        "StopPointRef": asked.stop_ref(call.stop_idx),
        "StopPointName": values(str(tt.stop_name[call.stop_idx])),
        "Order": call.call + 1,
        "VehicleAtStop": call.at_stop,
        "DestinationDisplay": values(call.destination),
    }
    if call.reckoned:
        call_json["TimingPoint"] = False
    if not {call.pickup, call.drop_off}.isdisjoint(("phone", "driver")):
        call_json["RequestStop"] = True
    if not call.comes:
        call_json["Cancellation"] = True
    for name, event in (("Arrival", call.arrival), ("Departure", call.departure)):
        if event is None:
            continue
        aimed, expected = (asked.time(at, call.stop_idx) for at in (event.scheduled, _expected(call, event)))
        call_json |= {f"Aimed{name}Time": aimed} if aimed else {}
        call_json |= {f"Expected{name}Time": expected} if expected else {}
        call_json[f"{name}Status"] = _status(call, event)
        if call.platform:
            call_json[f"{name}PlatformName"] = value(call.platform)
        if call.planned_platform:
            call_json[f"{name}StopAssignment"] = _assignment(asked, call)
    call_json["ArrivalBoardingActivity"] = _ALIGHTING[call.drop_off if call.comes else "none"]
    call_json["DepartureBoardingActivity"] = _BOARDING[call.pickup if call.comes else "none"]
    return call_json


def _assignment(asked: Asked, call: RunCall) -> Json:
    """The platform at which riders wait by the timetable, and the one from which the run leaves."""
    (entry,) = asked.timetable.planned_entries(np.array([call.trip_idx]), np.array([call.call]))
    return {
        "AimedQuayRef": asked.stop_ref(int(asked.timetable.call_stop[entry])),
        "AimedQuayName": values(call.planned_platform),
        "ExpectedQuayRef": asked.stop_ref(call.stop_idx),
        "ExpectedQuayName": values(call.platform),
    }


def _occupancy(call: RunCall) -> Json:
    """How full the vehicle is, where it tells."""
    status = call.occupancy.status if call.occupancy else None
    return {"Occupancy": _OCCUPANCIES[status]} if status in _OCCUPANCIES else {}


def _expected(call: RunCall, event: Event) -> float | None:
    """What is told to riders: of a run that nobody predicts the timetable's, `Monitored` says which it is."""
    if not call.comes or call.passed:
        return None
    return event.scheduled if event.predicted is None else event.predicted


def _status(call: RunCall, event: Event) -> str:
    if not call.comes:
        return "cancelled"
    if call.doubt != "followed":
        return "delayed"
    late_s = event.delay_s
    if late_s is None:
        return "noReport"
    return "early" if late_s <= -ON_TIME_S else "delayed" if late_s >= ON_TIME_S else "onTime"
