"""`prochain users`: who may write at the desk, from the machine that the service runs on, also while it runs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from api.command.which_service import Config, DataDir, GtfsOfService, what_is_kept
from feeds.errors import FeedError

if TYPE_CHECKING:
    from api.desk.accounts import Accounts
    from api.desk.deed import What

users = typer.Typer(
    help="Who may write at the desk: make, change, remove and list them, also while the service runs.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(help="Name of the user or tool.")]
_BY = "prochain users"
"""Who did it, in the journal: whoever has the machine."""


@users.command(epilog="**Example:** prochain users add anne --role administrator")
def add(
    name: Name,
    role: Annotated[
        Literal["officer", "administrator", "tool"],
        typer.Option(help="A tool writes to the API by a token, and cannot open the desk."),
    ] = "officer",
    config: Config = None,
    gtfs: GtfsOfService = None,
    data_dir: DataDir = None,
) -> None:
    """Add a user, whose password is asked for (or read from standard input), or a tool, whose token is printed."""
    with _changing(config, gtfs, data_dir) as (accounts, note):
        token = accounts.add(name, role, "" if role == "tool" else _password())
        note("account_added", name)
        _print_done(f"{name} is added.", token)


@users.command(epilog="**Example:** prochain users password anne")
def password(name: Name, config: Config = None, gtfs: GtfsOfService = None, data_dir: DataDir = None) -> None:
    """Set another password, which ends the user's sessions; of a tool, make another token, beside which the one before
    opens for a day."""
    with _changing(config, gtfs, data_dir) as (accounts, note):
        account = accounts.get(name)
        is_tool = account is not None and account.role == "tool"
        token = accounts.renew(name, "" if is_tool or account is None else _password())
        note("account_renewed", name)
        _print_done(f"{name} has a new {'token' if is_tool else 'password'}.", token)


@users.command(epilog="**Example:** prochain users remove anne")
def remove(name: Name, config: Config = None, gtfs: GtfsOfService = None, data_dir: DataDir = None) -> None:
    """Remove a user or tool: sessions end, tokens open nothing."""
    with _changing(config, gtfs, data_dir) as (accounts, note):
        accounts.remove(name)
        note("account_removed", name)
        _print_done(f"{name} is removed.")


@users.command(name="list", epilog="**Example:** prochain users list")
def list_users(config: Config = None, gtfs: GtfsOfService = None, data_dir: DataDir = None) -> None:
    """Say who there is, with their roles and since when the password or token is the same."""
    with _changing(config, gtfs, data_dir) as (accounts, _):
        found = accounts.all()
        width = max((len(account.name) for account in found), default=0)
        if not found:
            print("Nobody yet: prochain users add NAME --role administrator")
        for account in found:
            print(f"{account.name:<{width}}  {account.role:<13}  {datetime.fromtimestamp(account.changed_at):%Y-%m-%d}")


@contextmanager
def _changing(
    config: Path | None, gtfs: str | None, data_dir: Path | None
) -> Iterator[tuple[Accounts, Callable[[What, str], None]]]:
    """The accounts of a service, and what tells the journal what is done to whom. Errors: FeedError in words of what
    cannot be done."""
    with what_is_kept(config, gtfs, data_dir) as (folder, _):
        from api.desk.accounts import SHORTEST_PASSWORD, AccountError, Accounts
        from api.desk.database import DeskDatabase
        from api.desk.deed import Deed
        from api.desk.desk import DESK
        from api.service.settings import read_settings
        from api.words.texts import desk_texts_in

        with closing(DeskDatabase(folder)) as database:
            if database.fault:
                raise FeedError(database.fault)
            accounts = Accounts(database, {DESK, *read_settings(config, gtfs=gtfs, data_dir=data_dir).desk_tokens})
            try:
                yield accounts, lambda what, name: database.note(Deed(at=time.time(), who=_BY, what=what, subject=name))
            except AccountError as error:
                raise FeedError(desk_texts_in("en")(f"problem_{error}", count=SHORTEST_PASSWORD)) from error


def _password() -> str:
    """Asked for twice at a terminal; else the first line of standard input."""
    if sys.stdin.isatty():
        typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        return typed
    return sys.stdin.readline().rstrip("\r\n")


def _print_done(words: str, token: str = "") -> None:
    print(words)
    if token:
        print(f"token, shown this once: {token}")
