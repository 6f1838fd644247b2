"""`aval scan`: read model files without loading them, for anybody's CI; no server and no store."""

import hashlib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import click

from core.assets.intake import formats, verdict
from core.assets.intake.formats import FORMAT_NAMES
from core.assets.intake.verdict import VERDICT_NAMES, Verdict
from core.errors import Invalid
from core.i18n import _

STATUS = {Verdict.KNOWN: 0, Verdict.REVIEW: 1, Verdict.REFUSED: 2}
CHUNK = 1 << 20
READING_MEMORY = 4 << 30


@dataclass(frozen=True, slots=True)
class Scanned:
    """What reading one file showed; `names` are those beyond the list, or all of them for a known file."""

    file: str
    format: str
    sha256: str
    verdict: str
    reason: str
    names: tuple[str, ...]


@click.command("scan")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--json", "as_json", is_flag=True, help="One JSON list instead of lines.")
@click.pass_context
def scan_command(ctx: click.Context, files: tuple[Path, ...], as_json: bool) -> None:
    """Read model FILES without loading them.

    Exit status: 0 all known, 1 at least one needs a review, 2 at least one is refused.
    """
    _limit_memory()
    found = [scan(path) for path in files]
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=1))
    else:
        _show(found)
    ctx.exit(max(STATUS[Verdict(one.verdict)] for one in found))


def scan(path: Path) -> Scanned:
    """Return the verdict on one file; nothing in it is run."""
    with path.open("rb") as file:
        digest = _digest(file)
        try:
            kind = formats.recognise(file, name=path.name)
        except Invalid as error:
            return Scanned(str(path), "", digest, Verdict.REFUSED.value, error.text(), ())
        found = verdict.judge(file, kind)
    names = found.unknown or found.names
    return Scanned(str(path), kind.value, digest, found.verdict.value, found.reason, names)


def _digest(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def _limit_memory() -> None:
    """Hold this process to 4 GiB where the system can: a bomb ends here, not the machine."""
    if sys.platform != "win32" and os.name == "posix":
        import resource  # noqa: PLC0415 - there is none on Windows

        _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (READING_MEMORY, hard))


def _show(found: Sequence[Scanned]) -> None:
    for one in found:
        kind = _(FORMAT_NAMES[formats.Format(one.format)]) if one.format else "?"
        click.echo(f"{_(VERDICT_NAMES[Verdict(one.verdict)]):<16} {kind:<18} {one.file}")
        if one.reason:
            click.echo(f"    {one.reason}")
        if one.verdict == Verdict.REVIEW:
            for name in one.names:
                click.echo(f"    {name}")
