"""The service's configuration: command line over environment (`PROCHAIN_…`) over one TOML file."""

from __future__ import annotations

import os
import re
import tomllib
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from api.service.siri_names import SiriNames
from feeds.errors import FeedError
from feeds.sources.public_address import place_meant

SHORTEST_SECRET = 16
_SECRETS = ("redis", "desk_token", "desk_tokens", "desk_webhook_secret", "desk_webhooks")
"""Settings whose values no message repeats."""
_PREFIX = "prochain_"
"""Of the environment's variables, in capitals or not."""
ADDRESSES = frozenset((
    "alerts", "alerts.rss", "desk", "docs", "embed", "gtfs-rt", "gtfs.zip", "healthz", "lines", "manifest.webmanifest",
    "map", "metrics", "offline", "openapi.json", "push", "readyz", "robots.txt", "screen", "siri", "sitemap.xml",
    "static", "static-offline-docs", "stops", "trips", "v1", "worker.js",
))  # fmt: skip
"""What our own addresses begin with: a path that a proxy puts before them must be told from these."""
OF_THE_WHOLE = frozenset(("networks", "network", "host", "port", "root_path", "trusted_proxies", "log_format"))
"""Settings of a service, not of one of its networks."""
_OF_A_NETWORK = ("gtfs", "vehicle_positions", "trip_updates", "alerts", "model")
"""Settings of a network, never of all."""
CONFIG_FILE = Path("prochain.toml")
"""Read where it is there and no other file is named."""


class ConfigurationError(Exception):
    """A setting that cannot be used. The message says which, where it was given, and what to do."""


_PLACES = ("gtfs", "vehicle_positions", "trip_updates", "alerts")


def _web_address(address: str) -> str:
    if not address.startswith(("http://", "https://")):
        raise ValueError("it is an http(s) address, such as http://engine:8000")
    return address


def _place(place: str) -> str:
    try:
        return place_meant(place) if place else place
    except FeedError as error:
        raise ValueError(str(error)) from error


def _long_enough(secret: SecretStr) -> SecretStr:
    if len(secret) < SHORTEST_SECRET:
        raise ValueError(f"a secret has at least {SHORTEST_SECRET} characters")
    return secret


def _tokens(tokens: dict[str, SecretStr]) -> dict[str, SecretStr]:
    for secret in tokens.values():
        token = _long_enough(secret).get_secret_value()
        if token.startswith("sha256:") and not re.fullmatch(r"sha256:[0-9a-f]{64}", token):
            raise ValueError("after sha256: there are 64 hexadecimal digits; make one with prochain token")
    return tokens


def _path(path: str) -> str:
    parts = [part for part in path.split("/") if part]
    if not all(re.fullmatch(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*", part) for part in parts):
        raise ValueError("a path is made of letters, digits, dots, - and _, such as /bus or /town/bus")
    if parts and parts[0] in ADDRESSES:
        raise ValueError(f"/{parts[0]} is an address of ours; choose another path")
    return "".join(f"/{part}" for part in parts)


def _named(networks: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    for name, table in networks.items():
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name) or name in ADDRESSES:
            raise ValueError(f"“{name}” cannot name a network: small letters, digits, - and _, and no address of ours")
        for setting in OF_THE_WHOLE & table.keys():
            raise ValueError(f"“{setting}” is for all networks, and stands outside of [networks.{name}]")
    return networks


def _redis_address(address: SecretStr) -> SecretStr:
    if not address.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("it is an address such as redis://localhost:6379/0, rediss://… or unix:///run/redis.sock")
    return address


def _proxies(proxies: list[str]) -> list[str]:
    for proxy in proxies:
        try:
            ip_network(proxy)
        except ValueError as error:
            raise ValueError(f"each proxy is an IP address or network, such as 10.0.0.0/8 ({error})") from error
    return proxies


def _host_names(hosts: list[str]) -> list[str]:
    if not all(re.fullmatch(r"(\*\.)?([a-z0-9-]+\.)+[a-z0-9-]+", host) for host in hosts):
        raise ValueError("each is a host name, such as push.example.org or *.push.example.org")
    return hosts


WebAddress = Annotated[str, AfterValidator(_web_address)]
Place = Annotated[str, AfterValidator(_place)]
Secret = Annotated[SecretStr, AfterValidator(_long_enough)]


class FurtherFeed(BaseModel):
    """One more address of a realtime feed."""

    model_config = ConfigDict(extra="forbid")

    feed: Literal["vehicle_positions", "trip_updates", "alerts"]
    address: str
    """Path or address."""
    headers: dict[str, str] = Field(default_factory=dict)
    fallback: bool = False
    """Whether it is asked only where the one before it fails or stands still; else they are read as one."""


class Settings(BaseSettings):
    """What to serve, and how. Paths are relative to the working directory."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, extra="forbid")

    gtfs: Place | None = Field(None, description="GTFS feed: path of a zip or folder, or an http(s) address")
    vehicle_positions: Place | None = Field(None, description="GTFS-Realtime VehiclePositions: path or address")
    trip_updates: Place | None = Field(None, description="the operator's own TripUpdates: path or address")
    alerts: Place | None = Field(None, description="the operator's Alerts: path or address")
    headers: dict[str, str] = Field(
        default_factory=dict,
        description="HTTP headers sent with each poll of the realtime feeds, such as an API key; keys go to the host "
        "of the first of vehicle_positions, trip_updates and alerts, and to no other",
    )
    feed_headers: dict[Literal["gtfs", "vehicle_positions", "trip_updates", "alerts"], dict[str, str]] = Field(
        default_factory=dict, description="HTTP headers of one feed, by its name; they stand in the place of headers"
    )
    further_feeds: list[FurtherFeed] = Field(
        default_factory=list,
        description="more addresses of realtime feeds: of vehicles that the others do not tell, or to fall back on",
    )
    host: str = Field("127.0.0.1", description="address to listen on; 0.0.0.0 for all")
    port: int = Field(8000, ge=0, le=65535, description="port to listen on")
    root_path: Annotated[str, AfterValidator(_path)] = Field(
        "", description="path under which a proxy serves us, such as /bus, with which every address then begins"
    )
    networks: Annotated[dict[str, dict[str, Any]], AfterValidator(_named)] = Field(
        default_factory=dict,
        description="settings of each network, by its name, where one service serves many; those beside are for all",
    )
    network: str | None = Field(None, description="the one of networks that is meant, where not all are")
    poll_interval_s: float = Field(10.0, ge=1.0, le=600.0, description="seconds between two polls of a realtime feed")
    step_interval_s: float = Field(
        5.0, ge=0.25, le=60.0, description="seconds between two steps of the engine where no feed has news before"
    )
    live_limit_s: float = Field(
        300.0, ge=30.0, le=3600.0, description="a vehicle's report older than this makes no prediction live"
    )
    silence_limit_s: float = Field(
        900.0, ge=60.0, le=7200.0, description="a vehicle not heard of for this long is dropped"
    )
    overdue_s: float = Field(
        300.0, ge=60.0, le=3600.0,
        description="a vehicle still at its first stop so long after its departure is told as overdue, and not live",
    )  # fmt: skip
    never_left_s: float = Field(
        900.0, ge=60.0, le=14400.0,
        description="and after this its run is one without a vehicle",
    )  # fmt: skip
    held_up_s: float = Field(
        600.0, ge=60.0, le=3600.0,
        description="a vehicle that stands on the way for so long is told as held up, and not live",
    )  # fmt: skip
    broken_down_s: float = Field(
        1200.0, ge=60.0, le=14400.0,
        description="and after this its run is one without a vehicle",
    )  # fmt: skip
    strayed_s: float = Field(
        900.0, ge=60.0, le=14400.0,
        description="a vehicle away from its line for so long is no longer taken to drive its run",
    )  # fmt: skip
    silent_s: float = Field(
        120.0, ge=30.0, le=1800.0,
        description="the times of a vehicle that has not reported for so long, or for twice its usual gap, are no "
        "longer put off",
    )  # fmt: skip
    miss_weight: float = Field(
        4.5, ge=1.0, le=19.0,
        description="how much worse a minute of a missed bus is than a minute of waiting, for a bus about to come: the "
        "more, the earlier the time published",
    )  # fmt: skip
    feed_stopped_after_s: float = Field(
        60.0,
        ge=10.0,
        le=3600.0,
        description="a vehicle feed silent for this long, and for two of its usual intervals, is said to have stopped",
    )
    added_as: Literal["NEW", "ADDED"] = Field(
        "NEW",
        description="what trips that the operator adds are called in /gtfs-rt/trip-updates: ADDED for readers that do "
        "not know NEW yet",
    )
    headway_as: Literal["UNSCHEDULED", "SCHEDULED"] | None = Field(
        None,
        description="what runs of lines by headway are called in /gtfs-rt: SCHEDULED for trip planners that skip "
        "UNSCHEDULED; by default what the operator's feeds call them",
    )
    gtfs_check_interval_s: float = Field(
        1800.0, ge=10.0, le=86_400.0, description="seconds between two looks for a new GTFS feed"
    )
    take_any_gtfs: bool = Field(
        False,
        description="go on with every new GTFS feed that can be read; otherwise one by which much is lost (most "
        "running vehicles' trips or stops, or all of today) waits for a word at the desk",
    )
    model: Path | None = Field(
        None,
        description="file of what is learned: read at the start and kept up to date; by default one in the user's "
        "state folder for each GTFS address",
    )
    data_dir: Path | None = Field(
        None,
        description="folder of what must not be lost, such as published disruptions and what became of each "
        "departure of the last 30 days; by default one in the user's "
        "state folder for each GTFS address. The demo and replays keep nothing unless it is given",
    )
    role: Literal["all", "engine", "api"] = Field(
        "all",
        description="what this process does: all of it; engine: it publishes each view to redis as well; api: it has "
        "no feeds, and answers from what an engine has published there",
    )
    workers: int = Field(
        0, ge=0, le=64,
        description="processes that answer readers, beside one for the engine where there is one here; 0: all in one",
    )  # fmt: skip
    redis: Annotated[SecretStr, AfterValidator(_redis_address)] | None = Field(
        None,
        description="Redis or Valkey that views are published to and read from: redis://, rediss:// or unix:// address",
    )
    redis_prefix: str = Field(
        "prochain", min_length=1, max_length=100, pattern=r"^[\w.:-]+$",
        description="what the names of all keys there begin with: another for each network",
    )  # fmt: skip
    engine: WebAddress | None = Field(
        None,
        description="http address of the engine's process, which those of role api hand on to what only it can answer: "
        "the desk, /v1/disruptions, /v1/timetable, explanations",
    )
    trusted_proxies: Annotated[list[str], AfterValidator(_proxies)] = Field(
        default_factory=list,
        description="addresses and networks of the proxies before the service, whose X-Forwarded-For and "
        "X-Forwarded-Proto are believed",
    )
    desk_token: Secret | None = Field(
        None, description="secret that opens the officer's desk at /desk; without one the desk is off"
    )
    desk_tokens: Annotated[dict[str, SecretStr], AfterValidator(_tokens)] = Field(
        default_factory=dict,
        description="more such secrets by the name of who has each, also as `prochain token` hashes them",
    )
    desk_webhooks: list[WebAddress] = Field(
        default_factory=list, description="addresses told of every disruption published, changed or ended (HTTP POST)"
    )
    desk_webhook_secret: Secret | None = Field(
        None, description="key by which what is sent to the webhooks is signed (HMAC-SHA256)"
    )
    web_push: bool = Field(
        True,
        description="whether riders may be told by push messages when a bus is five minutes away; only over HTTPS or "
        "from this machine",
    )
    push_hosts: Annotated[list[str], AfterValidator(_host_names)] = Field(
        default=[
            "fcm.googleapis.com", "*.push.services.mozilla.com", "*.push.apple.com", "*.notify.windows.com",
        ],
        description="push services of browsers' makers that are asked to tell riders, *. standing for all beneath; no "
        "other address is ever asked, whatever a visitor gives",
    )  # fmt: skip
    siri: SiriNames = Field(default=SiriNames(), description="how /siri names stops and lines; see docs/siri.md")
    log_format: Literal["text", "json"] = Field(
        "text", description="how the log on stderr is written: lines for people, or JSON objects for a collector"
    )
    abbreviations: dict[str, str] = Field(
        default_factory=dict,
        description="what words of long names are shortened to where there is no room, beside the usual ones",
    )
    map_tiles: Path | None = Field(
        None,
        description="PMTiles file with the city's streets, water and places, which the map draws beneath the lines",
    )
    cache_dir: Path | None = Field(None, description="folder of the timetable cache; by default the user's own cache")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line, then environment, then the TOML file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def read_settings(config: Path | None = None, **given: Any) -> Settings:
    """Settings from `config` (by default `prochain.toml`, where there is one), the environment, and those `given`;
    where these name a network, those of that.

    A value of None among `given` counts as not given. Errors: ConfigurationError.
    """
    settings = _read(config, given)
    return settings if settings.network is None else _of_network(settings, settings.network, config, given)


def settings_by_network(settings: Settings, config: Path | None = None) -> dict[str, Settings]:
    """Those of each of its networks. Errors: ConfigurationError."""
    for name in _OF_A_NETWORK:
        if getattr(settings, name) is not None:
            raise ConfigurationError(f"There are [networks]: put {name} into each of them.")
    return {name: _of_network(settings, name, config, {}) for name in settings.networks}


def _of_network(whole: Settings, name: str, config: Path | None, given: dict[str, Any]) -> Settings:
    if name not in whole.networks:
        known = ", ".join(sorted(whole.networks)) or "none"
        raise ConfigurationError(f"There is no network “{name}”; the networks are: {known}.")
    own: dict[str, Any] = {"root_path": f"{whole.root_path}/{name}", "network": name}
    if whole.data_dir is not None:
        own["data_dir"] = whole.data_dir / name
    given = {setting: value for setting, value in given.items() if value is not None}
    try:
        return _read(config, {**own, **whole.networks[name], **given})
    except ConfigurationError as error:
        raise ConfigurationError(f"[networks.{name}]: {error}") from error


def _read(config: Path | None, given: dict[str, Any]) -> Settings:
    if config is not None and not config.is_file():
        raise ConfigurationError(f"{config}: there is no such configuration file; check --config.")
    file = config or CONFIG_FILE
    _refuse_unknown_variables()

    class FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=file)

    try:
        return FromFile(**{name: value for name, value in given.items() if value is not None})
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{file}: not valid TOML: {error}.") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file}: not UTF-8, which TOML is written in: {error.reason}.") from error
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read ({error.strerror}).") from error
    except SettingsError as error:
        raise ConfigurationError(f"Environment: {error}; write tables such as PROCHAIN_HEADERS as JSON.") from error
    except ValidationError as error:
        raise ConfigurationError(_in_words(error, file)) from error


def origins(config: Path | None = None) -> dict[str, str]:
    """Where each setting comes from that is not the default: its variable of the environment, or the file.

    To be asked where `read_settings` has read the same.
    """
    file = config or CONFIG_FILE
    found = dict.fromkeys(tomllib.loads(file.read_text(encoding="utf-8")), str(file)) if file.is_file() else {}
    return found | {name.lower().removeprefix(_PREFIX): name for name in _variables()}


def _variables() -> list[str]:
    """Those of the environment that are meant for us."""
    return [name for name in os.environ if name.lower().startswith(_PREFIX)]


def _refuse_unknown_variables() -> None:
    unknown = [name for name in _variables() if name.lower().removeprefix(_PREFIX) not in Settings.model_fields]
    if unknown:
        raise ConfigurationError(" ".join(_unknown(name, name.lower().removeprefix(_PREFIX)) for name in unknown))


def _unknown(name: str, setting: str) -> str:
    prefix = name[: len(name) - len(setting)]
    meant = [prefix + (like.upper() if prefix else like) for like in get_close_matches(setting, Settings.model_fields)]
    known = ", ".join(sorted(Settings.model_fields))
    hint = f"Did you mean {' or '.join(meant)}? " if meant else ""
    return f"“{name}” is no setting. {hint}The settings are: {known}."


def _in_words(error: ValidationError, file: Path) -> str:
    lines = []
    for problem in error.errors():
        name = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            lines.append(_unknown(name, name))
        elif name.startswith("further_feeds"):
            lines.append(f"{name}: {problem['msg']}; each has feed, address, and where wanted headers and fallback.")
        elif name.startswith("headers"):
            lines.append("headers is a table of names and values, all of them text.")
        elif name.startswith("feed_headers"):
            lines.append(
                "feed_headers holds a table of names and values, all of them text, for each of gtfs, "
                "vehicle_positions, trip_updates and alerts."
            )
        else:
            # An address may hold a key.
            given = "" if name.startswith(_SECRETS) or name in _PLACES else f" = {problem['input']!r}"
            lines.append(f"{name}{given}: {problem['msg'].removeprefix('Value error, ')}.")
    return f"{file}, environment or command line: " + " ".join(lines)
