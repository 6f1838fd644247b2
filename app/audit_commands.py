"""`aval audit`, `backup`, `restore`, `scrub`, `backup-keys` and `verify`: what proves and what saves an installation."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli import existing_store, settings_of, where
from core.i18n import _, moment, ngettext, number

if TYPE_CHECKING:
    from core.platform.audit.verify_log import Held
    from core.platform.store import Actor, Store

A_FILE = click.Path(path_type=Path, dir_okay=False)
A_FOLDER = click.Path(path_type=Path, file_okay=False)


@contextmanager
def opened(folder: str | None, database_url: str | None) -> "Iterator[Store]":
    """Open the store that is meant, and close it."""
    store = existing_store(folder, database_url)
    try:
        yield store
    finally:
        store.close()


def operator() -> "Actor":
    """Whoever has the machine's command line acts as the system, and the log says through which door."""
    from core.platform.store import Actor  # noqa: PLC0415

    return Actor("system", "system", via="cli")


@click.group()
def audit() -> None:
    """Verify, export, prove and seal the audit log."""


@audit.command("verify")
@where
@click.option(
    "--against",
    type=A_FILE,
    multiple=True,
    help="A checkpoint kept elsewhere, with its leaves-….bin beside it if you have it; may be repeated.",
)
@click.option("--key", multiple=True, help="Trust only this verifier key: ORIGIN+ID+BASE64; may be repeated.")
@click.pass_context
def verify(
    ctx: click.Context,
    folder: str | None,
    database_url: str | None,
    against: tuple[Path, ...],
    key: tuple[str, ...],
) -> None:
    """Recompute the whole log; print its size and root, or the first entry at fault (exit status 1)."""
    from core.platform.audit import queries  # noqa: PLC0415
    from core.platform.audit.rotation import held_here, known_keys  # noqa: PLC0415

    with opened(folder, database_url) as store, store.reading() as view:
        held = held_here(view, store.settings)
        if against:
            _hold(held, against, key or known_keys(view, store.settings))
        found = queries.verify(view, held)
    if found.ok:
        click.echo(ngettext("{n} event, each in its place.", "{n} events, each in its place.", found.size))
        click.echo(_("root {root}", root=found.root))
        new = found.size - found.sealed
        if new:
            click.echo(ngettext("{n} event not yet sealed.", "{n} events not yet sealed.", new))
        else:
            click.echo(_("Every event is sealed by a checkpoint."))
        return
    _broken(found.first_bad, found.last_bad, found.reason)
    click.echo(
        _("The first {n} events stand under a checkpoint that fits.", n=number(found.sealed)), err=True
    )
    click.echo(_("Compare with a backup or an exported copy; nothing before it was touched."), err=True)
    ctx.exit(1)


def _hold(held: "Held", paths: tuple[Path, ...], keys: tuple[str, ...]) -> None:
    from core.errors import Invalid  # noqa: PLC0415
    from core.i18n import N_  # noqa: PLC0415
    from core.platform.audit.verify_log import Unusable, held_elsewhere  # noqa: PLC0415

    try:
        read = held_elsewhere([str(path) for path in paths], keys)
        for size, root in read.roots.items():
            held.add(size, root)
        held.leaves.update(read.leaves)
    except (Unusable, OSError, ValueError) as problem:
        raise Invalid(
            "audit.checkpoint_unusable",
            N_("This checkpoint cannot be held against the log: {problem}."),
            fix=N_("Name a note that this installation signed, or the key that signed it with --key."),
            problem=str(problem),
        ) from problem


def _broken(first: int | None, last: int | None, reason: str) -> None:
    if first is None:
        click.echo(_("BROKEN: the stored root does not follow from the events."), err=True)
    elif reason in {"cut", "size"}:
        click.echo(
            _(
                "BROKEN: the log is cut; event {index} is the first that is missing ({reason}).",
                index=first,
                reason=reason,
            ),
            err=True,
        )
    elif last is None or first == last:
        click.echo(
            _("BROKEN: event {index} is the first at fault ({reason}).", index=first, reason=reason), err=True
        )
    else:
        click.echo(
            _(
                "BROKEN: the first event at fault is one of {first}–{last} ({reason}).",
                first=first,
                last=last,
                reason=reason,
            ),
            err=True,
        )


@audit.command("events")
@where
@click.option("--action", help="Only this action, such as release.signed.")
@click.option("--subject", help="Only this subject's id.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One canonical body per line.")
def events(
    folder: str | None,
    database_url: str | None,
    action: str | None,
    subject: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List the newest entries, the oldest of them first."""
    from core.platform.access import queries as access  # noqa: PLC0415
    from core.platform.audit import queries  # noqa: PLC0415

    with opened(folder, database_url) as store, store.reading() as view:
        found = queries.events(view, action=action, subject_id=subject, limit=limit)[::-1]
        names = access.names(view, {e.actor_id for e in found})
    for event in found:
        if as_json:
            click.echo(event.body)
            continue
        who = names.get(event.actor_id, event.actor_id)
        click.echo(
            f"{number(event.index):>7}  {moment(event.time)}  {event.action:<28} "
            f"{event.subject_kind} {event.subject_id}  · {who} ({event.via})"
        )


@audit.command("export")
@where
@click.option("--out", type=A_FILE, help="Where to; the terminal when left out.")
def export(folder: str | None, database_url: str | None, out: Path | None) -> None:
    """Write every event, one line of JSON each, as the offline verifier reads it."""
    from core.platform.audit import queries  # noqa: PLC0415

    count = 0
    with (
        opened(folder, database_url) as store,
        store.reading() as view,
        click.open_file(str(out or "-"), "w", encoding="utf-8") as file,
    ):
        for body in queries.bodies(view):
            file.write(json.dumps({"body": body}, ensure_ascii=False) + "\n")
            count += 1
    click.echo(ngettext("{n} event exported.", "{n} events exported.", count), err=True)


@audit.command("prove")
@where
@click.argument("index", type=click.IntRange(0))
def prove(folder: str | None, database_url: str | None, index: int) -> None:
    """Print event INDEX with the proof that the newest checkpoint contains it."""
    from core.platform.audit.proof import proof_of  # noqa: PLC0415
    from core.platform.audit.work import seal  # noqa: PLC0415

    with opened(folder, database_url) as store:
        with store.reading() as view:
            found = proof_of(view, index)
        if found is None:
            seal(store)
            with store.reading() as view:
                found = proof_of(view, index)
    if found is None:
        raise click.BadParameter(_("The log has no event {index}.", index=index))
    click.echo(json.dumps(found.to_json(), ensure_ascii=False, indent=1))


@audit.command("checkpoint")
@where
@click.option(
    "--out", type=A_FILE, help="Write the note there and the leaf hashes beside it; else print the note."
)
def checkpoint(folder: str | None, database_url: str | None, out: Path | None) -> None:
    """Seal the log now: sign its size and root. Keep the note where this machine cannot write."""
    from core.platform.audit import queries  # noqa: PLC0415
    from core.platform.audit.rotation import known_keys  # noqa: PLC0415
    from core.platform.audit.work import seal, write_beside  # noqa: PLC0415

    with opened(folder, database_url) as store:
        seal(store)
        with store.reading() as view:
            last = queries.last_checkpoint(view)
            key = known_keys(view, store.settings)[0]
        if last is None:
            raise click.ClickException(_("The log has no event yet."))
        if out is None:
            click.echo(last.note, nl=False)
        else:
            write_beside(store, out.parent, last.size, last.note, named=out.name)
            click.echo(_("{size} events sealed: {path}", size=number(last.size), path=str(out)))
    click.echo(_("verifier key {key}", key=key), err=True)


@audit.command("verifier")
@click.option("--out", type=A_FILE, default="verify_log.py", show_default=True, help="Where to.")
def verifier(out: Path) -> None:
    """Write the offline verifier: one file for anybody with Python and `cryptography`."""
    from core.platform.audit import verify_log  # noqa: PLC0415

    out.write_text(Path(verify_log.__file__).read_text(encoding="utf-8"), encoding="utf-8")
    click.echo(_("Written: {path}", path=str(out)))


@audit.command("rotate-key")
@where
def rotate_key(folder: str | None, database_url: str | None) -> None:
    """Sign with a new key from now on; what the old one signed stays valid."""
    from core.platform.audit.rotation import rotate  # noqa: PLC0415

    with opened(folder, database_url) as store:
        key = rotate(store, operator())
    click.echo(_("The log is signed by {key} from now on.", key=key))


@click.command()
@click.argument("target", type=A_FOLDER)
@where
def backup(target: Path, folder: str | None, database_url: str | None) -> None:
    """Back the store up into TARGET while it runs; keys of people are saved apart, by `backup-keys`."""
    from core.platform.store.backup import backup as run  # noqa: PLC0415

    with opened(folder, database_url) as store:
        done = run(store, target)
    click.echo(
        _(
            "{rows} rows and {files} files ({mib} MiB) in {target}.",
            rows=number(sum(done.rows.values())),
            files=number(done.files),
            mib=number(done.bytes >> 20),
            target=str(target),
        )
    )
    click.echo(_("Keep the signing key and `aval backup-keys` apart from it."), err=True)


@click.command()
@click.argument("source", type=A_FOLDER)
@where
def restore(source: Path, folder: str | None, database_url: str | None) -> None:
    """Fill a new, empty store from the backup in SOURCE; every file is hashed, the log recomputed."""
    from app.wiring import open_store  # noqa: PLC0415
    from core.platform.audit import queries  # noqa: PLC0415
    from core.platform.store import migrate  # noqa: PLC0415
    from core.platform.store.backup import restore as run  # noqa: PLC0415

    store = open_store(settings_of(folder, database_url))
    try:
        migrate.upgrade(store.engine)
        run(store, source)
        with store.reading() as view:
            found = queries.verify(view)
            last = queries.last_checkpoint(view)
    finally:
        store.close()
    if not found.ok:
        _broken(found.first_bad, found.last_bad, found.reason)
        raise SystemExit(1)
    click.echo(ngettext("{n} event, each in its place.", "{n} events, each in its place.", found.size))
    click.echo(_("root {root}", root=found.root))
    if last is not None:
        click.echo(_("Newest checkpoint in it: {size} events.", size=number(last.size)))
    click.echo(_("Names come back with `aval restore-keys`."), err=True)


@click.command()
@where
@click.pass_context
def scrub(ctx: click.Context, folder: str | None, database_url: str | None) -> None:
    """Hash every stored file anew; name those whose bytes have changed (exit status 1)."""
    from core.platform.store.backup import scrub as run  # noqa: PLC0415

    with opened(folder, database_url) as store:
        altered = run(store)
    for digest in altered:
        click.echo(_("ALTERED: {digest}", digest=digest), err=True)
    if altered:
        ctx.exit(1)
    click.echo(_("Every file is what its name says."))


@click.command("backup-keys")
@click.argument("target", type=A_FILE)
@where
def backup_keys(target: Path, folder: str | None, database_url: str | None) -> None:
    """Save the keys of people's names into TARGET; give it a short life, or who is erased comes back with it."""
    from core.platform.access.personal import write_keys  # noqa: PLC0415

    with opened(folder, database_url) as store, store.reading() as view:
        count = write_keys(view, target)
    click.echo(ngettext("{n} key in {path}.", "{n} keys in {path}.", count, path=str(target)))


@click.command("restore-keys")
@click.argument("source", type=A_FILE)
@where
def restore_keys(source: Path, folder: str | None, database_url: str | None) -> None:
    """Bring the keys of people's names back after `restore`; those of erased people stay away."""
    from core.platform.access.personal import read_keys  # noqa: PLC0415

    with opened(folder, database_url) as store, store.unit_of_work(operator()) as uow:
        count = read_keys(uow, source)
    click.echo(ngettext("{n} key restored.", "{n} keys restored.", count))


@click.command("verify")
@click.argument("dossier", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option(
    "--artifact", type=click.Path(path_type=Path, exists=True), help="The model file, where it is left out."
)
@click.option("--log-key", help="The log's verifier key as you were given it: ORIGIN+ID+BASE64.")
@click.option("--json", "as_json", is_flag=True, help="The whole answer as JSON.")
@click.pass_context
def verify_dossier(
    ctx: click.Context, dossier: Path, artifact: Path | None, log_key: str | None, as_json: bool
) -> None:
    """Check a release dossier offline: exact bytes, approvers, policy, and its place in the log."""
    from core.decisions.releases.verify_dossier import run  # noqa: PLC0415

    ctx.exit(run(dossier, artifact=artifact, log_key=log_key, as_json=as_json))
