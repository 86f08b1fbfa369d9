"""What axe finds fault with on a page, and what is wider than the screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
OF_COLOURS = ("color-contrast", "link-in-text-block")
"""The rules that a page's colours decide on."""

_FIELDS_OF_ITS_OWN = """class {
  #name = Symbol();
  has(its) { return this.#name in its; }
  get(its) { return its[this.#name]; }
  set(its, value) { its[this.#name] = value; return this; }
  add(its) { return this.set(its, true); }
}"""
"""Axe keeps the private fields of each colour in weak maps, which cost it as much as to look at the page: here they are
fields of the colour."""
_REMEMBER_COLOURS = """() => {
  const { prototype } = axe.commons.color.Color, { parseString } = prototype, known = new Map();
  prototype.parseString = function (text) {
    if (known.has(text)) return Object.assign(this, known.get(text));
    const { r, g, b, alpha } = parseString.call(this, text);
    known.set(text, { r, g, b, alpha });
    return this;
  };
}"""
"""Axe reads each colour of each element anew, half of what a page of many elements takes it."""
_NOT_COLOURS_IN_THE_DARK = """() => [...document.styleSheets, ...document.adoptedStyleSheets]
  .flatMap((sheet) => [...sheet.cssRules]).filter((rule) => rule.conditionText?.includes("prefers-color-scheme"))
  .flatMap((rule) => [...rule.cssRules]).flatMap(({ style }) => [...style].filter((name) => {
    const value = style.getPropertyValue(name);
    return !/(color|fill|stroke|filter|image)$/.test(name) && !CSS.supports("color", value) && value !== "none";
  }))"""
_FAULTS = """(rules) => axe.run({ runOnly: rules, resultTypes: ["violations"] })
  .then(({ violations }) => violations.map(({ id, help, nodes }) => [id, help, nodes[0].html]))"""


def assert_axe_finds_no_fault(
    page: Any, rules: Sequence[str] = WCAG, schemes: Sequence[str] = ("light", "dark")
) -> None:
    """By `rules`, or tags of rules, in the first of the colour schemes; in the others, which may change nothing but
    colours, by the rules of colours."""
    axe = pytest.importorskip("axe_playwright_python.base", reason="axe is missing: pip install -e '.[dev]'.")
    page.evaluate(f"{{ const WeakMap = {_FIELDS_OF_ITS_OWN}, WeakSet = WeakMap; {axe.AXE_SCRIPT} }}")
    page.evaluate(_REMEMBER_COLOURS)
    besides = page.evaluate(_NOT_COLOURS_IN_THE_DARK)
    assert not besides, ("the dark changes more than colours", besides)
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        faults = page.evaluate(_FAULTS, list(rules if scheme == schemes[0] else OF_COLOURS))
        assert not faults, (scheme, faults)


def assert_it_fits_every_width(page: Any) -> None:
    """The narrowest last, in which the next page loads; a low screen is drawn in less time than a high one."""
    for width in (1920, 1280, 480, 390, 360, 320):
        page.set_viewport_size({"width": width, "height": 320})
        too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert too_wide <= 0, f"{page.url}, {width} px: {too_wide} px too wide"
