"""The command line. What a command needs is imported when it runs, so that help comes at once."""

from __future__ import annotations

import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from api.command.given_feeds import feeds_given, headers_given, headers_of
from api.command.plainly import said_plainly
from api.command.unused_memory import collect_seldom
from api.command.users import users
from api.command.which_service import Config, DataDir, GtfsOfService, what_is_kept

app = typer.Typer(
    name="prochain",
    help="Real-time bus and tram arrival predictions: GTFS and vehicle positions in, countdowns for every stop out.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
app.add_typer(users, name="users")

Port = Annotated[
    int | None, typer.Option(help="Port to listen on; 8000 where nothing else is set.", show_default=False)
]
Host = Annotated[
    str | None,
    typer.Option(
        help="Address to listen on; 0.0.0.0 for all. 127.0.0.1 where nothing else is set.", show_default=False
    ),
]
Gtfs = Annotated[str | None, typer.Option(help="GTFS feed: path of a zip or folder, or an address.")]
VehiclePositions = Annotated[str | None, typer.Option(help="GTFS-Realtime VehiclePositions: path or address.")]
TripUpdates = Annotated[str | None, typer.Option(help="The operator's own TripUpdates: path or address.")]
Alerts = Annotated[str | None, typer.Option(help="The operator's Alerts: path or address.")]
Header = Annotated[
    list[str] | None,
    typer.Option(
        help='HTTP header for the realtime feeds, such as "X-Api-Key: secret"; for one feed alone "alerts=X-Api-Key: '
        'secret". A key goes to the host of the first feed.'
    ),
]
Recorded = Annotated[Path, typer.Argument(help="Folder with gtfs.zip and the recorded vehicle positions.")]
From = Annotated[
    str | None, typer.Option("--from", help="Local date or time to begin at; by default the recording's begin.")
]
To = Annotated[
    str | None, typer.Option("--to", help="Local date (its end) or time to end at; by default the recording's end.")
]
Every = Annotated[float, typer.Option(min=1.0, help="Seconds between two polls.")]
_ARCHIVED = {
    "vehicle_positions": "vehicle reports",
    "trip_updates": "messages of TripUpdates",
    "alerts": "messages of Alerts",
}
RoleOfProcess = Annotated[
    str | None,
    typer.Option(
        help="engine: publish each view to --redis as well; api: have no feeds, answer from what is published there.",
        show_default=False,
    ),
]
Workers = Annotated[
    int | None, typer.Option(help="Processes that answer readers, beside one for the engine.", show_default=False)
]
RedisAddress = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Redis or Valkey, such as redis://localhost:6379.", show_default=False),
]
EngineAddress = Annotated[
    str | None,
    typer.Option(help="With --role api: http address of the engine's process, for the desk and what has happened."),
]
OneNetwork = Annotated[
    str | None, typer.Option(help="Of [networks] in the configuration only this one.", show_default=False)
]
EndsWithStdin = Annotated[bool, typer.Option("--ends-with-stdin", hidden=True)]
Replayed = Annotated[
    Path | None, typer.Option("--replay", metavar="FOLDER", help="Serve a recording instead of live feeds.")
]
At = Annotated[str | None, typer.Option(help='With --replay: local time to begin at, such as "2015-11-17 08:00".')]
Model = Annotated[Path | None, typer.Option(help="File of what is learned: read, and kept up to date.")]
Speed = Annotated[float, typer.Option(min=0.1, max=600.0, help="How many times faster than real time.")]


def _tell_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"prochain {version('prochain')}")
        raise typer.Exit


@app.callback()
def prochain(
    version: Annotated[  # noqa: ARG001
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """Real-time bus and tram arrival predictions: GTFS and vehicle positions in, countdowns for every stop out."""
    collect_seldom()


@app.command(epilog="**Example:** prochain demo --port 8080")
def demo(
    port: Port = None, host: Host = None, speed: Speed = 1.0, data_dir: DataDir = None, role: RoleOfProcess = None,
    workers: Workers = None, redis: RedisAddress = None,
) -> None:  # fmt: skip
    """Serve the demo network, a simulated town on a weekday morning. Nothing else is needed."""
    with said_plainly():
        import secrets

        from pydantic import SecretStr

        from api.command.log_lines import log_to_stderr
        from api.command.network import Network, serve_network
        from api.command.unused_memory import share_heaps
        from api.service.settings import read_settings

        settings = read_settings(port=port, host=host, data_dir=data_dir, role=role, workers=workers, redis=redis)
        log_to_stderr(settings.log_format)
        shown = None if settings.desk_token or settings.desk_tokens else secrets.token_urlsafe(12)
        if shown:
            settings = settings.model_copy(update={"desk_token": SecretStr(shown)})
        share_heaps()
        serve_network(Network("demo", settings, speed=speed, shown_token=shown))


@app.command(
    epilog="**Examples**\n\n"
    "prochain serve --gtfs gtfs.zip --vehicle-positions https://example.org/vehicle_positions.pb\n\n"
    "prochain serve --config prochain.toml\n\n"
    'prochain serve --replay ../shared/data/pvta-2015 --at "2015-11-17 08:00" --speed 5'
)
def serve(
    config: Config = None, gtfs: Gtfs = None, vehicle_positions: VehiclePositions = None,
    trip_updates: TripUpdates = None, alerts: Alerts = None, header: Header = None, host: Host = None,
    port: Port = None, replay_folder: Replayed = None, at: At = None, speed: Speed = 1.0, model: Model = None,
    data_dir: DataDir = None, role: RoleOfProcess = None, workers: Workers = None, redis: RedisAddress = None,
    engine: EngineAddress = None, network: OneNetwork = None, ends_with_stdin: EndsWithStdin = False,
) -> None:  # fmt: skip
    """Serve a network from its feeds, or a recorded day with its clock shifted; or all networks of a configuration."""
    with said_plainly():
        from api.command.log_lines import log_to_stderr
        from api.command.network import Network, serve_network
        from api.command.unused_memory import share_heaps
        from api.service.settings import ConfigurationError, read_settings

        headers, feed_headers = headers_given(header)
        settings = read_settings(
            config, gtfs=gtfs, vehicle_positions=vehicle_positions, trip_updates=trip_updates, alerts=alerts,
            headers=headers or None, feed_headers=feed_headers or None, host=host, port=port, model=model,
            data_dir=data_dir, network=network, role=role, workers=workers, redis=redis, engine=engine,
        )  # fmt: skip
        log_to_stderr(settings.log_format, settings.network)
        if settings.networks and settings.network is None:
            from api.command.many_networks import serve_networks

            if replay_folder is not None:
                raise ConfigurationError("--replay serves one network: say which with --network.")
            serve_networks(settings, config)
            return
        if ends_with_stdin:
            from api.command.many_networks import end_with_stdin

            end_with_stdin()
        if replay_folder is None and (at is not None or speed != 1.0):
            raise ConfigurationError("--at and --speed go with --replay FOLDER; live feeds run at their own time.")
        share_heaps()
        if replay_folder is None:
            served = Network("live", settings)
        else:
            # A past day must not get among what the live service keeps.
            settings = settings.model_copy(update={"data_dir": data_dir, "model": model})
            served = Network("recorded", settings, speed=speed, recording=replay_folder, at=at)
        serve_network(served)


@app.command(
    epilog="**Examples**\n\n"
    "prochain replay FOLDER --from 2015-11-17 --to 2015-11-17 --predictions predictions.parquet\n\n"
    'prochain replay FOLDER --from "2015-11-17 07:00" --to "2015-11-17 09:00" --passages passages.parquet\n\n'
    "prochain replay FOLDER --from 2015-11-18 --learn-from 2015-10-30..2015-11-17 --predictions predictions.parquet"
)
def replay(
    folder: Recorded,
    start: From = None,
    end: To = None,
    every: Every = 30.0,
    predictions: Annotated[Path | None, typer.Option(help="Write what riders could have read (Parquet).")] = None,
    passages: Annotated[Path | None, typer.Option(help="Write when each vehicle passed each stop (Parquet).")] = None,
    horizon: Annotated[float, typer.Option(min=60.0, help="How far ahead predictions are written, seconds.")] = 1800.0,
    learn_from: Annotated[
        str | None, typer.Option(metavar="A..B", help="First learn from these earlier days of the folder.")
    ] = None,
    model: Annotated[Path | None, typer.Option(help="What prochain learn wrote, to begin with.")] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Write the history, as serve does, to ask afterwards what happened.")
    ] = None,
    by_day: Annotated[
        Path | None,
        typer.Option(help="Instead replay each day on its own, and write its predictions and passages to this folder."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="With --by-day: processes that share the days.")] = 1,
    on: Annotated[
        str | None, typer.Option(metavar="tcp://HOST:8786", help="With --by-day: a Dask scheduler to share them by.")
    ] = None,
) -> None:
    """Replay a recording through the engine as fast as the machine can."""
    with said_plainly():
        from api.command.replay import replay as replay_recording
        from api.command.replay_days import replay_days
        from feeds.errors import FeedError
        from feeds.learned_file import read_learned

        whole = [path for path in (predictions, passages, data_dir) if path]
        if by_day and whole:
            raise FeedError("--by-day writes a file a day: leave out --predictions, --passages and --data-dir.")
        if not by_day and (workers > 1 or on):
            raise FeedError("Processes share days that are replayed each on its own: say where to with --by-day.")
        began = time.perf_counter()
        known = read_learned(model) if model else None
        if by_day:
            counts = replay_days(
                folder, by_day, start, end, every=every, horizon_s=horizon, learn_from=learn_from, begin_with=known,
                workers=workers, on=on,
            )  # fmt: skip
        else:
            counts = replay_recording(
                folder, start=start, end=end, every=every, predictions=predictions, passages=passages,
                horizon_s=horizon, learn_from=learn_from, begin_with=known, data_dir=data_dir,
                progress=sys.stderr.isatty(),
            )  # fmt: skip
        _print_counts(counts)
        print(f"{counts.get('steps', 0):,} steps in {time.perf_counter() - began:.1f} s")
        for path in [by_day] if by_day else whole:
            if path:
                print(f"written: {path}")


@app.command(epilog="**Example:** prochain export FOLDER --tides tides --from 2015-11-17 --to 2015-11-17")
def export(
    folder: Recorded,
    tides: Annotated[Path, typer.Option(help="Folder to write a TIDES package to.")],
    start: From = None,
    end: To = None,
    every: Annotated[
        float,
        typer.Option(min=1.0, help="Seconds between two polls; of reports of a vehicle that come closer, the last."),
    ] = 10.0,
) -> None:
    """Write what recorded vehicles did as a TIDES package: stop visits, trips performed, locations, vehicles."""
    with said_plainly():
        from api.command.replay import replay as replay_recording

        counts = replay_recording(folder, start=start, end=end, every=every, tides=tides, progress=sys.stderr.isatty())
        _print_counts(counts)
        print(f"written: {tides / 'datapackage.json'}")


@app.command(epilog="**Example:** prochain learn FOLDER --from 2015-10-30 --to 2015-11-17 --model learned.npz")
def learn(
    folder: Recorded,
    start: From = None,
    end: To = None,
    every: Every = 30.0,
    model: Annotated[Path, typer.Option(help="File to write.")] = Path("learned.npz"),
    workers: Annotated[int, typer.Option(min=1, help="Processes that share the days.")] = 1,
    on: Annotated[
        str | None, typer.Option(metavar="tcp://HOST:8786", help="The same by a Dask scheduler's workers.")
    ] = None,
) -> None:
    """Learn from recorded days what serve and replay then begin with (--model)."""
    with said_plainly(), ExitStack() as held:
        from api.command.learning import learn as learn_from_recording
        from feeds.learned_file import keep_learned
        from feeds.storage.sole_writer import LOCK, sole_keeper, sole_writer

        # Rather now than after hours.
        model.parent.mkdir(parents=True, exist_ok=True)
        held.enter_context(sole_keeper(model))
        if (model.parent / LOCK).exists():
            held.enter_context(sole_writer(model.parent))
        began = time.perf_counter()
        learned, counts = learn_from_recording(
            folder, start, end, every, progress=sys.stderr.isatty(), workers=workers, on=on
        )
        kept = keep_learned(model, learned)
        _print_counts(counts)
        print(f"learned in {time.perf_counter() - began:.1f} s, written: {kept}")


@app.command(
    epilog="**Example:** prochain check --gtfs gtfs.zip --vehicle-positions vehicle_positions.pb "
    "--trip-updates https://example.org/trip_updates.pb"
)
def check(
    gtfs: Annotated[str, typer.Option(help="GTFS feed: path of a zip or folder, or an address.")],
    vehicle_positions: Annotated[
        str | None, typer.Option(help="GTFS-Realtime VehiclePositions: path or address; or a recording.")
    ] = None,
    trip_updates: TripUpdates = None,
    alerts: Alerts = None,
    header: Header = None,
) -> None:
    """Say what was read from feeds, what is wrong with them (file, row, id), and what of them can be used."""
    with said_plainly():
        from api.command.check import check_feed

        given = feeds_given(vehicle_positions, trip_updates, alerts)
        check_feed(gtfs, vehicle_positions, trip_updates=trip_updates, alerts=alerts, headers=headers_of(given, header))


@app.command(
    epilog="**Example:** prochain record --vehicle-positions https://example.org/vehicle_positions.pb "
    "--trip-updates https://example.org/trip_updates.pb --alerts https://example.org/alerts.pb --to recording"
)
def record(
    to: Annotated[Path, typer.Option(help="Folder to write to: a Parquet file a day and feed.")],
    vehicle_positions: VehiclePositions = None,
    trip_updates: TripUpdates = None,
    alerts: Alerts = None,
    every: Every = 15.0,
    header: Header = None,
    config: Annotated[Path | None, typer.Option(help="TOML configuration that says how the log is written.")] = None,
) -> None:
    """Archive what comes in until interrupted; a crash loses at most a minute of it."""
    with said_plainly():
        from api.command.log_lines import log_to_stderr
        from api.service.settings import ConfigurationError, read_settings
        from feeds.recordings.recorder import record as record_sources
        from feeds.sources.source import open_source

        given = feeds_given(vehicle_positions, trip_updates, alerts)
        headers = headers_of(given, header)
        sources = {feed: open_source(place, headers=headers.get(feed)) for feed, place in given.items()}
        if not sources:
            raise ConfigurationError("No feed is given: use --vehicle-positions, --trip-updates or --alerts.")
        log_to_stderr(read_settings(config).log_format)
        stopping = Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopping.set())
        names = ", ".join(source.name for source in sources.values())
        print(f"Recording {names} to {to} every {every:g} s. Ctrl-C ends it.", flush=True)
        recorded = record_sources(sources, to, every, stopping)
        written = ", ".join(f"{number:,} new {_ARCHIVED[feed]}" for feed, number in recorded.archived.items())
        print(f"{recorded.polls:,} polls, {recorded.failed_polls:,} failed; {written} written to {to}.")


@app.command(name="config", epilog="**Example:** prochain config --config prochain.toml")
def show_config(config: Config = None) -> None:
    """Say which settings are in force and where each comes from: the environment, the file or the default."""
    with said_plainly():
        from api.command.in_force import settings_in_force

        rows = list(settings_in_force(config))
        name_width, value_width = (max(len(row[column]) for row in rows) for column in (0, 1))
        for name, value, origin in rows:
            print(f"{name:<{name_width}}  {value:<{min(value_width, 60)}}  {origin}")


@app.command(epilog="**Example:** prochain backup prochain-backup.tar --config prochain.toml")
def backup(
    file: Annotated[Path, typer.Argument(help="File to write.")],
    config: Config = None,
    gtfs: GtfsOfService = None,
    data_dir: DataDir = None,
) -> None:
    """Put what must not be lost into one file, also while the service runs: disruptions, history, what was learned, the
    timetable accepted last."""
    with what_is_kept(config, gtfs, data_dir) as (folder, model):
        from feeds.storage.backup import back_up

        files = back_up(folder, model, file)
        print(f"{files:,} {'file' if files == 1 else 'files'} of {folder}, written: {file}")


@app.command(epilog="**Example:** prochain restore prochain-backup.tar --config prochain.toml")
def restore(
    file: Annotated[Path, typer.Argument(help="What prochain backup wrote.")],
    config: Config = None,
    gtfs: GtfsOfService = None,
    data_dir: DataDir = None,
    force: Annotated[bool, typer.Option("--force", help="Put aside what lies in the data folder.")] = False,
) -> None:
    """Put a backup back. The service must not run."""
    with what_is_kept(config, gtfs, data_dir) as (folder, model):
        from api.desk.database import FILE_NAME
        from api.desk.database import SCHEMA as DESK_SCHEMA
        from api.pages.reminders import FILE_NAME as REMINDERS
        from api.pages.reminders import SCHEMA as REMINDERS_SCHEMA
        from feeds.history.accuracy_sums import FILE as ACCURACY
        from feeds.history.accuracy_sums import SCHEMA as ACCURACY_SCHEMA
        from feeds.history.register import SCHEMA as REGISTER_SCHEMA
        from feeds.history.store import FOLDER as HISTORY
        from feeds.storage.backup import restore as put_back

        schemas = {FILE_NAME: DESK_SCHEMA, f"{HISTORY}/register.sqlite": REGISTER_SCHEMA,
                   f"{HISTORY}/{ACCURACY}": ACCURACY_SCHEMA, REMINDERS: REMINDERS_SCHEMA}  # fmt: skip
        files = put_back(file, folder, model, schemas, force=force)
        print(f"{files:,} files put back into {folder}")


@app.command(epilog="**Example:** prochain token")
def token() -> None:
    """Make a token for the desk, and its hash for the settings: whoever reads those cannot sign in with it."""
    import secrets

    from api.desk.sign_in import hash_of

    made = secrets.token_urlsafe(24)
    print(f"token, for who is to have it:  {made}\nfor [desk_tokens]:             {hash_of(made)}")


def _print_counts(counts: dict[str, int]) -> None:
    width = max((len(name) for name in counts), default=0)
    for name, count in sorted(counts.items()):
        if count:
            print(f"{name.replace('_', ' '):<{width}} {count:>12,}")
