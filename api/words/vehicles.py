"""One vehicle in a rider's words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from api.reading.boarding import ACCESS, CONGESTIONS, occupancy_of, vehicle_wheelchair
from api.reading.calls import RunCall
from api.reading.destinations import destination
from api.words.moment import PageMoment
from api.words.texts import Texts
from api.words.times import minutes_late
from predictor.snapshot import DOUBTS, LAYOVER, OFF_ROUTE, Vehicles

_HINDERS = ("STOP_AND_GO", "CONGESTION", "SEVERE_CONGESTION")
_OLD_S = 90.0
"""From this age on a position's age is said beside the vehicle."""


@dataclass(frozen=True)
class VehicleWords:
    """Where a vehicle is and how it keeps to its time."""

    label: str
    """What is written on it, "" where not told."""
    place: str
    """ "on its way to …", "at …"."""
    doubtful: bool
    """It gets no further."""
    punctuality: str
    """ "on time", "3 min late", "" where unknown."""
    late: bool
    occupancy: str
    """How full it is, "" where not told."""
    wheelchair: str
    """Whether it takes wheelchairs: `yes`, `no`, or "" where that is not known."""
    traffic: str
    """ "in heavy traffic", "" where it drives as usual, or does not tell."""
    age: str
    """Age of its position, said only when old."""


def vehicle_words(
    moment: PageMoment, vehicle: int, ahead: RunCall | None, *, run: tuple[int, int, int] | None = None
) -> VehicleWords:
    """A vehicle matched to a trip. Parameters: `ahead`: its next call, None where nothing is predicted: beside the time
    shown for it and the timetable's stands how late it is; `run`: trip, service day and shift of the one that is
    asked about, to which the vehicle may come later."""
    tt, vehicles, texts = moment.timetable, moment.snapshot.vehicles, moment.texts
    trip, call = int(vehicles.trip[vehicle]), int(vehicles.next_call[vehicle])
    call = min(call, int(tt.trip_calls[trip]) - 1)
    stop = moment.stop_name(tt.stop_at(trip, call))
    state = int(vehicles.state[vehicle])
    doubt = DOUBTS[int(vehicles.doubt[vehicle])]
    if doubt == "given_up":
        place = texts("vehicle_given_up")
    elif doubt != "followed":
        suffix = "_at" if doubt == "held_up" and vehicles.at_stop[vehicle] else ""
        place = texts(f"vehicle_{doubt}{suffix}", stop=stop)
    elif state == OFF_ROUTE:
        place = texts("vehicle_off_route")
    elif state == LAYOVER:
        place = texts("vehicle_layover", stop=stop)
    else:
        place = texts("vehicle_at" if vehicles.at_stop[vehicle] else "vehicle_towards", stop=stop)
    own = vehicles.identity(vehicle)
    if run not in (None, own):
        # Both ways of a line call at stops of the same names.
        place = texts("vehicle_before", towards=moment.towards(destination(moment.snapshot, *own)), place=place)
    age = moment.now - float(vehicles.timestamp[vehicle])
    late = _minutes_late(float(vehicles.delay_s[vehicle]), ahead)
    takes = ACCESS[vehicle_wheelchair(moment.snapshot, trip, vehicle)]
    return VehicleWords(
        label=str(vehicles.label[vehicle]),
        place=place,
        doubtful=doubt != "followed",
        punctuality="" if state == LAYOVER or late is None else deviation_words(late, texts),
        late=late is not None and late > 0,
        occupancy=moment.occupancy_words(occupancy_of(moment.snapshot, vehicle)),
        wheelchair="" if takes == "unknown" else takes,
        traffic=_traffic_words(vehicles, vehicle, texts),
        age=texts("position_old", age=moment.words.age(age)) if age > _OLD_S else "",
    )


def told_vehicle_words(moment: PageMoment, call: RunCall) -> VehicleWords | None:
    """The vehicle of a run's next call as the operator tells, where nobody knows where it is; None where it says
    nothing."""
    if call.vehicle_label is None:
        return None
    return VehicleWords(
        label=call.vehicle_label, place="", doubtful=False, punctuality="", late=False,
        occupancy=moment.occupancy_words(call.occupancy), wheelchair=moment.wheelchair_of(call), traffic="", age="",
    )  # fmt: skip


def _traffic_words(vehicles: Vehicles, vehicle: int, texts: Texts) -> str:
    level = CONGESTIONS[int(vehicles.congestion[vehicle])]
    return texts(f"traffic_{level}") if level in _HINDERS else ""


def _minutes_late(delay_s: float, ahead: RunCall | None) -> int | None:
    """None where the timetable has no time, or nobody knows."""
    if np.isnan(delay_s):
        return None
    if ahead is None or ahead.scheduled is None:
        return minutes_late(0.0, delay_s)
    return minutes_late(ahead.scheduled, ahead.published)


def deviation_words(minutes: int, texts: Texts) -> str:
    """ "3 min late", "on time" where it is none."""
    return texts("late" if minutes > 0 else "early", count=abs(minutes)) if minutes else texts("on_time")


def vehicle_label(vehicles: Vehicles, vehicle: int) -> str:
    """What is written on the vehicle, where nothing is told what it goes by here."""
    return str(vehicles.label[vehicle]) or str(vehicles.vehicle_id[vehicle])
