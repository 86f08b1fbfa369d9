"""What makes the site an app on a phone: the manifest, and the service worker that keeps the last pages."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from api.answers.assets import assets
from api.answers.frame import BY_LANGUAGE
from api.words.moment import PageMoment

installable_router = APIRouter(include_in_schema=False)


@installable_router.get("/manifest.webmanifest")
def manifest(request: Request) -> Response:
    """The web app manifest, in the reader's language."""
    moment = PageMoment.of(request)
    texts, agency = moment.texts, moment.network_name
    return JSONResponse(
        {
            "name": f"{agency} · {texts('site_name')}" if agency else texts("site_name"),
            "short_name": agency or texts("site_name"),
            "description": texts("home_lead"),
            "lang": texts.language,
            "id": f"{moment.root}/",
            "start_url": f"{moment.root}/",
            "scope": f"{moment.root}/",
            "display": "standalone",
            "background_color": "#14213a",
            "theme_color": "#14213a",
            "icons": [
                {"src": moment.root + assets()["icon.svg"].address, "sizes": "any", "type": "image/svg+xml"},
                {
                    "src": moment.root + assets()["icon.png"].address,
                    "sizes": "512x512",
                    "type": "image/png",
                    "purpose": "any maskable",
                },
            ],
        },
        media_type="application/manifest+json",
        headers={"Cache-Control": "no-cache", "Vary": BY_LANGUAGE},
    )


@installable_router.get("/worker.js")
def worker() -> Response:
    """The service worker: at the root, since it keeps pages of the whole site; asked for anew at each visit."""
    script = assets()["worker.js"]
    return Response(script.body, media_type=script.media_type, headers={"Cache-Control": "no-cache"})
