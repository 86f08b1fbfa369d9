"""The service of a real network: GTFS and realtime feeds from files or addresses."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from platformdirs import user_state_path

from api.service.accepted_timetable import FOLDER as ACCEPTED
from api.service.accepted_timetable import AcceptedTimetable, first_timetable
from api.service.checkpoint import Checkpoint
from api.service.clock import Clock, LiveClock
from api.service.history_writer import HistoryWriter
from api.service.incoming_feeds import PolledFeeds, RealtimeFeeds
from api.service.service import Service
from api.service.settings import ConfigurationError, Settings
from api.service.timetable_watch import TimetableWatch, timetable_from
from feeds.errors import FeedError
from feeds.history.store import FOLDER as HISTORY
from feeds.history.store import HistoryStore
from feeds.messages.kinds import FEEDS
from feeds.sources.feed_headers import headers_by_feed
from feeds.sources.public_address import is_address
from feeds.sources.several_sources import SeveralSources
from feeds.sources.source import Source, open_source
from feeds.storage.sole_writer import UnwritableError, sole_writer
from feeds.timetable_cache import default_cache_dir
from predictor.endings import Patience
from predictor.engine import EngineSettings
from predictor.timetable import Timetable

log = logging.getLogger("prochain")

GTFS = "gtfs"
_START_PATIENCE_S = 20.0


@dataclass(frozen=True)
class DataFolder:
    """The folder of what must not be lost; a service of a live network goes on without it."""

    path: Path | None
    """None: nothing is kept."""
    fault: str = ""
    """Why not, "" where that is as it was wanted."""
    read_only: Path | None = None
    """A folder that cannot be written, and may hold what was kept before."""


@contextmanager
def held_or_done_without(folder: Path | None, why_none: str = "") -> Iterator[DataFolder]:
    """Hold the folder; one that cannot be written is no reason to leave riders without boards.

    Parameters: `why_none`: why there is no folder where there is none. Errors: FeedError where another process holds
    it.
    """
    with ExitStack() as held:
        try:
            held.enter_context(sole_writer(folder))
            found = DataFolder(folder, why_none)
        except UnwritableError as error:
            found = DataFolder(None, str(error), folder)
        if found.fault:
            log.error("%s Boards are served from memory.", found.fault)
        yield found


def live_service(settings: Settings, data: DataFolder | None = None) -> Service:
    """A service of the feeds that `settings` name. Parameters: `data`: its folder, by default that of the settings,
    held by nobody. Errors: ConfigurationError, FeedError for a GTFS of no use."""
    if settings.gtfs is None:
        raise ConfigurationError(
            "No GTFS feed is given: use --gtfs PATH_OR_URL or set gtfs in prochain.toml. "
            "To see a network without one of your own: prochain demo."
        )
    if settings.vehicle_positions is None and settings.trip_updates is None:
        raise ConfigurationError(
            "No realtime feed is given: use --vehicle-positions PATH_OR_URL or set vehicle_positions in prochain.toml."
        )
    gtfs, cache_dir, headers = settings.gtfs, settings.cache_dir, _headers(settings)
    data = data or DataFolder(*data_folder(settings))
    accepted = AcceptedTimetable(data.path / ACCEPTED, gtfs, cache_folder(settings)) if data.path else None
    kept = accepted.read() if accepted else None

    def served() -> Timetable:
        # Riders do not wait for a server that is slow where there is a timetable at hand.
        loaded = timetable_from(gtfs, cache_dir, headers.get(GTFS), _START_PATIENCE_S if kept else None)
        if loaded.problems:
            problems = len(loaded.problems)
            log.warning("The GTFS feed has %d kinds of problems; prochain check --gtfs tells them.", problems)
        return loaded.timetable

    first = first_timetable(kept, served, take_any=settings.take_any_gtfs)
    read = first.waiting.timetable if first.waiting else first.timetable

    clock = LiveClock()
    sources = [_source(settings, feed, headers.get(feed)) for feed in FEEDS]
    feeds = PolledFeeds(*sources, every_s=settings.poll_interval_s, clock=clock)
    return configured_service(
        settings,
        first.timetable,
        feeds,
        clock,
        data.path,
        data_fault=data.fault,
        timetable_source=TimetableWatch(
            gtfs,
            every_s=settings.gtfs_check_interval_s,
            cache_dir=cache_dir,
            headers=headers.get(GTFS),
            version="" if first.refused else read.feed_version,
            refused=first.refused,
        ),
        take_any_timetable=settings.take_any_gtfs,
        accepted=accepted,
        waiting_timetable=first.waiting,
        checkpoint=Checkpoint(model) if (model := model_file(settings)) else None,
    )


def _source(settings: Settings, feed: str, headers: dict[str, str] | None) -> Source | None:
    """All addresses of a feed as one."""
    address: str | None = getattr(settings, feed)
    further = [further_feed for further_feed in settings.further_feeds if further_feed.feed == feed]
    if address is None:
        if further:
            raise ConfigurationError(f"further_feeds has {feed}: set the first address of these as {feed}.")
        return None
    alternatives = [[open_source(address, headers=headers)]]
    for further_feed in further:
        opened = open_source(further_feed.address, headers=further_feed.headers)
        if further_feed.fallback:
            alternatives[-1].append(opened)
        else:
            alternatives.append([opened])
    return SeveralSources(feed, alternatives) if further else alternatives[0][0]


def _headers(settings: Settings) -> dict[str, dict[str, str]]:
    """By feed; the GTFS address has those that are given for it alone."""
    addresses = {feed: address for feed in FEEDS if (address := getattr(settings, feed)) and is_address(address)}
    of_one_feed: dict[str, dict[str, str]] = {str(feed): given for feed, given in settings.feed_headers.items()}
    found, without = headers_by_feed(addresses, settings.headers, of_one_feed)
    if without:
        log.warning(
            "The keys among the headers are not sent to %s, at another host than the first feed: give each its own, in "
            "feed_headers.",
            " and ".join(without),
        )
    return {**found, GTFS: of_one_feed.get(GTFS, {})}


def model_file(settings: Settings) -> Path | None:
    """Where what is learned about the feed is kept: the setting `model`, or a file of the GTFS feed's own; None where
    the user has no home."""
    try:
        return settings.model or _of_the_feed(settings, "learned-{}.npz")
    except RuntimeError:
        return None


def data_folder(settings: Settings) -> tuple[Path | None, str]:
    """Where what must not be lost is kept: the setting `data_dir`, or a folder of the GTFS feed's own; None where the
    user has no home, and what to do then."""
    try:
        return settings.data_dir or _of_the_feed(settings, "data-{}"), ""
    except RuntimeError:
        return None, "This user has no home folder to keep anything in; set data_dir and model."


def _of_the_feed(settings: Settings, name: str) -> Path:
    """In the user's folder, named by the GTFS address. Errors: RuntimeError where the user has no home."""
    digest = hashlib.sha256((settings.gtfs or "").encode()).hexdigest()[:16]
    return user_state_path("prochain", appauthor=False) / name.format(digest)


def cache_folder(settings: Settings) -> Path | None:
    """Where timetables are kept for quick starts: the setting `cache_dir`, or the user's cache; None where the
    user has no home."""
    return settings.cache_dir or default_cache_dir()


def configured_service(
    settings: Settings,
    timetable: Timetable,
    feeds: RealtimeFeeds,
    clock: Clock,
    data_dir: Path | None,
    *,
    data_fault: str = "",
    **more: Any,
) -> Service:
    """A service as `settings` want it. Parameters: `data_dir`: where to remember what happened, None for in memory;
    `data_fault`: why nothing is kept where that was not wanted; `more`: further ones of `Service`."""
    try:
        history = HistoryStore(data_dir and data_dir / HISTORY)
    except FeedError as error:
        data_fault = f"{data_fault} {error}".strip()
        log.error("%s What happens is kept in memory.", error)
        history = HistoryStore()
    return Service(
        timetable,
        feeds,
        clock,
        engine_settings=EngineSettings(
            live_limit_s=settings.live_limit_s,
            silence_limit_s=settings.silence_limit_s,
            miss_weight=settings.miss_weight,
            patience=Patience(**{limit.name: getattr(settings, limit.name) for limit in fields(Patience)}),
        ),
        history=HistoryWriter(history),
        data_fault=data_fault,
        step_interval_s=settings.step_interval_s,
        feed_stopped_after_s=settings.feed_stopped_after_s,
        added_as=settings.added_as,
        headway_as=settings.headway_as,
        gtfs_zips=[folder for folder in (data_dir and data_dir / ACCEPTED, cache_folder(settings)) if folder],
        **more,
    )
