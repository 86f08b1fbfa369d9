"""What feeds, officers and visitors write is shown as it is: it runs nothing, breaks no page or document, leads nowhere
and takes no time.

The kind: text of others that is taken for markup, an address, a pattern, or for as long as it likes.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from selectolax.lexbor import LexborHTMLParser

from api.command.check import check_feed
from api.desk.disruption import Notice
from api.desk.sign_in_pages import _own_page
from benchmarks.field.city import City
from benchmarks.field.messages import alert, bus
from benchmarks.field.network import Call, Network, Pattern, Route, Stop, Trip
from feeds.alerts.translations import plain_text
from tests.feeds.small_feed import TABLES, write_feed

EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>&amp;{{7919*7919}}\x0b\x1b[2J\u202e"
STOP = "A\"'><script>alert(1)</script>"
ROUTE = "r'\"><img src=x onerror=alert(1)>"
TRIP = "t1</script><script>alert(1)</script>"


@pytest.fixture(scope="module")
def city() -> City:
    calls = (Call(STOP, "08:00"), Call("B", "08:04", headsign=EVIL), Call("C", "08:08"))
    town = Network(
        patterns=(Pattern("main", "B C", ROUTE),),
        stops=(
            Stop(STOP, 0, name=f"Stop {EVIL}", code=EVIL),
            Stop("B", 600, name=EVIL),
            Stop("C", 1200, platform=EVIL),
        ),
        routes=(Route(ROUTE, short_name=EVIL, long_name=EVIL),),
        trips=(Trip(TRIP, calls=calls, headsign=EVIL, short_name=EVIL),),
    )
    made = City(town, at="07:58")
    made.vehicle_positions(bus(EVIL, TRIP, STOP, fresh=True))
    made.alerts(
        alert(EVIL, {"route_id": ROUTE}, description=EVIL, url="javascript:alert(1)"),
        alert(f"<b>{EVIL}</b>", {"stop_id": STOP}, url='https://example.org/"><script>alert(1)</script>'),
    )
    return made.at("07:59")


def page(path: str, *ids: str) -> str:
    return path.format(*(quote(part, safe="") for part in ids))


PAGES = [
    page("/"), page("/?q=Stop"), page("/?q={}", EVIL), page("/stops/{}", STOP), page("/stops/{}", EVIL),
    page("/lines/{}", ROUTE), page("/lines/{}", EVIL), page("/trips/{}", TRIP), page("/trips/{}", EVIL),
    page("/trips/{}?date={}&stop={}", TRIP, EVIL, EVIL), page("/alerts"), page("/alerts?line={}", EVIL), page("/map"),
    page("/screen/{}", STOP), page("/screen/{}", EVIL), page("/stops/B?lang={}", EVIL), page("/{}", EVIL),
]  # fmt: skip
DESK = [
    page("/desk"), page("/desk/disruptions"),
    page("/desk/disruptions/new?stop={}&line={}&phrase={}", STOP, ROUTE, EVIL),
    page("/desk/why?stop={}&line={}&direction={}&at={}", STOP, ROUTE, EVIL, EVIL), page("/desk/why?stop={}", EVIL),
    page("/desk/phrases?saved={}", EVIL), page("/desk/deeds"), page("/desk/login?next={}", EVIL),
    page("/desk?published={}&ended={}", EVIL, EVIL), page("/desk/phrases/{}", EVIL),
]  # fmt: skip


@pytest.mark.parametrize("path", [*PAGES, *DESK], ids=lambda address: address[:24])
def test_no_page_runs_or_follows_what_others_wrote(city: City, path: str) -> None:
    asked = city.officer if path.startswith("/desk") else city._client
    answer = asked.get(path, headers={"Accept": "text/html"})
    assert answer.status_code < 500
    assert answer.headers["Content-Type"].startswith("text/html")
    found = LexborHTMLParser(answer.text)
    for node in found.css("*"):
        assert node.tag not in ("iframe", "object", "embed"), node.html
        assert node.tag != "img" or (node.attributes["src"] or "").startswith("/map/picture.svg?"), node.html
        for name, value in node.attributes.items():
            assert not name.startswith("on"), node.html
            assert not (value or "").strip().lower().startswith("javascript:"), node.html
    for script in found.css("script"):
        kind, source = script.attributes.get("type") or "", script.attributes.get("src") or ""
        assert source.startswith("/static/") or "json" in kind
    assert "62710561" not in answer.text


@pytest.mark.parametrize("path", ["/alerts.rss", "/alerts.rss?lang=fr", "/sitemap.xml"])
def test_documents_stay_whole(city: City, path: str) -> None:
    ElementTree.fromstring(city.get(path).text)


@pytest.mark.parametrize(
    "path", ["/v1/vehicles", "/v1/routes", "/v1/disruptions", "/v1/stops?q=Stop", "/siri/2.0/vehicle-monitoring.json"]
)
def test_answers_stay_whole_and_are_no_pages(city: City, path: str) -> None:
    answer = city.get(path)
    assert "json" in answer.headers["Content-Type"]
    assert json.loads(answer.text)


@pytest.mark.parametrize(
    "text",
    [
        "a" + " " * 500_000 + "b", "<b>" + "<!--" * 100_000, "<b>" + "<a b" * 100_000, "<b>" + "<![" * 100_000,
        "\n" * 500_000,
        "<b " + "a='" * 100_000, "<script>" + "</s" * 100_000, "<b>" + "&#" * 200_000, "<b>" * 200_000,
        "\xa0" * 500_000,
    ],
    ids=lambda text: text[:9].strip() or "blanks",
)  # fmt: skip
def test_a_long_text_takes_no_time(text: str) -> None:
    began = time.process_time()
    plain_text(text)
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("<b>Works</b> <![CDATA[rue A]]>", "Works rue A"),
        ("<p>in < 5 min <!-- a note --> on</p>", "in < 5 min on"),
        ("<b>a</b><![if x]>b", "a<![if x]>b"),
        (" a \r\n b \n\n\n\n c ", "a\nb\n\nc"),
    ],
)
def test_what_only_looks_like_markup_stays(text: str, plain: str) -> None:
    assert plain_text(text) == plain


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("\x1b[31mDétour\x07 \u202erue\uffff A\x00", "[31mDétour rue A"),
        ("\u200b\u2066 \u00a0\x00\u202e", ""),
        ("שלום \u2067A 12\u2069, 5\u202fmin 🚌", "שלום \u2067A 12\u2069, 5\u202fmin 🚌"),
    ],
)
def test_what_nobody_can_read_is_no_message_the_operators_or_ours(text: str, seen: str) -> None:
    assert plain_text(text) == seen
    notice = Notice(header={"fr": text}, description={"fr": text}, starts_at=1.7e9)
    assert (notice.header, notice.description) == (({"fr": seen},) * 2 if seen else ({}, {}))


@pytest.mark.parametrize(
    ("address", "leads_to"),
    [
        ("/desk", "/desk"), ("/desk/why?stop=a b", "/desk"), ("/desk/why?stop=a", "/desk/why?stop=a"),
        ("//evil.example/desk", "/desk"), ("https://evil.example", "/desk"), ("/desk\\@evil.example", "/desk"),
        ("/deskevil", "/desk"), ("/desk?x=//evil.example", "/desk?x=//evil.example"),
        ("/desk\r\nSet-Cookie: a=b", "/desk"),
        ("/desk/" + "?" * 1900, "/desk/" + "?" * 1900), ("/desk/" + "?" * 400_000 + " ", "/desk"),
    ],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_after_the_sign_in_a_page_of_the_desk_comes_at_once(address: str, leads_to: str) -> None:
    began = time.process_time()
    assert _own_page(address) == leads_to
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    "word", ["[/x]", "[bold]", "[link=https://evil.example]x", "\x1b[2J\x1b]0;evil\x07", "\u2028x"]
)
def test_check_says_what_a_feed_calls_things_and_is_steered_by_none_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], word: str
) -> None:
    tables = {name: str(text) for name, text in TABLES.items()}
    tables["agency"] = f"agency_name,agency_url,agency_timezone\nTown {word},https://a.example,Europe/Paris\n"
    write_feed(tmp_path / "gtfs.zip", **{**tables, "stops": tables["stops"] + f"{word}x,Nowhere,99,0\n"})
    city = City(at="08:00")
    buses = [bus(f"v{number}", f"{word}t", at="B") for number in range(3)]
    (tmp_path / "vehicles.pb").write_bytes(city.writer.vehicle_positions(buses, city.now))
    check_feed(str(tmp_path / "gtfs.zip"), str(tmp_path / "vehicles.pb"))
    said = capsys.readouterr().out
    assert not set("\x1b\x07\u2028") & set(said)
    if word.startswith("["):
        assert f"Town {word}" in said
