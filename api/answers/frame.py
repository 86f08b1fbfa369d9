"""Pages as HTTP answers: the frame around each, its style, its content security policy, its language."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from api.answers.assets import assets, map_library, style
from api.answers.templates import templates
from api.reading.badges import Badge
from api.words.moment import AlertWords, PageMoment
from api.words.texts import LANGUAGE_COOKIE, LANGUAGES

_A_YEAR_S = 365 * 86400
_NOTHING_MORE: Mapping[str, str] = MappingProxyType({})
_ALLOWED = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "worker-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
_HEADERS = {
    # A page that comes back from a cache would show old minutes as live ones.
    "Cache-Control": "no-store",
    "Vary": "Accept-Language, Cookie",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self), camera=(), microphone=()",
}


def page_response(
    request: Request,
    moment: PageMoment,
    template: str,
    badges: Iterable[Badge],
    alerts: list[AlertWords],
    *,
    status: int = 200,
    also_allowed: Mapping[str, str] = _NOTHING_MORE,
    **context: object,
) -> Response:
    """A whole page.

    Parameters: `badges` and `alerts`: the lines whose colours it needs; `also_allowed`: sources that its content
    security policy lets in beside its own, by directive.
    """
    texts = moment.texts
    sheet = style([*badges, *(line.badge for alert in alerts for line in alert.lines)])
    other = next(language for language in LANGUAGES if language != texts.language)
    query = {key: value for key, value in request.query_params.items() if key != LANGUAGE_COOKIE}
    script_texts = ("approaching", "min", "range", "scheduled", "seconds", "minutes", "hours", "data_age")
    spoken = ("feed_stopped", "network_gone_title", "network_last", "network_back", "near_me_wait", "near_me_refused")
    kept = ("favourite_add", "favourite_remove")
    mapped = ("towards", "vehicle_towards", "position_old", "map_feed_stopped")
    body = templates.get_template(template).render(
        context,
        moment=moment,
        texts=texts,
        css=sheet.css,
        asset=lambda name: assets()[name].address,
        agency=moment.timetable.agency_name,
        other_language=other,
        other_language_href="?" + urlencode({**query, "lang": other}),
        script_texts=json.dumps(
            {key: texts.entries[key] for key in script_texts + spoken + kept + mapped}, ensure_ascii=False
        ),
        has_map=map_library() is not None,
        speed=request.app.state.service.clock.speed,
    )
    allowed = {**_ALLOWED, "style-src": sheet.csp_source}
    policy = "; ".join(f"{name} {source} {also_allowed.get(name, '')}".strip() for name, source in allowed.items())
    response = HTMLResponse(body, status, headers={"Content-Security-Policy": policy, **_HEADERS})
    if request.query_params.get("lang") in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, texts.language, max_age=_A_YEAR_S, samesite="lax", httponly=True)
    return response


def fragment_response(moment: PageMoment, template: str, **context: object) -> Response:
    """The part of a page that changes, for its script to put in place."""
    body = templates.get_template(template).render(context, moment=moment, texts=moment.texts)
    return HTMLResponse(body, headers=_HEADERS)
