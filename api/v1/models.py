"""What the JSON answers hold."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from api.answers.answer import Answer, Given, Moment, Status

Date = Annotated[str, Field(description="Service date", examples=["2026-03-02"], json_schema_extra={"format": "date"})]
Access = Literal["yes", "no", "unknown"]
Boarding = Literal["regular", "none", "phone", "driver"]
TimeSource = Literal["timetable", "vehicle", "block", "operator"]
Doubt = Literal["followed", "overdue", "held_up"]
VehicleState = Literal["unmatched", "layover", "in_service", "off_route", "deadhead"]
_BY_TIMETABLE = "By the timetable; null for a trip run by headway, and at a stop that it does not have on this trip"
Outcome = Literal["on_time", "early", "late", "not_served", "not_seen", "expected", "on_headway", "long_wait"]
Cause = Literal[
    "cancelled", "detour", "breakdown", "short_turn", "stuck", "ended_early", "joined_late", "no_vehicle", "bunched",
    "feed_gap", "vehicle_silent", "passed_unseen", "trip_not_named", "no_records",
]  # fmt: skip
FactKind = Literal[
    "passed", "cancelled", "skipped", "alert", "stood", "left_line", "turned", "took_up", "last_seen", "next_seen",
    "set_out", "none_passed", "nameless", "told", "told_no_more", "line_seen", "line_unseen", "feed_gap",
    "service_down", "vehicle_silent",
]  # fmt: skip


def _figure(digits: int) -> BeforeValidator:
    return BeforeValidator(lambda value: round(value, digits) if math.isfinite(value) else None)


Seconds = Annotated[float | None, _figure(1)]
"""Null where there is nothing to judge."""
Share = Annotated[float | None, _figure(4)]
"""The same of a share."""
Tenths = Annotated[float, AfterValidator(lambda value: round(value, 1))]


class RouteRef(BaseModel):
    """A route, as shown on a badge."""

    route_id: str = Field(examples=["A"])
    short_name: str = Field(examples=["A"])
    long_name: str = Field(examples=["Vaucanson – Lycée Jean Monnet"])
    type: int = Field(description="GTFS route_type: 0 tram, 1 metro, 2 rail, 3 bus, 4 ferry, …", examples=[0])
    color: str | None = Field(description="RRGGBB", examples=["E2001A"])
    text_color: str | None = Field(description="RRGGBB", examples=["FFFFFF"])


class Platform(BaseModel):
    """A platform of a station."""

    stop_id: str = Field(examples=["gare:1"])
    name: str = Field(examples=["Gare de Tours"])
    code: str | None = Field(examples=["1042"])
    platform: str | None = Field(description="GTFS platform_code", examples=["1"])
    lat: float = Field(examples=[47.38966])
    lon: float = Field(examples=[0.69312])
    wheelchair: Access


class Stop(Platform):
    """A stop or station."""

    type: Literal["stop", "station"]
    parent_station: str | None = Field(description="stop_id of the station that this platform belongs to")
    routes: list[RouteRef] = Field(description="Routes that call here")
    distance_m: float | None = Field(None, description="Straight-line distance, when asked with `near`")


class Stops(Answer):
    """Stops found."""

    stops: list[Stop]


class Alert(BaseModel):
    """A message that riders are told now. Plain texts by language tag, "" where the feed names none."""

    alert_id: str
    cause: str = Field(examples=["CONSTRUCTION"])
    effect: str = Field(examples=["DETOUR"])
    severity: str = Field(examples=["WARNING"])
    state: Literal["planned", "in_force"] = Field(description="`planned`: told before it is in force")
    header: dict[str, str] = Field(examples=[{"fr": "Travaux rue Nationale", "en": "Road works"}])
    description: dict[str, str]
    url: dict[str, str]


class StopAnswer(Answer):
    """One stop."""

    stop: Stop
    platforms: list[Platform] = Field(description="Platforms of a station")
    alerts: list[Alert]


class Range(BaseModel):
    """In eight of ten cases the vehicle comes between `p10` and `p90`."""

    p10: Moment
    p50: Moment
    p90: Moment


class EventTimes(BaseModel):
    """An arrival or a departure."""

    scheduled: Moment | None = Field(description=_BY_TIMETABLE)
    predicted: Moment | None = Field(
        description="null where passed, cancelled or skipped, or where only the timetable is known"
    )
    delay_s: int | None = Field(description="Seconds late, negative when early", examples=[70])


class OccupancyTold(BaseModel):
    """How full a vehicle is."""

    status: str | None = Field(description="GTFS-Realtime OccupancyStatus", examples=["FEW_SEATS_AVAILABLE"])
    percentage: int | None = Field(description="Of the passengers that it takes", examples=[65])


class CallState(BaseModel):
    """What is known of one call of a run, on a board and in its trip alike."""

    stop_id: str = Field(description="The platform, at a station", examples=["gare:1"])
    platform: str | None = Field(examples=["1"])
    planned_platform: str | None = Field(description="The platform from which the operator has moved the call")
    stop_sequence: int = Field(examples=[7])
    headsign: str = Field(
        description="What the trip is bound for, as said at this stop, without the line's name where that is repeated; "
        "where it ends before its last stop, that one",
        examples=["Lycée Jean Monnet"],
    )
    arrival: EventTimes | None = Field(description="null at a trip's first stop")
    departure: EventTimes | None = Field(description="null at a trip's last stop")
    at_stop: bool = Field(description="The vehicle stands here: it can be boarded until it leaves")
    predicted_time: Moment | None = Field(
        description="Of the departure, at a trip's last stop of the arrival; null where passed, where only the "
        "timetable is known, and for cancelled trips and skipped stops"
    )
    range: Range | None = Field(description="How sure `predicted_time` is")
    minutes: int | None = Field(
        description="Whole minutes to wait, never negative; null where past, where `doubt` tells why nobody knows, "
        "or where a line run by headway has no time",
        examples=[3],
    )
    status: Status = Field(
        description="`live` only for a prediction from a recent report; `skipped`: the trip runs but does not stop here"
    )
    source: TimeSource = Field(
        description="Where the time comes from: the timetable, the vehicle on this trip, the vehicle that will "
        "drive it after the trip it is on (block), or the operator's own prediction"
    )
    doubt: Doubt = Field(
        description="Why the time is not live though the vehicle reports: `overdue`, it has not left its first stop; "
        "`held_up`, it stands on the way; else `followed`"
    )
    wheelchair: Access
    occupancy: OccupancyTold | None = Field(description="null where passed, or where nobody tells")
    scheduled_approximate: bool = Field(
        description="The timetable gives no time here: what is `scheduled` is reckoned from the stops before and after"
    )
    pickup_type: Boarding = Field(
        description="How to board: as usual (`regular`), not at all (`none`), on request by telephoning the agency "
        "(`phone`) or to the driver (`driver`)"
    )
    drop_off_type: Boarding = Field(description="How to alight, in the same words")


class Departure(CallState):
    """One coming departure."""

    route: RouteRef
    direction: int | None = Field(description="GTFS direction_id; where the feed has none, by the way", examples=[0])
    time: Moment | None = Field(
        description="The time to show and count down to: of the departure, at a trip's last stop of the arrival; the "
        "predicted, else the scheduled one; null for a line run by headway where no vehicle is known: it comes every "
        "`headway_s`, which one such row tells for all"
    )
    scheduled_time: Moment | None = Field(description=_BY_TIMETABLE)
    delay_s: int | None = Field(description="Seconds late, negative when early", examples=[70])
    headway_s: int | None = Field(description="Seconds between vehicles, for a trip run by headway; else null")
    vehicle_id: str | None = Field(examples=["1042"])
    vehicle_label: str | None
    data_age_s: int | None = Field(description="Age of the vehicle's report", examples=[14])
    trip_id: str = Field(examples=["A-0800-0"])
    trip_short_name: str | None = Field(description="What riders call the run, such as a train's number")
    service_date: Date
    start_time: str = Field(
        description="HH:MM:SS after the service date's origin; names one run of a trip run by headway",
        examples=["08:00:00"],
    )
    vehicle_wheelchair: Access = Field(
        description="Of the vehicle alone: by its own word where it has one, else its trip's"
    )
    bikes: Access = Field(description="Bicycles may come along")
    pickup: bool = Field(description="False where nobody may board; such calls are listed with `arrivals=true` only")


class MovedDeparture(BaseModel):
    """A departure of the timetable that the operator has taken away from its stop."""

    stop_id: str = Field(description="Where it was to leave", examples=["gare:1"])
    scheduled_time: Moment = Field(description="When it was to leave there")
    route: RouteRef
    headsign: str
    trip_id: str
    service_date: Date
    start_time: str
    to: Departure | None = Field(
        description="Where it leaves instead, as that stop's board has it; null where the trip calls nowhere in the "
        "place of this stop, ends here, takes nobody on, or is cancelled"
    )


MovedAway = Annotated[
    list[MovedDeparture],
    Field(
        description="Within the next two hours: departures that the timetable has here and the operator has moved to "
        "another platform or stop, or taken away by a diversion or because the trip ends here now or takes nobody on. "
        "They are none of `departures`, for nobody can board them here"
    ),
]


class Departures(Answer):
    """The departure board of one stop."""

    stop: Stop
    departures: list[Departure] = Field(description="Soonest first")
    moved_away: MovedAway
    alerts: list[Alert] = Field(description="In force now, for this stop, the routes that call here, or the network")


class SeveralDepartures(Answer):
    """The departures of several stops in one list."""

    stops: list[Stop] = Field(description="In the order asked for, then by distance")
    departures: list[Departure] = Field(description="Soonest first; `stop_id` tells where")
    moved_away: MovedAway
    alerts: list[Alert] = Field(description="In force now, for any of the stops")


class LineStop(BaseModel):
    """A stop of a line."""

    stop_id: str = Field(examples=["liberte"])
    name: str
    platform: str | None
    departure: Departure | None = Field(
        description="The next one of this visit to the stop; null where none comes, and at a last stop"
    )


class DirectionDepartures(BaseModel):
    """A line in one direction."""

    direction: int | None = Field(description="GTFS direction_id; where the feed has none, by the way", examples=[0])
    headsign: str = Field(description="What most of its trips are bound for")
    stops: list[LineStop] = Field(description="In order, of the stop sequence that most of today's trips run")


class RouteDepartures(Answer):
    """What comes along one route."""

    route: RouteRef
    directions: list[DirectionDepartures]
    alerts: list[Alert]


class LineString(BaseModel):
    """GeoJSON."""

    type: Literal["LineString"] = "LineString"
    coordinates: list[tuple[float, float]] = Field(description="Longitude, latitude of each vertex")


class ShapeProperties(BaseModel):
    """Who drives this way."""

    shape_id: str
    routes: list[RouteRef]


class ShapeAnswer(Answer):
    """One way as GeoJSON, with what every answer says of itself as foreign members."""

    type: Literal["Feature"] = "Feature"
    id: str
    geometry: LineString
    properties: ShapeProperties


class Agency(BaseModel):
    """Who runs lines, and how to reach them."""

    agency_id: str = Field(description="Where the timetable gives none, the agency's name", examples=["FILDEL"])
    name: str = Field(examples=["Fil de Loire"])
    url: str | None = Field(examples=["https://fil-de-loire.example.org"])
    timezone: str = Field(description="IANA name; the same for all", examples=["Europe/Paris"])
    lang: str | None = Field(examples=["fr"])
    phone: str | None
    email: str | None
    fare_url: str | None


class Attribution(BaseModel):
    """Whom to name for the timetable's data."""

    name: str = Field(examples=["Région Centre-Val de Loire"])
    url: str | None


class Agencies(Answer):
    """All agencies, and whom else to name."""

    agencies: list[Agency]
    attributions: list[Attribution] = Field(
        description="Those of the timetable's attributions.txt, and who publishes the feed where that is no agency"
    )


class Route(RouteRef):
    """A route, and whose it is."""

    agency_id: str = Field(description="One of `/v1/agencies`", examples=["FILDEL"])


class Routes(Answer):
    """All routes."""

    routes: list[Route]


class PatternStop(BaseModel):
    """A call of a pattern."""

    stop_id: str
    name: str
    platform: str | None
    lat: float
    lon: float
    distance_m: float = Field(description="Metres along the pattern")
    continuous_pickup: Boarding = Field(description="How to board between here and the next stop")
    continuous_drop_off: Boarding = Field(description="How to get off there")


class Pattern(BaseModel):
    """A stop sequence that trips of the route share."""

    direction: int | None
    headsign: str = Field(description="The most frequent headsign of its trips")
    trips: int = Field(description="Trips of the timetable that run it, on any day")
    shape_id: str = Field(description="The way that it drives, at /v1/shapes/{shape_id}", examples=["6f1ed002ab559585"])
    stops: list[PatternStop]


class RouteAnswer(Answer):
    """One route."""

    route: Route
    patterns: list[Pattern] = Field(description="The most used first")
    alerts: list[Alert]


class Call(CallState):
    """One call of a trip."""

    name: str = Field(description="Of the stop")
    scheduled_arrival: Moment | None
    scheduled_departure: Moment | None
    passed: bool
    passed_at: Moment | None = Field(
        description="When it left, at the last stop when it came; null where not passed, or where that is not known"
    )


class Continuation(BaseModel):
    """The run as which a vehicle goes on, its riders aboard."""

    trip_id: str
    service_date: Date = Field(description="Behind midnight it may be the next day's")
    route: RouteRef
    headsign: str


class TripAnswer(Answer):
    """One dated run of a trip."""

    trip_id: str
    trip_short_name: str | None = Field(description="What riders call the run, such as a train's number")
    service_date: Date
    start_time: str
    route: RouteRef
    headsign: str
    direction: int | None
    headway_s: int | None = Field(description="Seconds between vehicles, for a trip run by headway; else null")
    bikes: Access = Field(description="Bicycles may come along")
    status: Status = Field(description="`cancelled`, `live` where any coming call is live, else `scheduled`")
    vehicle_id: str | None
    vehicle_label: str | None
    data_age_s: int | None
    calls: list[Call]
    continues_as: Continuation | None = Field(
        description="As which run of that day the vehicle goes on behind the last stop, riders staying aboard "
        "(in-seat transfer of transfers.txt); null where there is none"
    )
    alerts: list[Alert]


class VehicleProperties(BaseModel):
    """What is known of a vehicle."""

    vehicle_id: str
    label: str | None = Field(description="What is written on it; null where the feed tells neither that nor an id")
    state: VehicleState
    route: RouteRef | None
    trip_id: str | None
    service_date: Date | None
    start_time: str | None = Field(
        description="HH:MM:SS of the run's first departure: where a line runs by headway many share the trip",
        examples=["08:00:00"],
    )
    cancelled: bool = Field(description="The operator has cancelled this trip")
    headsign: str | None
    direction: int | None
    next_stop_id: str | None
    next_stop_name: str | None
    at_stop: bool = Field(description="Stands at `next_stop_id`")
    delay_s: int | None
    bearing: float | None = Field(description="Degrees clockwise from north")
    speed_m_s: float | None
    occupancy: str | None = Field(description="GTFS-Realtime OccupancyStatus by its name", examples=["FULL"])
    occupancy_percentage: int | None = Field(description="Of the passengers that it takes")
    wheelchair: Access = Field(description="Takes wheelchairs: by its own word or the operator's, else its trip's")
    bikes: Access = Field(description="Takes bicycles on its trip")
    congestion: str | None = Field(
        description="GTFS-Realtime CongestionLevel by its name; null where not told", examples=["CONGESTION"]
    )
    reported_at: Moment
    data_age_s: int
    doubt: Doubt | Literal["given_up"] = Field(
        description="`given_up`: it gets no further, and is no longer taken to drive its trip"
    )


class Point(BaseModel):
    """GeoJSON."""

    type: Literal["Point"] = "Point"
    coordinates: tuple[float, float] = Field(description="Longitude, latitude", examples=[(0.69, 47.39)])


class VehicleFeature(BaseModel):
    """GeoJSON."""

    type: Literal["Feature"] = "Feature"
    id: str
    geometry: Point
    properties: VehicleProperties


class VehicleCollection(Answer):
    """GeoJSON, with what every answer says of itself as foreign members."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[VehicleFeature]


class FactModel(BaseModel):
    """One thing that happened."""

    kind: FactKind
    since: Moment
    until: Moment | None = Field(description="Equal to `since` for a moment; null where it is not known")
    stop_id: str | None = Field(description="Where, or near which stop")
    stop_name: str | None
    trip_id: str | None = Field(description="On which trip, where it is another than the one asked about")
    vehicle_id: str | None
    alert_id: str | None
    time: Moment | None = Field(description="Of `told` and `told_no_more`: when the operator said that it comes")
    text: dict[str, str] = Field(
        description="In words, by language", examples=[{"fr": "immobile près de Mairie", "en": "stood near Mairie"}]
    )


class ExplanationModel(BaseModel):
    """What became of one scheduled passage, or of one wait on a line run by headway: then `trip_id` and what belongs to
    it are those of the vehicle that came, else of the departure whose turn it was."""

    route: RouteRef
    headsign: str
    direction: int | None = Field(description="GTFS direction_id")
    stop_id: str = Field(description="The platform, at a station")
    stop_name: str
    trip_id: str
    service_date: Date
    start_time: str = Field(description="HH:MM:SS of the trip's first departure", examples=["08:00:00"])
    stop_sequence: int
    scheduled_time: Moment | None = Field(description="Null on a line run by headway")
    waited_since: Moment | None = Field(description="On a line run by headway: when the rider came")
    headway_s: int | None = Field(description="On a line run by headway: the headway promised then")
    wait_s: int | None = Field(description="Seconds from `waited_since` to `passed_at`")
    outcome: Outcome = Field(
        description="`on_time`: from 1 min early to 5 min late; `not_served`: it did not come; `not_seen`: nobody can "
        "tell; `expected`: it may still come; `on_headway`: the wait was one and a half headways at most; `long_wait`: "
        "it was longer"
    )
    cause: Cause | None = Field(
        description="Why it did not come, was late (`stuck`) or long awaited, or cannot be told"
    )
    passed_at: Moment | None = Field(description="When it passed; where `not_seen`, the likely time")
    deviation_s: int | None = Field(description="Seconds late, negative when early")
    vehicle_id: str | None
    facts: list[FactModel] = Field(description="What this is told from, in order of time")
    answer: dict[str, str] = Field(description="A ready answer to the rider, by language")


class Explanations(Answer):
    """What became of the passages scheduled around a time, and of the waits."""

    recorded_until: Moment | None = Field(description="How far the records reach; null before the first")
    explanations: list[ExplanationModel]


class FeedState(BaseModel):
    """How one feed is doing."""

    source: str
    good_at: Moment | None = Field(description="When it was last read without an error")
    error: str | None
    errors: int = Field(description="How often it could not be read since the start")


class Health(BaseModel):
    """How the service is doing."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"status": "ok", "detail": "Everything runs.", "feeds": {}}}
    )

    status: Literal["ok", "degraded", "down"]
    detail: str
    faults: list[str] = Field(default_factory=list, description="Codes of what is wrong; `detail` says it in words")
    feed_age_s: float | None = None
    feed_stopped: bool = False
    snapshot_age_s: float | None = None
    step_failures: int = 0
    timetable_version: str | None = None
    left_out: dict[str, int] = Field(
        default_factory=dict, description="What of the feeds could not be used since the start, by reason"
    )
    feeds: dict[str, FeedState] = Field(default_factory=dict)


class PredictionFigures(BaseModel):
    """What a set of predictions is judged by. An error is what happened less what was told: negative where the vehicle
    came earlier."""

    predictions: int = Field(description="Judged: told before the passage, not more than half an hour", examples=[4210])
    mae_s: Seconds = Field(validation_alias="mae", description="Mean absolute error", examples=[48.2])
    bias_s: Seconds = Field(validation_alias="bias", description="Mean error", examples=[6.1])
    eta_accuracy: Share = Field(
        validation_alias="eta", description="ETA Accuracy Benchmark: share within its tolerance; over all horizons the "
        "mean of the shares of the first four", examples=[0.91],
    )  # fmt: skip
    mbta: Share = Field(description="Share within MBTA's bins", examples=[0.9])
    reliable: Share = Field(description="Share within Cal-ITP's reliable accuracy", examples=[0.8])
    missed: Share = Field(description="Share whose vehicle came over 30 s earlier than told", examples=[0.07])


class HorizonFigures(PredictionFigures):
    """Predictions made so long before the passage."""

    minutes: str = Field(examples=["3–6"])


class Completeness(BaseModel):
    """ETA Completeness Benchmark: were riders told of the scheduled calls that were due an hour ago or longer?"""

    scheduled: int = Field(examples=[1810])
    complete: int = Field(
        description="A vehicle was predicted to be within a quarter of an hour, or the call was told not to be served",
        examples=[1779],
    )
    share: Share = Field(examples=[0.9829])


class OnTime(BaseModel):
    """On-time performance: from a minute before to five minutes after the scheduled departure is on time."""

    passages: int = Field(
        validation_alias="passed", description="Seen, certain enough; those of runs by headway have no time to keep"
    )
    early: int
    on_time: int
    late: int
    share: Share = Field(description="Of those that have a time to keep", examples=[0.87])


class AccuracyGroup(PredictionFigures):
    """One group's figures of one source; null where there is nothing to judge."""

    group: str | None = Field(description="route_id, stop_id, hour of the service day, or day; null of all")
    name: str | None = Field(description="The line's or stop's")
    source: str = Field(description="`prochain`: what we told; `operator`: its own TripUpdates", examples=["prochain"])
    coverage: Share = Field(description="Share of passages between p10 and p90; 0.8 is right")
    range_width_s: Seconds = Field(validation_alias="width_s", description="Mean of p90 − p10")
    inconsistency_s: Seconds = Field(description="Cal-ITP's prediction inconsistency")
    horizons: list[HorizonFigures]
    completeness: Completeness
    on_time: OnTime


class Accuracy(Answer):
    """How good predictions were."""

    since: Date
    until: Date
    groups: list[AccuracyGroup]
    groups_left_out: int = Field(description="By `limit`")


class SegmentHour(BaseModel):
    """Runs over a segment within one hour."""

    hour: int = Field(description="Of the service day: 25 is one o'clock of the next morning", examples=[8])
    runs: int
    run_s: Tenths = Field(description="Median seconds from leaving one stop to reaching the next")
    scheduled_s: Tenths = Field(description="Median of the same by the timetable")
    speed_km_h: Tenths = Field(description="By the median")


class SegmentPerformance(BaseModel):
    """From one stop to the next."""

    from_stop_id: str
    from_name: str
    to_stop_id: str
    to_name: str
    hours: list[SegmentHour] = Field(validation_alias="driven", description="Those in which it was driven")


class HeadwayHour(BaseModel):
    """Headways within one hour, at all stops but the last."""

    hour: int
    headways: int
    scheduled_s: Tenths = Field(description="Mean")
    actual_s: Tenths = Field(description="Mean")
    adherence: Annotated[float, AfterValidator(lambda value: round(value, 3))] = Field(
        description="TCQSM's headway adherence: standard deviation of actual less scheduled over the mean scheduled one"
    )
    kept: Annotated[float, AfterValidator(lambda value: round(value, 4))] = Field(
        description="Share within half of the scheduled one"
    )
    excess_wait_s: Tenths = Field(description="How much longer riders who come at any time wait than by the timetable")


class DirectionPerformance(BaseModel):
    """A line in one direction, on the stop sequence that most of its trips run."""

    direction: Given[int] = Field(description="GTFS direction_id; where the feed has none, by the way", examples=[0])
    headsign: str = Field(validation_alias="destination")
    segments: list[SegmentPerformance]
    headways: list[HeadwayHour]


class RoutePerformance(Answer):
    """How a line ran on a day."""

    route: RouteRef
    service_date: Date
    directions: list[DirectionPerformance] = Field(description="Those of which passages are known")
