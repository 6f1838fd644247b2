"""Take requests of affected people from a file: `aval reviews import FILE`, a row each, safe to send twice."""

import csv
import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import click
import httpx

from app.push import PROBLEM, UNREACHABLE, existing_file, sent_json, talking
from core.errors import AvalError, Unavailable
from core.i18n import _, ngettext

COLUMNS = (
    "use_case", "kind", "law", "language", "reference", "requester", "message", "prediction_id", "version",
    "received_at",
)  # fmt: skip


def rows(path: Path) -> Iterator[dict[str, str | int]]:
    """Yield the requests of a CSV file with a header, or of a file of JSON lines; unknown columns are left out."""
    text = path.read_text("utf-8-sig")
    found: Iterator[dict[str, object]]
    if text.lstrip().startswith("{"):
        found = (json.loads(line) for line in text.splitlines() if line.strip())
    else:
        found = iter(csv.DictReader(text.splitlines()))
    for row in found:
        kept = {k: str(v).strip() for k, v in row.items() if k in COLUMNS and v not in (None, "")}
        yield {k: int(v) if k == "version" else v for k, v in kept.items()}


def take_all(
    path: Path, *, url: str, token: str, transport: httpx.BaseTransport | None = None
) -> tuple[int, list[str]]:
    """Post every row under a key of its own; return how many were taken, and what was said of the others."""
    taken, refused = 0, []
    with talking(url, token, transport) as client:
        for number, row in enumerate(rows(existing_file(path)), 1):
            key = sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()[:40]
            try:
                sent_json(client, "reviews", row, {"Idempotency-Key": key})
            except Unavailable:
                raise
            except AvalError as problem:
                refused.append(_("Row {n}: {text}", n=number, text=problem.text()))
            else:
                taken += 1
    return taken, refused


@click.group("reviews", help="Requests of affected people.")
def reviews() -> None:
    """Requests of affected people."""


@reviews.command(
    "import",
    help="Take the requests of FILE (CSV with a header, or JSON lines): use_case, kind, law, language, reference, "
    "requester, message, prediction_id, version, received_at. A row sent again changes nothing."
    "\n\n\b\nExit status: 0 every row was taken, 3 some were refused, 4 the server cannot be reached.",
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--url", envvar="AVAL_URL", default="http://127.0.0.1:8501", show_default=True, help="Address of Aval."
)
@click.option("--token", envvar="AVAL_TOKEN", required=True, help="Access token; better set as AVAL_TOKEN.")
def import_command(file: Path, url: str, token: str) -> None:
    """Take every request of a file, and say what was refused."""
    try:
        taken, refused = take_all(file, url=url, token=token)
    except Unavailable as error:
        click.echo(_("Error: {text}", text=error.text()), err=True)
        raise SystemExit(UNREACHABLE) from error
    click.echo(ngettext("{n} request taken", "{n} requests taken", taken))
    for line in refused:
        click.echo(line, err=True)
    if refused:
        raise SystemExit(PROBLEM)
