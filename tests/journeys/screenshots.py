"""Pictures of every page for docs/screenshots: `python -m tests.journeys.screenshots [FOLDER]`."""

from __future__ import annotations

import io
import sys
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from tests.journeys.chromium import chromium_path, launch
from tests.journeys.demo_site import DAY, DemoSite, demo_site
from tests.journeys.places import stop_with
from tests.journeys.test_every_page import addresses

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
SIZES = {360: 740, 1280: 800, 1920: 1080}
QUALITY = 60
LIVE_PAGES = ("home", "results", "stop", "station", "line", "trip", "not found", "offline")


def take(browser: Browser, site: DemoSite, folder: Path, pages: dict[str, str], until: str = "body") -> None:
    """Each page at each width, in light and dark, from its top as far as a window shows it."""
    for scheme in ("light", "dark"):
        for width, height in SIZES.items():
            viewport: Any = {"width": width, "height": height}
            context = browser.new_context(
                base_url=site.base,
                viewport=viewport,
                color_scheme=scheme,
                locale="fr-FR",
            )
            page = context.new_page()
            for name, address in pages.items():
                page.goto(address)
                page.locator(until).first.wait_for(timeout=30_000)
                picture = Image.open(io.BytesIO(page.screenshot()))
                picture.save(folder / f"{name.replace(' ', '-')}-{width}-{scheme}.webp", quality=QUALITY, method=6)
            context.close()


def local_time(site: DemoSite, hour: int, minute: int = 0) -> float:
    """POSIX seconds of a time on `DAY`, which goes on past midnight as a service day does."""
    midnight = datetime.combine(DAY, time(), ZoneInfo(site.service.timetable.timezone))
    return (midnight + timedelta(hours=hour, minutes=minute)).timestamp()


def main(folder: Path = FOLDER) -> None:
    """Takes all of them, on the demo network, from the morning to the night of one day."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, demo_site((7.0, 19.0)) as site:
        path = chromium_path(playwright)
        if path is None:
            sys.exit("No Chromium on this machine: apt-get install chromium, or playwright install chromium.")
        browser = launch(playwright, path)
        all_pages = addresses(site)
        take(browser, site, folder, {name: all_pages[name] for name in LIVE_PAGES})
        take(browser, site, folder, {"map": "/map"}, until="#map[data-drawn]")
        with site.silence():
            site.move_clock(site.service.clock.now() + 90)
            take(browser, site, folder, {"feed stopped": all_pages["station"]})
        for minute in (28, 29, 30):
            site.move_clock(local_time(site, 18, minute))
        for status in ("cancelled", "skipped"):
            try:
                stop = stop_with(site, status)
            except LookupError as nothing:
                print(f"No picture of a {status} departure: {nothing}")
            else:
                take(browser, site, folder, {status: f"/stops/{site.stop_id(stop)}"})
        site.move_clock(local_time(site, 27))
        take(browser, site, folder, {"night": all_pages["stop"]})
        browser.close()
    pictures = list(folder.glob("*.webp"))
    print(f"{len(pictures)} pictures, {sum(p.stat().st_size for p in pictures) / 1e6:.2f} MB in {folder}")


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:2]))
