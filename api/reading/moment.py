"""The moment that one request is answered at: one view and one time, so that an answer never contradicts itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from fastapi import Request

from api.reading.lines import Lines, lines_of
from api.service.served import Served
from api.service.view import ServiceView
from predictor.timetable import Timetable

T = TypeVar("T")


def service_of(request: Request) -> Served:
    """The application's."""
    service: Served = request.app.state.service
    return service


@dataclass(frozen=True, eq=False)
class Moment:
    """A view and when it is looked at."""

    view: ServiceView
    now: float
    """POSIX seconds by the service's clock."""
    read: dict[Hashable, Any] = field(default_factory=dict, kw_only=True, repr=False)
    """What has been read of it, by what was asked for."""

    @classmethod
    def of(cls, request: Request) -> Moment:
        """The latest view, now. All who ask within one second of one view are answered as at the moment of the
        first."""
        service, state = service_of(request), request.app.state
        view, now = service.view, service.clock.now()
        moment: Moment | None = getattr(state, "moment", None)
        if moment is None or moment.view is not view or math.floor(moment.now) != math.floor(now):
            moment = state.moment = Moment(view, now)
        return moment

    def once(self, asked: Hashable, read: Callable[[], T]) -> T:
        """What `read` gives, for all who ask at this moment."""
        if asked not in self.read:
            self.read[asked] = read()
        found: T = self.read[asked]
        return found

    @cached_property
    def timetable(self) -> Timetable:
        """The view's timetable."""
        return self.view.timetable

    @cached_property
    def lines(self) -> Lines:
        """Lines of the timetable."""
        return lines_of(self.timetable)

    @cached_property
    def said(self) -> dict[Hashable, Any]:
        """The same moment in words, by their form."""
        return {}

    @property
    def today(self) -> int:
        """Index of the service day whose noon is nearest to now."""
        return int(np.abs(self.timetable.date_origin + 12 * 3600 - self.now).argmin())

    @property
    def feed_stopped(self) -> bool:
        """Whether the vehicle feed has gone silent."""
        return self.view.feed_stopped(self.now)

    def iso(self, at: float | None, stop: int | None = None) -> str | None:
        """ISO 8601 with the offset of a stop, by default the agency's; None of what is not known, or has no end."""
        return None if at is None or not math.isfinite(at) else self.view.iso(at, stop)

    @cached_property
    def answer_fields(self) -> dict[str, Any]:
        """What every answer says of itself: the fields of `Answer`."""
        age = self.view.feed_age_s(self.now)
        return {
            "generated_at": self.view.iso(self.now),
            "feed_age_s": None if age is None else round(age, 1),
            "feed_stopped": self.feed_stopped,
        }
