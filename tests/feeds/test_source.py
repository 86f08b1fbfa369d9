"""Polling over real HTTP on 127.0.0.1, and files."""

from __future__ import annotations

import contextlib
import gzip
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from email.utils import formatdate
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest

from api.service.settings import ConfigurationError, read_settings
from feeds.errors import FeedError
from feeds.sources.http_source import LONGEST_BACK_OFF_S, HttpSource
from feeds.sources.public_address import public_address
from feeds.sources.source import FileSource, Source, open_source
from feeds.timetable import TimetableSource, load_timetable
from feeds.vehicle_positions.decoding import decode_vehicle_positions
from tests.feeds.small_feed import write_feed
from tests.feeds.tiny_network import at, tiny_network

Answer = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """Answers each request by the next of `answers`, the last again and again; keeps the requests' headers."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.requests: list[dict[str, str]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.requests.append(dict(self.headers.items()))
                answer = server.answers[min(len(server.requests), len(server.answers)) - 1]
                # A client that hangs up is what some tests are about.
                try:
                    answer(self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def log_message(self, *_: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}/feed.pb"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    yield one
    one.close()


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    def give(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return give


def source(server: Server, **options: Any) -> HttpSource:
    return HttpSource(server.url, **{"pause_s": 0.01, "timeout_s": 30.0, "patience_s": 30.0, **options})


def test_unchanged_feeds_are_not_fetched_again(server: Server) -> None:
    server.answers = [answer(200, b"one", ETag='"1"', Last_Modified="Mon, 16 Mar 2026 08:00:00 GMT"), answer(304)]
    polled = source(server)
    assert polled.fetch(0) == b"one"
    assert polled.fetch(1) is None
    assert server.requests[1]["If-None-Match"] == '"1"'
    assert server.requests[1]["If-Modified-Since"] == "Mon, 16 Mar 2026 08:00:00 GMT"


def test_the_same_body_without_etag_is_nothing_new(server: Server) -> None:
    server.answers = [answer(200, b"one"), answer(200, b"one"), answer(200, b"two")]
    polled = source(server)
    assert [polled.fetch(t) for t in range(3)] == [b"one", None, b"two"]


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_passing_fault_is_tried_again(server: Server, status: int) -> None:
    server.answers = [answer(status), answer(200, b"up")]
    assert source(server).fetch(0) == b"up"


def test_a_lasting_fault_is_told_after_the_last_attempt(server: Server) -> None:
    server.answers = [answer(502)]
    with pytest.raises(FeedError, match="502 Bad Gateway"):
        source(server).fetch(0)
    assert len(server.requests) == 3


@pytest.mark.parametrize(("status", "advice"), [(401, "API key"), (403, "API key"), (404, "check the address")])
def test_a_refusal_is_not_tried_again(server: Server, status: int, advice: str) -> None:
    server.answers = [answer(status)]
    with pytest.raises(FeedError, match=advice):
        source(server).fetch(0)
    assert len(server.requests) == 1


def test_api_keys_are_sent_but_never_said(server: Server) -> None:
    server.answers = [answer(404)]
    secret = server.url.replace("http://", "http://user:pw@") + "?api_key=s3cret"
    polled = HttpSource(secret, headers={"X-Api-Key": "k"})
    with pytest.raises(FeedError) as error:
        polled.fetch(0)
    assert server.requests[0]["X-Api-Key"] == "k"
    assert server.url in str(error.value)
    for word in ("s3cret", "pw", "api_key"):
        assert word not in str(error.value)
        assert word not in polled.name


# zacs/ha-gtfs-rt#32
@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        # mark1foley/ha-gtfs-rt-v2#39, vingerha/gtfs2#21
        (400, b"Invalid API Key\n", "400 Bad Request (“Invalid API Key”); check the address"),
        (401, b'{"why":\n"missing key"}', "401 Unauthorized (“{\"why\": \"missing key\"}”); give a valid API key"),
        # mfdz/GTFS-Issues#54, cal-itp/data-infra#4115
        (403, b"<html>Forbidden</html>", "403 Forbidden; give a valid API key, or another User-Agent"),
        (404, b"\x00\xff", "404 Not Found; check the address"),
        (410, b"", "410 Gone; check the address"),
        (403, b"The key s3cret is over its quota. " * 20, "(“The key … is over its quota. The key … is"),
    ],
)  # fmt: skip
def test_a_servers_own_words_are_told(server: Server, status: int, body: bytes, said: str) -> None:
    server.answers = [answer(status, body)]
    with pytest.raises(FeedError) as error:
        HttpSource(f"{server.url}?api_key=s3cret&for=quota").fetch(0)
    assert said in str(error.value)
    assert len(str(error.value)) < 300


def test_protobuf_is_asked_for_where_a_server_gives_json_too(server: Server) -> None:
    server.answers = [answer(200, b"x")]
    source(server).fetch(0)
    assert server.requests[0]["Accept"].startswith("application/x-protobuf")
    source(server, headers={"Accept": "application/json"}).fetch(0)
    assert server.requests[1]["Accept"] == "application/json"


def test_a_server_that_never_answers_is_given_up(server: Server) -> None:
    server.answers = [lambda _: time.sleep(1.0)]
    with pytest.raises(FeedError, match="no answer in time"):
        source(server, timeout_s=0.05, attempts=2).fetch(0)


def dripping(first: bytes, drop: bytes) -> Answer:
    def drip(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(first)
        for _ in range(2000):
            request.wfile.write(drop)
            request.wfile.flush()
            time.sleep(0.05)

    return drip


@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\n", b"X-Drop: 1\r\n"),
        (b"HTTP/1.1 200 OK\r\nX-Drop: ", b"1"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"x" * 70_000),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ],
)
def test_a_server_that_drips_is_given_up_in_headers_and_body(server: Server, first: bytes, drop: bytes) -> None:
    server.answers = [dripping(first, drop), answer(200, b"up")]
    polled = source(server, patience_s=0.2)
    began = time.monotonic()
    with pytest.raises(FeedError, match="too slow"):
        polled.fetch(0)
    assert time.monotonic() - began < 60.0
    for later in range(1, 20):
        # A slow machine may need more than its patience for a good answer too.
        with contextlib.suppress(FeedError):
            assert polled.fetch(1000 * later) == b"up"
            return
    pytest.fail("It is never up again.")


def test_a_timetable_that_drips_is_given_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feeds.timetable.DOWNLOAD_PATIENCE_S", 0.2)
    server.answers = [dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x")]
    with pytest.raises(FeedError, match="too slow"):
        load_timetable(server.url, cache_dir=None)


def test_a_broken_transfer_is_told(server: Server) -> None:
    def half(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "1000")
        request.end_headers()
        request.wfile.write(b"half")

    server.answers = [half]
    with pytest.raises(FeedError, match="broke off"):
        source(server).fetch(0)


def test_no_server_at_all_is_told() -> None:
    with pytest.raises(FeedError, match="no connection"):
        HttpSource("http://127.0.0.1:1/feed.pb", pause_s=0.01).fetch(0)
    with pytest.raises(FeedError):
        HttpSource("http://127.0.0.1:99999/feed.pb", pause_s=0.01).fetch(0)


def test_a_200_mb_answer_is_refused_without_being_held(server: Server) -> None:
    sent = []

    def flood(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        for _ in range(200):
            request.wfile.write(b"\0" * 1_000_000)
            sent.append(1)

    server.answers = [flood]
    tracemalloc.start()
    try:
        with pytest.raises(FeedError, match="more than 2 MB"):
            source(server, max_bytes=2_000_000).fetch(0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10_000_000
    assert len(sent) < 200


def test_an_announced_200_mb_is_refused_at_once(server: Server) -> None:
    def announce(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "200000000")
        request.end_headers()

    server.answers = [announce]
    with pytest.raises(FeedError, match="200 MB; at most 50 MB"):
        source(server).fetch(0)


def test_gzip_is_unpacked_within_the_limit(server: Server) -> None:
    server.answers = [
        answer(200, gzip.compress(b"packed"), Content_Encoding="gzip"),
        answer(200, gzip.compress(b"\0" * 3_000_000), Content_Encoding="gzip"),
    ]
    polled = source(server, max_bytes=2_000_000)
    assert polled.fetch(0) == b"packed"
    with pytest.raises(FeedError, match="unpacks to more than 2 MB"):
        polled.fetch(1)


def test_what_is_called_gzip_and_is_none_is_taken_as_it_is(server: Server) -> None:
    server.answers = [answer(200, b"plain", Content_Encoding="gzip")]
    assert source(server).fetch(0) == b"plain"


def squeezed(codec: str) -> Callable[[bytes], bytes]:
    def squeeze(data: bytes) -> bytes:
        packed = pa.BufferOutputStream()
        with pa.CompressedOutputStream(packed, codec) as stream:
            stream.write(data)
        return bytes(packed.getvalue())

    return squeeze


@pytest.mark.parametrize(
    ("named", "squeeze"),
    [
        ("deflate", zlib.compress), ("deflate", lambda data: zlib.compress(data)[2:-4]), ("br", squeezed("brotli")),
        ("zstd", squeezed("zstd")), ("gzip, identity", gzip.compress), ("x-gzip", gzip.compress),
        ("br, gzip", lambda data: gzip.compress(squeezed("brotli")(data))),
    ],
)  # fmt: skip
def test_what_a_server_packs_unasked_is_unpacked(server: Server, named: str, squeeze: Callable[[bytes], bytes]) -> None:
    server.answers = [
        answer(200, squeeze(b"plain" * 99), Content_Encoding=named),
        answer(200, squeeze(b"\0" * 3_000_000), Content_Encoding=named),
    ]
    polled = source(server, max_bytes=2_000_000)
    assert polled.fetch(0) == b"plain" * 99
    with pytest.raises(FeedError, match="unpacks to more than 2 MB"):
        polled.fetch(1)


def test_a_packing_that_nobody_knows_is_named(server: Server) -> None:
    server.answers = [answer(200, b"?", Content_Encoding="compress")]
    with pytest.raises(FeedError, match="packed as “compress”"):
        source(server).fetch(0)


def test_redirects_are_followed(server: Server) -> None:
    server.answers = [answer(302, Location=server.url + "/moved"), answer(200, b"there")]
    assert source(server).fetch(0) == b"there"


# transitland/transitland#166: a server that hands out a feed to who keeps the cookie that it sets on the way.
def test_a_cookie_that_a_server_sets_on_the_way_goes_back_to_it() -> None:
    def give(request: httpx.Request) -> httpx.Response:
        if request.url.host == "a.example":
            return httpx.Response(302, headers={"Location": "https://b.example/feed"})
        if "seen=1" in request.headers.get("Cookie", ""):
            return httpx.Response(200, stream=httpx.ByteStream(b"there"))
        return httpx.Response(302, headers={"Location": "/feed", "Set-Cookie": "seen=1"})

    for url in ("https://a.example/feed", "https://b.example/feed"):
        assert HttpSource(url, transport=httpx.MockTransport(give)).fetch(0) == b"there"


def test_a_circle_of_redirects_is_told() -> None:
    circle = httpx.MockTransport(lambda request: httpx.Response(302, headers={"Location": str(request.url)}))
    with pytest.raises(FeedError, match="sends from one address to the next without end"):
        HttpSource("https://a.example/feed", transport=circle).fetch(0)


def test_a_web_page_in_place_of_the_feed_is_named_when_decoded(server: Server) -> None:
    server.answers = [answer(200, b"<html>maintenance</html>", Content_Type="text/html")]
    data = source(server).fetch(0)
    assert data is not None
    with pytest.raises(FeedError, match="HTML"):
        decode_vehicle_positions(data, tiny_network(), at(8))


def test_a_file_is_read_again_only_when_rewritten(tmp_path: Path) -> None:
    path = tmp_path / "feed.pb"
    polled = open_source(str(path))
    with pytest.raises(FeedError, match="cannot be read"):
        polled.fetch(0)
    path.write_bytes(b"one")
    assert polled.fetch(1) == b"one"
    assert polled.fetch(2) is None
    path.write_bytes(b"three")
    assert polled.fetch(3) == b"three"


def test_what_is_no_file_or_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="not a file"):
        FileSource(tmp_path).fetch(0)
    (tmp_path / "big").write_bytes(b"x" * 100)
    with pytest.raises(FeedError, match="at most"):
        FileSource(tmp_path / "big", max_bytes=10).fetch(0)


# BlinkTagInc/node-gtfs#199
@pytest.mark.parametrize(
    ("status", "packing"),
    [(203, ""), (206, ""), (201, ""), (200, "binary"), (200, "UTF-8"), (200, "chunked"), (200, "br"), (200, "deflate"),
     (200, "gzip;q=1.0")],
)  # fmt: skip
def test_an_answer_that_is_good_is_taken_whatever_it_is_called(server: Server, status: int, packing: str) -> None:
    server.answers = [answer(status, b"all of it", **({"Content_Encoding": packing} if packing else {}))]
    assert source(server).fetch(time.time()) == b"all of it"


# OpenMobilityData/OpenMobilityData-Public#142
def test_a_server_that_says_whatever_has_changed_that_nothing_has_is_asked_for_all_of_it(server: Server) -> None:
    def lying(request: BaseHTTPRequestHandler) -> None:
        condition = request.headers.get("If-None-Match") or request.headers.get("If-Modified-Since")
        answer(304 if condition else 200, b"" if condition else b"%d" % len(server.requests), ETag='"a"')(request)

    server.answers = [lying]
    polled = source(server, unchanged_s=60.0)
    assert [polled.fetch(at) for at in (0.0, 30.0, 60.0, 61.0, 90.0)] == [b"1", None, None, b"4", None]
    server.answers = [answer(304)]
    with pytest.raises(FeedError, match="304 Not Modified to a question that asked for all of it"):
        source(server).fetch(0.0)


@pytest.mark.parametrize("mark", ["\u00e9\u00ff", "", "a\tb"])
def test_a_mark_that_cannot_be_sent_back_ends_no_polling(server: Server, mark: str) -> None:
    server.answers = [answer(200, b"a", ETag=mark), answer(200, b"b", ETag=mark)]
    polled = source(server)
    assert [polled.fetch(0.0), polled.fetch(1.0)] == [b"a", b"b"]


def test_an_empty_answer_hides_nothing_that_comes_after_it(server: Server) -> None:
    server.answers = [answer(200, b"", ETag='"a"'), answer(200, b"full", ETag='"a"'), answer(204)]
    polled = source(server)
    assert [polled.fetch(0.0), polled.fetch(1.0)] == [b"", b"full"]
    assert "If-None-Match" not in server.requests[1]
    with pytest.raises(FeedError, match=r"204 No Content\. There is nothing in it"):
        polled.fetch(2.0)


def test_a_place_is_read_as_people_copy_it(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a feed.pb").write_bytes(b"x")
    server.answers = [answer(200, b"fed")]
    assert open_source(f" {server.url}\n").fetch(time.time()) == b"fed"
    for place in (f" {tmp_path}/a feed.pb ", f"file://{tmp_path}/a%20feed.pb", f"file:{tmp_path}/a feed.pb"):
        assert open_source(place).fetch(time.time()) == b"x"


# transitland/transitland#235
@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("ftp://me:secret@feeds.example/gtfs.zip", "ftp is not spoken"), ("s3://town/gtfs.zip", "s3 is not spoken"),
        ("http://[::1/x", "no address"), ("https://", "no address"), ("http:///x", "no address"),
    ],
)  # fmt: skip
def test_an_address_of_another_kind_is_refused_in_words(place: str, why: str, tmp_path: Path) -> None:
    for opened in (open_source, partial(load_timetable, cache_dir=None), lambda given: read_settings(gtfs=given)):
        with pytest.raises((FeedError, ConfigurationError), match=why) as told:
            opened(place)
        assert "secret" not in str(told.value)


def test_open_source_tells_addresses_from_paths(tmp_path: Path) -> None:
    assert isinstance(open_source("https://example.org/vp"), HttpSource)
    assert isinstance(open_source(str(tmp_path)), FileSource)
    assert isinstance(open_source("https://example.org/vp"), Source)


def test_public_address_of_a_broken_url_says_nothing() -> None:
    assert public_address("http://[bad/?key=s3cret") == "the feed's address"


@pytest.mark.parametrize("status", [429, 503, 403])
def test_a_server_that_asks_to_be_left_alone_is_left_alone(server: Server, status: int) -> None:
    server.answers = [answer(status, Retry_After="120"), answer(200, b"up")]
    polled = source(server)
    for now in (0, 10, 60, 119):
        with pytest.raises(FeedError, match=f"{status} .* not asked again before 00:02:00 UTC"):
            polled.fetch(now)
    assert len(server.requests) == 1
    assert polled.fetch(121) == b"up"


def test_retry_after_may_be_a_time(server: Server) -> None:
    server.answers = [answer(503, Retry_After=formatdate(time.time() + 90, usegmt=True)), answer(200, b"up")]
    polled = source(server)
    for now in (0, 85):
        with pytest.raises(FeedError, match="503"):
            polled.fetch(now)
    assert len(server.requests) == 1
    assert polled.fetch(95) == b"up"


@pytest.mark.parametrize("words", ["0", "soon", "-5", "1e9", "Mon, 99 Mar 2026 08:01:30 GMT", "9" * 400])
def test_a_retry_after_of_no_use_does_not_silence_a_feed_for_ever(server: Server, words: str) -> None:
    server.answers = [answer(503, Retry_After=words), answer(200, b"up")]
    polled = source(server)
    with contextlib.suppress(FeedError):
        assert polled.fetch(0) == b"up"
    if len(server.requests) == 1:
        assert polled.fetch(3601) == b"up"


def test_a_short_pause_is_waited_for(server: Server) -> None:
    server.answers = [answer(429, Retry_After="1"), answer(200, b"up")]
    began = time.monotonic()
    assert source(server).fetch(0) == b"up"
    assert time.monotonic() - began >= 1.0


def test_a_server_that_stays_down_is_asked_less_and_less_often(server: Server) -> None:
    server.answers = [answer(500)]
    polled = source(server)
    asked = []
    for now in range(0, 3600, 10):
        before = len(server.requests)
        with pytest.raises(FeedError, match="500"):
            polled.fetch(now)
        if len(server.requests) > before:
            asked.append((now, len(server.requests) - before))
    assert asked[:6] == [(0, 3), (10, 1), (30, 1), (60, 1), (120, 1), (240, 1)]
    assert max(b - a for (a, _), (b, _) in pairwise(asked)) <= LONGEST_BACK_OFF_S
    server.answers = [answer(200, b"up")]
    assert polled.fetch(5000) == b"up"
    server.answers = [answer(500)]
    with pytest.raises(FeedError):
        polled.fetch(5010)
    server.answers = [answer(200, b"up again")]
    assert polled.fetch(5020) == b"up again", "one fault is no reason to wait"


def test_a_clock_set_back_does_not_silence_a_feed(server: Server) -> None:
    server.answers = [answer(503, Retry_After="600"), answer(200, b"up")]
    polled = source(server)
    with pytest.raises(FeedError):
        polled.fetch(10_000)
    assert polled.fetch(5_000) == b"up"


def test_keys_go_to_no_other_host(server: Server) -> None:
    other = Server()
    try:
        elsewhere = other.url.replace("127.0.0.1", "localhost")
        server.answers = [answer(302, Location=elsewhere)]
        other.answers = [answer(302, Location=elsewhere + "/2"), answer(200, b"there")]
        keys = {"X-Api-Key": "k", "Authorization": "Bearer k", "Ocp-Apim-Subscription-Key": "k", "Cookie": "k=1"}
        with_password = server.url.replace("http://", "http://user:pw@")
        for url, headers in ((server.url, keys), (with_password, {"apikey": "k"})):
            other.requests.clear()
            server.requests.clear()
            assert HttpSource(url, headers=headers).fetch(0) == b"there"
            assert all(server.requests[0][name] == value for name, value in headers.items())
            assert len(other.requests) == 2
            for request in other.requests:
                assert not {name.lower() for name in (*keys, "apikey")} & {name.lower() for name in request}
    finally:
        other.close()


def test_keys_stay_with_the_host_and_its_secure_port() -> None:
    def give(request: httpx.Request) -> httpx.Response:
        seen.append((str(request.url), "x-api-key" in request.headers))
        return places[str(request.url)]

    def moved(to: str) -> httpx.Response:
        return httpx.Response(302, headers={"Location": to})

    places = {
        "http://a.example/feed": moved("/feed2"), "http://a.example/feed2": moved("https://A.example/feed"),
        "https://a.example/feed": moved("http://a.example:8080/feed"), "http://a.example:8080/feed": moved("http://a.example.evil/"),
        "http://a.example.evil/": httpx.Response(200, stream=httpx.ByteStream(b"there")),
    }  # fmt: skip
    seen: list[tuple[str, bool]] = []
    polled = HttpSource("http://a.example/feed", headers={"X-Api-Key": "k"}, transport=httpx.MockTransport(give))
    assert polled.fetch(0) == b"there"
    assert [with_key for _, with_key in seen] == [True, True, True, False, False]


def test_a_timetable_is_fetched_only_when_it_has_changed(server: Server, tmp_path: Path) -> None:
    first = write_feed(tmp_path / "gtfs.zip").read_bytes()
    second = write_feed(
        tmp_path / "gtfs.zip", trips="route_id,service_id,trip_id,trip_headsign\nr1,daily,t1,East\n"
    ).read_bytes()

    def serve(request: BaseHTTPRequestHandler) -> None:
        current = bodies[-1]
        etag = f'"{len(current)}-{len(bodies)}"'
        if request.headers.get("If-None-Match") == etag:
            answer(304)(request)
        else:
            sent.append(len(current))
            answer(200, current, ETag=etag)(request)

    bodies = [first]
    sent: list[int] = []
    server.answers = [serve]
    folder = tmp_path / "cache"
    assert not load_timetable(server.url, cache_dir=folder).from_cache
    assert load_timetable(server.url, cache_dir=folder).from_cache, "a start later"
    watched = TimetableSource(server.url, cache_dir=folder)
    assert watched.newer(0) is None
    assert len(sent) == 1
    bodies.append(second)
    newer = watched.newer(1)
    assert newer is not None
    assert newer.timetable.trip_headsign.tolist() == ["East"]
    assert watched.newer(2) is None
    bodies.append(b"<html>")
    for now in (3, 4):
        with pytest.raises(FeedError, match="web page"):
            watched.newer(now)
    assert len(sent) == 3, "a faulty one is fetched once, and told until it is mended"
    bodies.append(first)
    assert watched.newer(5) is not None
    for file in folder.glob("timetable-*"):
        file.unlink()
    assert load_timetable(server.url, cache_dir=folder).timetable.trips == 1, "fetched again where the cache is gone"
    watched.close()
