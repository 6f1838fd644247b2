"""Send predictions, labels and their settings to a running Aval from a shell or a scheduled job."""

from pathlib import Path
from urllib.parse import quote

import click
import httpx

from app.push import PROBLEM, REFUSED, UNREACHABLE, existing_file, sent_body, talking
from core.errors import AvalError, Unavailable
from core.i18n import _, number

Receipt = dict[str, object]


def send(
    path: Path,
    *,
    what: str,
    use_case: str,
    version: int,
    url: str,
    token: str,
    form: str = "",
    transport: httpx.BaseTransport | None = None,
) -> Receipt:
    """Send a file of `predictions` or `labels` and return the receipt. Raises `Problem` with the server's words,
    `Invalid` where there is no such file, `Unavailable` when the server cannot be reached.
    """
    existing_file(path)
    with talking(url, token, transport) as client:
        route = f"{what}/{quote(use_case, safe='')}/{version}"
        return dict(sent_body(client, route, path, {"format": form} if form else {}))


def _command(what: str, described: str) -> click.Command:
    @click.command("send", help=described)
    @click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
    @click.option("--use-case", required=True, help="Short name of the use case.")
    @click.option("--version", required=True, type=click.IntRange(1), help="Number of the version.")
    @click.option(
        "--format",
        "form",
        type=click.Choice(["ndjson", "csv", "parquet"]),
        default=None,
        help="Else by content.",
    )
    @click.option(
        "--url",
        envvar="AVAL_URL",
        default="http://127.0.0.1:8501",
        show_default=True,
        help="Address of Aval.",
    )
    @click.option(
        "--token", envvar="AVAL_TOKEN", required=True, help="Access token; better set as AVAL_TOKEN."
    )
    def command(
        files: tuple[Path, ...], use_case: str, version: int, form: str | None, url: str, token: str
    ) -> None:
        refused = 0
        for path in files:
            try:
                receipt = send(
                    path, what=what, use_case=use_case, version=version, url=url, token=token, form=form or ""
                )
            except AvalError as error:
                click.echo(_("Error: {text}", text=error.text()), err=True)
                if error.fix_text():
                    click.echo(error.fix_text(), err=True)
                raise SystemExit(UNREACHABLE if isinstance(error, Unavailable) else PROBLEM) from error
            refused += _whole(receipt, "refused")
            for line in _told(path.name, receipt):
                click.echo(line)
        if refused:
            raise SystemExit(REFUSED)

    return command


def _told(name: str, receipt: Receipt) -> list[str]:
    lines = [
        _(
            "{name}: {taken} of {rows} rows taken, {known} known before, {refused} refused",
            name=name,
            taken=number(_whole(receipt, "accepted"), 0),
            rows=number(_whole(receipt, "rows"), 0),
            known=number(_whole(receipt, "repeated"), 0),
            refused=number(_whole(receipt, "refused"), 0),
        )
    ]
    if waiting := _whole(receipt, "waiting"):
        lines.append("  " + _("{n} wait for their prediction", n=number(waiting, 0)))
    reasons = receipt.get("reasons")
    for one in reasons if isinstance(reasons, list) else ():
        places = ", ".join(str(n) for n in one.get("examples", ()))
        lines.append(f"  {one.get('reason')} ({one.get('rows')}: {places})")
    return lines


def _whole(receipt: Receipt, key: str) -> int:
    value = receipt.get(key, 0)
    return value if isinstance(value, int) else 0


_EXITS = """

\b
Exit status: 0 every row stands, 1 some were refused, 2 wrong usage, 3 the server refused the file,
4 the server cannot be reached.
"""


@click.group("predictions", help="Send what a version predicted.")
def predictions() -> None:
    """Send what a version predicted."""


@click.group("labels", help="Send what truly happened.")
def labels() -> None:
    """Send what truly happened."""


predictions.add_command(
    _command(
        "predictions",
        "Send FILES of predictions: prediction_id, timestamp, every feature, probability or prediction, and "
        "subject where they are about a person (only its pseudonym is kept). A row sent again changes nothing."
        + _EXITS,
    )
)
labels.add_command(
    _command(
        "labels",
        "Send FILES of labels: prediction_id, label and, if known, label_time. The last label of an id counts; one "
        "that comes before its prediction waits for it." + _EXITS,
    )
)
