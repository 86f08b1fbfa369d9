"""`prochain judge` and `prochain bench`, beside the commands of the service. What a command needs is imported when it
runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.command.cli import app as app
from api.command.plainly import said_plainly


@app.command(
    epilog="**Example:** prochain judge FOLDER --days 2015-11-18..2015-11-25 --train 2015-10-30..2015-11-17 "
    "--html accuracy.html"
)
def judge(
    folder: Annotated[Path, typer.Argument(help="Folder with gtfs.zip and the recorded vehicle positions.")],
    days: Annotated[str, typer.Option(metavar="A..B", help="Days to judge, or one day (YYYY-MM-DD).")],
    train: Annotated[str | None, typer.Option(metavar="A..B", help="Earlier days to learn from first.")] = None,
    every: Annotated[float, typer.Option(min=1.0, help="Seconds between two polls.")] = 30.0,
    predictions: Annotated[
        list[Path] | None, typer.Option(help="Judge these files, as replay writes them, instead of replaying.")
    ] = None,
    passages: Annotated[
        list[Path] | None, typer.Option(help="Our own passages as truth, where the recording knows no others.")
    ] = None,
    trees: Annotated[
        bool, typer.Option("--trees", help="Train boosted trees on the train days and judge them as well (minutes).")
    ] = False,
    keep: Annotated[
        Path | None, typer.Option(help="Keep the replay's predictions and passages in this folder.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Replay each judged day on its own, knowing the train days, in so many processes."),
    ] = None,
    on: Annotated[
        str | None, typer.Option(metavar="tcp://HOST:8786", help="The same by a Dask scheduler's workers.")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all figures as JSON.")] = None,
    parquet_file: Annotated[Path | None, typer.Option("--parquet", help="Write all figures as Parquet.")] = None,
    page: Annotated[
        Path | None, typer.Option(help="Put the figures by day into this Markdown page, as the network's section.")
    ] = None,
    html_file: Annotated[
        Path | None, typer.Option("--html", help="Write a self-contained page with plots (needs prochain[bench]).")
    ] = None,
) -> None:
    """Judge arrival predictions for recorded days against what then happened, beside the usual methods."""
    with said_plainly():
        from rich.console import Console

        from benchmarks.accuracy import terminal
        from benchmarks.accuracy.recorded_days import judge as judge_days

        result = judge_days(
            folder, days, train, every=every, predictions=predictions or (), passages=passages or (), trees=trees,
            keep=keep, workers=workers, on=on,
        )  # fmt: skip
        if json_file:
            result.write_json(json_file)
        if parquet_file:
            result.write_parquet(parquet_file)
        if page:
            from benchmarks.accuracy.page import write_section

            write_section(result, page)
        if html_file:
            from benchmarks.accuracy.report import page as report

            html_file.write_text(report(result), encoding="utf-8")
        # So many columns do not fit into a narrow terminal, nor into the 80 of a file.
        terminal.show(result, Console(width=max(Console().width, 132)))


@app.command(epilog="**Example:** prochain bench --vehicles 1000 --vehicles 10000")
def bench(
    vehicles: Annotated[
        list[int] | None, typer.Option(help="Simulated vehicles; may be given again. By default 500 to 100000.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder of recordings, each a folder; left out where there is none.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Without more than 10,000 vehicles and the largest feed, minutes each.")
    ] = False,
    answers_only: Annotated[bool, typer.Option("--answers", help="Only how long answers take.")] = False,
    roles_only: Annotated[
        bool, typer.Option("--roles", help="Only of an engine in one process and readers in others.")
    ] = False,
    outages: Annotated[
        bool, typer.Option("--outages", help="Only what is lost where processes are killed (needs wrk and Redis).")
    ] = False,
    profiles: Annotated[
        Path | None, typer.Option(help="Only draw where the time goes, into this folder (needs prochain[bench]).")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures as JSON.")] = None,
) -> None:
    """Measure how long a step of the engine takes on this machine, an answer, and a recorded day."""
    with said_plainly():
        import json

        from benchmarks.speed.figures import DATA, VEHICLES, measure, show

        if profiles:
            from benchmarks.speed.profiles import draw

            draw(profiles, data or DATA)
            return
        figures = measure(
            vehicles or VEHICLES, data or DATA, quick=quick, answers_only=answers_only, roles_only=roles_only,
            outages_only=outages,
        )  # fmt: skip
        show(figures)
        if json_file:
            json_file.write_text(json.dumps([figure.as_json() for figure in figures], indent=1))
