"""All pages of the desk."""

from __future__ import annotations

from fastapi import APIRouter

from api.desk.account_pages import account_pages_router
from api.desk.accuracy_page import accuracy_page_router
from api.desk.deed_pages import deed_pages_router
from api.desk.disruption_pages import disruption_pages_router
from api.desk.overview import overview_router
from api.desk.phrase_pages import phrase_pages_router
from api.desk.screen_pages import screen_pages_router
from api.desk.sign_in_pages import sign_in_router
from api.desk.timetable_word import timetable_form_router
from api.desk.why_page import why_router

desk_router = APIRouter(include_in_schema=False)
for _router in (
    sign_in_router, overview_router, disruption_pages_router, phrase_pages_router, why_router, accuracy_page_router,
    deed_pages_router, account_pages_router, screen_pages_router, timetable_form_router,
):  # fmt: skip
    desk_router.routes.extend(_router.routes)
