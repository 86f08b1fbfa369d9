"""The Chromium that drives the pages: Debian's or another on the path.

Of two programs of the same engine: the shell, which has no windows and draws and runs pages as the browser does, for a
fifth less of the processor; and the browser itself, for what only it has.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import Browser, Playwright

_SHELL = "chromium-headless-shell"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_SWITCHED_OFF = (
    # Suggestions of the address bar, drawn anew for each profile by a process that takes longer than our page.
    "WebUIOmniboxPopup", "WebUIOmniboxAimPopup",
    # A process that waits in case that another site is visited.
    "SpareRendererForSitePerProcess",
    # What Playwright switches off, whose list this one replaces: what asks others, and what changes how pages load.
    "AimEnabled", "AvoidCorsURLLoaderRestartOnRedirect", "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose", "HttpsFirstBalancedModeAutoEnable", "HttpsUpgrades", "LensOverlay", "MediaRouter",
    "NetworkTimeServiceQuerying", "OptimizationHints", "PaintHolding", "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
)  # fmt: skip


def chromium_path(playwright: Playwright, *, whole: bool = False) -> str | None:
    """Where Chromium is installed, None where it is not; a `whole` browser shows notifications too."""
    names = _BROWSERS if whole else (_SHELL, *_BROWSERS)
    found = next((path for name in names if (path := shutil.which(name))), None)
    own = playwright.chromium.executable_path
    return found or (own if Path(own).is_file() else None)


def launch(playwright: Playwright, path: str, font_px: int = 16) -> Browser:
    """A headless browser that asks nobody but the pages it is sent to. `font_px`: its reader's size of text."""
    return playwright.chromium.launch(
        executable_path=path,
        args=[
            "--no-sandbox",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-sync",
            # Maps alone are drawn as a graphics card would, which costs far more than to draw a page without one.
            "--disable-gpu",
            "--enable-unsafe-swiftshader",
            f"--disable-features={','.join(_SWITCHED_OFF)}",
            f"--blink-settings=defaultFontSize={font_px}",
        ],
    )
