"""`/gtfs.zip`: the timetable in use, for whoever wants to read our feeds with it; `/v1/agencies`: who runs it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from api.answers.caching import CACHED, STATIC_MAX_AGE_S, has_same, json_answer
from api.answers.problems import PROBLEMS, Problem
from api.reading.moment import Moment, service_of
from api.v1.models import Agencies, Agency, Attribution

timetable_in_use_router = APIRouter(tags=["Timetable"])

ZIP = "application/zip"
_MAX_AGE_S = 60


@timetable_in_use_router.get(
    "/gtfs.zip",
    response_class=FileResponse,
    responses={
        404: PROBLEMS[404],
        **CACHED,
        200: {
            "description": "The feed as the operator gave it; parts of it by `Range`",
            "content": {ZIP: {"schema": {"type": "string", "format": "binary"}}},
        },
    },
)
def get_gtfs(request: Request) -> Response:
    """The GTFS feed of the timetable in use: the one that `/gtfs-rt/…` speaks of, byte for byte."""
    path = service_of(request).gtfs_zip
    if path is None:
        raise Problem(
            404, "no-gtfs", "No GTFS feed",
            "The zip of the timetable in use is not at hand: the folders cache_dir and data_dir cannot be written.",
        )  # fmt: skip
    # The file is named by its content.
    headers = {"ETag": f'"{path.stem.removeprefix("gtfs-")}"', "Cache-Control": f"public, max-age={_MAX_AGE_S}"}
    file = FileResponse(path, headers=headers, media_type=ZIP, filename="gtfs.zip", stat_result=path.stat())
    if_none_match = request.headers.get("If-None-Match")
    if if_none_match is not None:
        unchanged = has_same(if_none_match, headers["ETag"])
    else:
        unchanged = request.headers.get("If-Modified-Since") == file.headers["Last-Modified"]
    if unchanged:
        return Response(status_code=304, headers=headers | {"Last-Modified": file.headers["Last-Modified"]})
    return file


@timetable_in_use_router.get("/v1/agencies", response_model=Agencies, responses=CACHED)
def list_agencies(request: Request) -> Response:
    """Who runs the lines, and how to reach them."""
    moment = Moment.of(request)
    tt = moment.timetable

    def made() -> dict[str, Any]:
        columns = (
            tt.agency_id, tt.agency_name, tt.agency_url, tt.agency_lang, tt.agency_phone, tt.agency_email,
            tt.agency_fare_url,
        )  # fmt: skip
        agencies = [
            Agency(
                agency_id=agency_id, name=name, url=url or None, timezone=tt.timezone, lang=lang or None,
                phone=phone or None, email=email or None, fare_url=fare_url or None,
            )
            for agency_id, name, url, lang, phone, email, fare_url in zip(*(c.tolist() for c in columns), strict=True)
        ]  # fmt: skip
        named = zip(tt.attribution_name.tolist(), tt.attribution_url.tolist(), strict=True)
        return {"agencies": agencies, "attributions": [Attribution(name=name, url=url or None) for name, url in named]}

    return json_answer(request, moment, "agencies", made, max_age_s=STATIC_MAX_AGE_S)
