from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.journeys.demo_site import DemoSite, demo_site
from tests.journeys.opening import NewPage, opening

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: pip install -e '.[dev]'.")

PHONE = {"width": 360, "height": 740}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/journeys/" in item.nodeid:
            item.add_marker(pytest.mark.browser)
            # One server and one browser are enough for all of them.
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="package")
def launching() -> Iterator[Callable[..., Any]]:
    """Launches a browser; `whole` as for `chromium_path`, other options as those of `launch`."""
    from tests.journeys.chromium import chromium_path, launch

    with sync_api.sync_playwright() as playwright:

        def launched(*, whole: bool = False, **options: Any) -> Any:
            path = chromium_path(playwright, whole=whole)
            if path is None:
                pytest.skip("No Chromium on this machine: apt-get install chromium, or playwright install chromium.")
            return launch(playwright, path, **options)

        yield launched


@pytest.fixture(scope="package")
def browser(launching: Callable[..., Any]) -> Iterator[Any]:
    chromium = launching()
    yield chromium
    chromium.close()


@pytest.fixture(scope="package")
def site(browser: Any) -> Iterator[DemoSite]:
    # The vehicles on the road are half way, and some passages and predictions of each line can be told of.
    with demo_site(followed_s=900.0) as running:
        yield running


@pytest.fixture
def new_page(browser: Any, site: DemoSite) -> Iterator[NewPage]:
    """Opens a phone's page in a fresh profile; options as those of `opening`."""
    with opening(browser, base_url=site.base, viewport=PHONE, locale="fr-FR") as open_page:
        yield open_page


@pytest.fixture
def new_page_that_notifies(launching: Callable[..., Any], site: DemoSite) -> Iterator[NewPage]:
    """As `new_page`, in a browser of its own that may show notifications."""
    usual = {"base_url": site.base, "viewport": PHONE, "locale": "fr-FR", "permissions": ["notifications"]}
    with launching(whole=True) as chromium, opening(chromium, **usual) as open_page:
        yield open_page


@pytest.fixture(scope="package")
def phone(browser: Any, site: DemoSite) -> Iterator[Any]:
    """A phone's page for all who look at pages only: it keeps none for later."""
    with opening(browser, base_url=site.base, viewport=PHONE, locale="fr-FR", service_workers="block") as open_page:
        page = open_page()
        page.goto("/offline")
        yield page


def wiped(page: Any) -> Any:
    """Shows what a new visitor is shown.

    A fresh profile costs the browser three times what a page does: this one is used again, emptied.
    """
    page.context.clear_cookies()
    page.evaluate("localStorage.clear(), sessionStorage.clear()")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(PHONE)
    return page
