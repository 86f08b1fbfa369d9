"""Pictures of every page, to be looked at: `python -m tests.journeys.screenshots [FOLDER]`.

Those that the documentation shows go there too.
"""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Callable
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from PIL import Image
from playwright.sync_api import Browser, Page, StorageState, sync_playwright

from tests.journeys.chromium import chromium_path, launch
from tests.journeys.demo_site import DAY, DESK_TOKEN, DemoSite, demo_site
from tests.journeys.places import station, stop_with
from tests.journeys.test_every_page import addresses

_ROOT = Path(__file__).parents[2]
FOLDER = _ROOT / ".screenshots"
DOCUMENTED = _ROOT / "docs" / "screenshots"
SHOWN = (
    "home-360-light", "stop-360-light", "trip-360-dark", "line-1280-light", "map-1280-light",
    "screen-two-stops-1920x1080", "screen-eink-1080x1920", "desk-1280-light", "desk-why-1280-light",
)  # fmt: skip
"""Pictures that the README and the pages on screens and the desk show."""
SIZES = {360: 740, 1280: 800, 1920: 1080}
PANELS = ((1080, 1920), (1920, 1080), (1280, 720))
SCHEMES = ("light", "dark")
QUALITY = 32
GONE_MS = 70_000
"""After so long without the server a screen shows the timetable."""


class Camera:
    """Takes pictures of a site's pages into a folder."""

    def __init__(self, browser: Browser, site: DemoSite, folder: Path) -> None:
        self._browser, self._site, self._folder = browser, site, folder
        self._officer: StorageState | None = None

    def sign_in(self) -> None:
        """Go on as an officer."""
        page = self._page((360, 740), "light")
        page.goto("/desk/login")
        page.locator("#token").fill(DESK_TOKEN)
        page.locator("button.main").click()
        self._officer = page.context.storage_state()
        page.context.close()

    def pages(self, pages: dict[str, str], until: str = "body", *, whole: bool = False) -> None:
        """Each page at each width, in light and dark: as far as a window shows it, or the `whole` of it."""
        for scheme in SCHEMES:
            for width, height in SIZES.items():
                page = self._page((width, height), scheme)
                for name, address in pages.items():
                    page.goto(address)
                    page.locator(until).first.wait_for(timeout=30_000)
                    self._keep(page, f"{name}-{width}-{scheme}", whole=whole)
                page.context.close()

    def panels(
        self, name: str, address: str, scheme: str = "light", then: Callable[[Page], None] | None = None
    ) -> None:
        """A screen on each kind of panel, after `then` has happened to it."""
        for width, height in PANELS:
            page = self._page((width, height), scheme)
            if then:
                page.clock.install()
            page.goto(address)
            page.locator(".departure").first.wait_for()
            if then:
                then(page)
            self._keep(page, f"{name}-{width}x{height}")
            page.context.close()

    def _page(self, size: tuple[int, int], scheme: str) -> Page:
        chosen: Any = {
            "viewport": {"width": size[0], "height": size[1]},
            "color_scheme": scheme,
            "storage_state": self._officer,
            # What moves would be caught half way.
            "reduced_motion": "reduce",
        }
        return self._browser.new_context(base_url=self._site.base, locale="fr-FR", **chosen).new_page()

    def _keep(self, page: Page, name: str, *, whole: bool = False) -> None:
        picture = Image.open(io.BytesIO(page.screenshot(full_page=whole)))
        picture.save(self._folder / f"{name.replace(' ', '-')}.webp", quality=QUALITY, method=6)


def local_time(site: DemoSite, hour: int, minute: int = 0) -> datetime:
    """A time on `DAY`, which goes on past midnight as a service day does."""
    midnight = datetime.combine(DAY, time(), ZoneInfo(site.service.timetable.timezone))
    return midnight + timedelta(hours=hour, minutes=minute)


def lose_the_network(page: Page) -> None:
    """The server answers no more, for so long that a screen says so."""
    page.route("**", lambda route: route.abort())
    page.clock.fast_forward(GONE_MS)
    page.locator(".notice:not([hidden])").wait_for()


def publish(site: DemoSite, **said: object) -> str:
    """What an officer says over the API; gives its id."""
    token = {"Authorization": f"Bearer {DESK_TOKEN}"}
    answer = httpx.post(f"{site.base}/v1/disruptions", headers=token, json=said).raise_for_status()
    return str(answer.json()["disruption"]["disruption_id"])


def morning(browser: Browser, folder: Path) -> None:
    """The riders' pages in the peak, and what they say when the vehicle feed stops."""
    with demo_site() as site:
        camera, all_pages = Camera(browser, site, folder), addresses(site)
        camera.pages(all_pages)
        camera.pages({"map": "/map"}, until="#map[data-streets]")
        with site.silence():
            site.move_clock(site.service.clock.now() + 90)
            camera.pages({"feed stopped": all_pages["station"]})


def evening(browser: Browser, folder: Path) -> None:
    """A bus has broken down and another was cancelled: what riders, passers-by and officers see of it; then night."""
    with demo_site((17.0, 19.5), time(18, 15)) as site:
        camera, hub = Camera(browser, site, folder), site.stop_id(station(site))
        missed = {status: site.stop_id(stop_with(site, status)) for status in ("cancelled", "skipped")}
        camera.pages({status: f"/stops/{stop}" for status, stop in missed.items()})

        camera.pages({"desk sign-in": "/desk/login"})
        camera.sign_in()
        over = publish(site, phrase="demonstration", routes=["A"])
        httpx.delete(f"{site.base}/v1/disruptions/{over}", headers={"Authorization": f"Bearer {DESK_TOKEN}"})
        publish(site, phrase="accident", routes=["A", "10"], stops=[hub], shown_on="stops",
                ends_at=local_time(site, 20).isoformat())  # fmt: skip
        publish(site, phrase="detour", routes=["2"], blanks={"via": "rue Neuve"},
                starts_at=local_time(site, 29).isoformat(), ends_at=local_time(site, 38).isoformat())  # fmt: skip
        stop = missed["skipped"]
        camera.pages(
            {
                "desk": "/desk",
                "desk publishing": f"/desk/disruptions/new?phrase=stop_not_served&line=14&stop={stop}",
                "desk disruptions": "/desk/disruptions",
                "desk why": "/desk/why?line=14",
                **{f"desk {name}": f"/desk/{name}" for name in ("accuracy", "deeds", "screens", "users")},
            },
            whole=True,
        )
        camera.pages({"desk phrases": "/desk/phrases"})

        for scheme in SCHEMES:
            camera.panels(f"screen-{scheme}", f"/screen/{hub}", scheme)
        camera.panels("screen-two-stops", f"/screen/{hub},{missed['cancelled']}")
        for variant in ("contrast", "eink"):
            camera.panels(f"screen-{variant}", f"/screen/{hub}?variant={variant}")
        camera.panels("screen-network-gone", f"/screen/{hub}", then=lose_the_network)

        site.move_clock(local_time(site, 27).timestamp())
        camera.pages({"night": f"/stops/{hub}"})


def main(folder: Path = FOLDER) -> None:
    """Takes all of them, on the demo network."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        path = chromium_path(playwright)
        if path is None:
            sys.exit("No Chromium on this machine: apt-get install chromium, or playwright install chromium.")
        browser = launch(playwright, path)
        morning(browser, folder)
        evening(browser, folder)
        browser.close()
    for name in SHOWN:
        shutil.copy(folder / f"{name}.webp", DOCUMENTED)
    pictures = list(folder.glob("*.webp"))
    print(f"{len(pictures)} pictures, {sum(p.stat().st_size for p in pictures) / 1e6:.2f} MB in {folder}")


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:2]))
