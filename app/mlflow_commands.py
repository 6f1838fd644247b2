"""The command line's way to MLflow: `aval mlflow import` and `aval mlflow export`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import click

from app.mlflow_exchange import Aval, Imported, Wanted, chosen, export_alias, import_versions
from app.mlflow_server import Tracking, tracking
from app.push import PROBLEM, REFUSED, UNREACHABLE, complaint, existing_file, narrator, tell
from core.errors import AvalError, Unavailable
from core.i18n import _, number

MIB = 1 << 20
F = TypeVar("F", bound=Callable[..., object])


@click.group("mlflow", help="Exchange versions with an MLflow registry.")
def mlflow() -> None:
    """Exchange versions with an MLflow registry."""


def servers(command: F) -> F:
    """Add the options that say where MLflow and Aval answer."""
    for option in (
        click.option(
            "--most-mib",
            type=click.IntRange(1),
            default=1024,
            show_default=True,
            help="Largest model folder.",
        ),
        click.option(
            "--token", envvar="AVAL_TOKEN", default="", help="Access token; better set as AVAL_TOKEN."
        ),
        click.option(
            "--url",
            envvar="AVAL_URL",
            default="http://127.0.0.1:8501",
            show_default=True,
            help="Address of Aval.",
        ),
        click.option(
            "--tracking",
            "address",
            envvar="MLFLOW_TRACKING_URI",
            required=True,
            help="Address of the MLflow server; MLFLOW_TRACKING_URI.",
        ),
    ):
        command = option(command)
    return command


_IMPORT = (
    "Import versions of a registered model: files, aliases, and what their runs logged. Without --model, list what the "
    "server has. Credentials of MLflow stand in MLFLOW_TRACKING_TOKEN, or in MLFLOW_TRACKING_USERNAME and "
    "MLFLOW_TRACKING_PASSWORD."
    "\n\n\b\nExit status: 0 all ready, 1 the checks refused one, 2 wrong usage, 3 one could not be imported,"
    "\n4 a server cannot be reached or took too long."
)
_EXPORT = (
    "Set an alias in MLflow on the version that is approved and live in Aval, and tag it with the decision. Its files in "
    "MLflow are fetched anew and must be the approved bytes."
    "\n\n\b\nExit status: 0 set, 2 wrong usage, 3 nothing is live, its approval does not stand, or it is another version,"
    "\n4 a server cannot be reached."
)


@mlflow.command("import", help=_IMPORT)
@servers
@click.option("--model", default="", help="Name of the registered model; without it, all are listed.")
@click.option("--version", default="", help="Number of the version in MLflow.")
@click.option("--alias", default="", help="Alias of the version in MLflow, such as champion.")
@click.option("--all", "every", is_flag=True, help="Every version that is not imported yet, by number.")
@click.option("--again", is_flag=True, help="Import what was imported before once more.")
@click.option("--use-case", default="", help="Short name of the use case.")
@click.option("--table", type=click.Path(path_type=Path), help="Evaluation table, CSV or Parquet.")
@click.option("--label", default="", help="Column of the table that holds what truly happened.")
@click.option("--positive-label", default="", help="The outcome that counts as positive, for two outcomes.")
@click.option(
    "--threshold", type=click.FloatRange(0, 1), help="Probability from which a case is decided positive."
)
@click.option("--protected", multiple=True, help="A protected attribute; give the option once per column.")
@click.option("--model-name", default="", help="Name of the model in Aval, where it is another.")
@click.option(
    "--wait",
    type=click.FloatRange(0),
    default=600.0,
    show_default=True,
    help="Seconds for each; 0 does not wait.",
)
def import_command(
    *,
    address: str,
    url: str,
    token: str,
    most_mib: int,
    model: str,
    version: str,
    alias: str,
    every: bool,
    again: bool,
    use_case: str,
    table: Path | None,
    label: str,
    positive_label: str,
    threshold: float | None,
    protected: tuple[str, ...],
    model_name: str,
    wait: float,
) -> None:
    """Import versions, or list them, and say what became of each."""
    if not model:
        with _ends(), tracking(address) as server:
            _list(server)
        return
    if sum(map(bool, (version, alias, every))) != 1:
        raise click.UsageError("Say which versions: --version, --alias or --all.")
    if not (use_case and table and label and token):
        raise click.UsageError("An import takes --use-case, --table, --label and --token (or AVAL_TOKEN).")
    wanted = Wanted(use_case, table, label, positive_label, threshold, protected, model_name)
    status = 0
    with _ends():
        existing_file(table)
        with tracking(address) as server:
            for one in import_versions(
                server,
                chosen(server, model, version=version, alias=alias),
                wanted,
                Aval(url, token),
                most=most_mib * MIB,
                again=again,
                wait=wait,
                say=narrator(),
            ):
                status = max(status, _told(one, use_case, url))
    raise SystemExit(status)


@mlflow.command("export", help=_EXPORT)
@servers
@click.option("--use-case", required=True, help="Short name of the use case.")
@click.option("--environment", default="production", show_default=True, help="Where it is live.")
@click.option("--alias", default="champion", show_default=True, help="Alias to set in MLflow.")
def export_command(
    *, address: str, url: str, token: str, most_mib: int, use_case: str, environment: str, alias: str
) -> None:
    """Set the alias, and say where it points now."""
    if not token:
        raise click.UsageError("An export takes --token (or AVAL_TOKEN).")
    with _ends(), tracking(address) as server:
        done = export_alias(
            server,
            Aval(url, token),
            use_case=use_case,
            environment=environment,
            alias=alias,
            most=most_mib * MIB,
        )
    click.echo(
        _(
            "{alias} points at {name}, which is {use_case} v{number}.",
            alias=alias,
            name=done.upstream.name,
            use_case=use_case,
            number=done.number,
        )
    )
    if done.instead_of is not None:
        click.echo(
            _("It answers for v{number}, whose approval does not stand now.", number=done.instead_of),
            err=True,
        )


@contextmanager
def _ends() -> Iterator[None]:
    """End with the exit status of what went wrong, after saying it."""
    try:
        yield
    except AvalError as error:
        click.echo(complaint(error.text(), error.fix_text()), err=True)
        raise SystemExit(UNREACHABLE if isinstance(error, Unavailable) else PROBLEM) from error


def _list(server: Tracking) -> None:
    for model in server.models():
        click.echo(model.name)
        for version in server.versions(model.name):
            named = [f"@{alias}" for alias, at in sorted(model.aliases.items()) if at == version.version]
            values = [
                f"{name} {number(value, 4)}" for name, value in server.logged(version.run_id).metrics.items()
            ]
            click.echo("  " + "  ".join([f"v{version.version}", *named, *values]))


def _told(one: Imported, use_case: str, url: str) -> int:
    """Print what became of one version; return the exit status that it asks for."""
    name = one.upstream.name
    if one.known_as is not None:
        click.echo(
            _(
                "{name}: imported already as {use_case} v{number}",
                name=name,
                use_case=use_case,
                number=one.known_as,
            )
        )
        return 0
    if one.problem is not None:
        click.echo(f"{name}: {complaint(one.problem.text(), one.problem.fix_text())}", err=True)
        return PROBLEM
    click.echo(f"{name}:")
    for metric, value in one.upstream.metrics.items():
        click.echo("  " + _("reported by MLflow: {metric} {value}", metric=metric, value=number(value, 4)))
    if one.pushed is None:
        return 0
    tell(one.pushed, url)
    return REFUSED if one.pushed.state == "refused" else 0
