from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.journeys.demo_site import DemoSite, demo_site

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: pip install -e '.[dev]'.")

NewPage = Callable[..., Any]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/journeys/" in item.nodeid:
            item.add_marker(pytest.mark.browser)
            # One server and one browser are enough for all of them.
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    from tests.journeys.chromium import chromium_path, launch

    with sync_api.sync_playwright() as playwright:
        path = chromium_path(playwright)
        if path is None:
            pytest.skip("No Chromium on this machine: apt-get install chromium, or playwright install chromium.")
        chromium = launch(playwright, path)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def site(browser: Any) -> Iterator[DemoSite]:
    with demo_site() as running:
        yield running


@pytest.fixture
def new_page(browser: Any, site: DemoSite) -> Iterator[NewPage]:
    """Opens a phone's page in a fresh profile; options are those of a Playwright context."""
    contexts: list[Any] = []
    faults: list[str] = []

    def open_page(**options: Any) -> Any:
        chosen = {"viewport": {"width": 360, "height": 740}, "locale": "fr-FR", **options}
        contexts.append(browser.new_context(base_url=site.base, **chosen))
        page = contexts[-1].new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not faults, faults
