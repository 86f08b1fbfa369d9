"""How the rider pages are rendered."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from markupsafe import Markup, escape

from api.answers.assets import style
from api.answers.frame import Frame, framed_in_language
from api.answers.problems import without_slash
from api.reading.badges import Badge
from api.words.alerts import AlertWords
from api.words.moment import PageMoment
from api.words.texts import texts_in

_SCRIPT_TEXTS = (
    "approaching", "here", "min", "range", "estimated", "seconds", "minutes", "hours", "data_age",
    "feed_stopped", "network_gone_title", "network_last", "network_back", "near_me_wait", "near_me_refused",
    "favourite_add", "favourite_remove", "vehicle_towards", "vehicle_at", "vehicle_overdue",
    "vehicle_held_up", "vehicle_held_up_at", "vehicle_given_up", "trip_cancelled", "position_old", "map_feed_stopped",
    "alerts_of_line",
)  # fmt: skip


def script_texts(moment: PageMoment, also_said: Iterable[str] = ()) -> str:
    """What scripts say, as JSON: their usual texts and others."""
    return _script_texts(moment.texts.language, tuple(also_said))


@cache
def _script_texts(language: str, also_said: tuple[str, ...]) -> Markup:
    """As it stands in a page."""
    entries = texts_in(language).entries
    return escape(json.dumps({key: entries[key] for key in (*_SCRIPT_TEXTS, *also_said)}, ensure_ascii=False))


def rider_page(
    request: Request,
    moment: PageMoment,
    template: str,
    badges: Iterable[Badge] = (),
    alerts: Iterable[AlertWords] = (),
    *,
    status: int = 200,
    also_said: Iterable[str] = (),
    also_allowed: Mapping[str, str] | None = None,
    **context: object,
) -> Response:
    """A whole page.

    Parameters: `badges` and `alerts`: the lines whose colours it needs; `also_said`: texts that its script needs beside
    those of all pages; `also_allowed`: sources that its content security policy lets in beside its own, by directive.
    """
    sheet = style([*badges, *(line.badge for alert in alerts for line in alert.lines)])
    return framed_in_language(
        request,
        moment,
        template,
        Frame(sheet, status, also_allowed=also_allowed or {}),
        agency=moment.network_name,
        credits=_credits(moment),
        script_texts=script_texts(moment, also_said),
        speed=request.app.state.service.clock.speed,
        **context,
    )


class _Credit(NamedTuple):
    """Whom to name for the timetable."""

    name: str
    url: str
    """"" where none."""


def _credits(moment: PageMoment) -> list[_Credit]:
    tt = moment.timetable
    named = zip(tt.attribution_name.tolist(), tt.attribution_url.tolist(), strict=True)
    return [_Credit(name, url if url.startswith(("https://", "http://")) else "") for name, url in named]


def leads_on(address: str) -> Response:
    """What is asked for stands at another address for now."""
    return RedirectResponse(address, 303, headers={"Cache-Control": "no-cache"})


def not_found_page(
    request: Request, moment: PageMoment, said: str, found: Sequence[object] = (), badges: Iterable[Badge] = ()
) -> Response:
    """What is asked for is not there: it is `said` what, with the stops `found` that may be meant, whose lines need
    `badges`."""
    if meant := without_slash(request):
        return leads_on(meant)
    return rider_page(
        request, moment, "notice.html", badges, status=404, heading=moment.texts("error_title"), query="", said=said,
        found=found,
    )  # fmt: skip
