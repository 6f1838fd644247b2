"""The `aval` command. Each subcommand loads what it needs when it runs, so that `aval --help` is quick.

Exit status: 0 done, 1 refused or found wrong, 2 wrong usage or settings.
"""

import locale
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

import click

from core.errors import AvalError
from core.i18n import _, use, use_zone
from core.settings import Settings

if TYPE_CHECKING:
    from core.platform.store import Store

DEMO_FOLDER = "var/demo"
F = TypeVar("F", bound=Callable[..., object])


class Commands(click.Group):
    """A group that shows an `AvalError` as its text and its fix, and names other modules' commands by address."""

    elsewhere = {  # noqa: RUF012 - a table, never changed
        "drift": (
            "app.drift",
            "drift_command",
            "Compare two files: what changed, in words; no server needed.",
        ),
        "fairness": (
            "app.fairness",
            "fairness_command",
            "Compare groups of people in a table, with intervals; no server needed.",
        ),
        "predictions": ("app.send", "predictions", "Send what a version predicted."),
        "labels": ("app.send", "labels", "Send what truly happened."),
        "push": ("app.push", "push_command", "Send a model and its evaluation table, wait for the checks."),
        "audit": ("app.audit_commands", "audit", "Verify, export, prove and seal the audit log."),
        "backup": ("app.audit_commands", "backup", "Back the store up into a folder while it runs."),
        "backup-keys": (
            "app.audit_commands",
            "backup_keys",
            "Save the keys of people's names, apart from the backup.",
        ),
        "restore": ("app.audit_commands", "restore", "Fill a new, empty store from a backup."),
        "restore-keys": ("app.audit_commands", "restore_keys", "Bring the keys of people's names back."),
        "search-rebuild": (
            "app.search_commands",
            "search_rebuild",
            "Make the index of the decision log again, from the log.",
        ),
        "scrub": ("app.audit_commands", "scrub", "Hash every stored file anew."),
        "verify": ("app.audit_commands", "verify_dossier", "Check a release dossier offline."),
        "scan": (
            "app.scan",
            "scan_command",
            "Read model files without loading them: known, review or refused.",
        ),
        "evaluate": (
            "app.evaluate",
            "evaluate_command",
            "Evaluate a model on a table in isolation, without a server.",
        ),
        "explain": ("app.explain", "explain_command", "Explain a model's rows exactly, without a server."),
        "doctor": ("app.evaluate", "doctor_command", "Try every way out of the isolated runner."),
        "gate": (
            "app.cli_release",
            "gate",
            "Judge the gates of a version; exit status 1 when it is blocked.",
        ),
        "mlflow": (
            "app.mlflow_commands",
            "mlflow",
            "Import registered models from MLflow, set its alias on the approved version.",
        ),
        "kpi": ("app.kpi", "kpi", "Work KPI formulas out over a file, list and import definitions."),
        "reviews": ("app.reviews_import", "reviews", "Take requests of affected people from a file."),
        "release": ("app.cli_release", "release", "See and sign releases with a token of your own."),
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *self.elsewhere])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.elsewhere:
            return super().get_command(ctx, cmd_name)
        module, name, _help = self.elsewhere[cmd_name]
        command = getattr(import_module(module), name)
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List every command with one line, without loading those that live elsewhere."""
        lines = []
        for name in self.list_commands(ctx):
            own = self.commands.get(name)
            lines.append((name, own.get_short_help_str(100) if own else self.elsewhere[name][2]))
        with formatter.section("Commands"):
            formatter.write_dl(lines)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except AvalError as error:
            click.echo(_("Error: {text}", text=error.text()), err=True)
            if error.fix_text():
                click.echo(error.fix_text(), err=True)
            ctx.exit(2 if error.code.startswith("settings.") else 1)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="aval", message="%(prog)s %(version)s")
def main() -> None:
    """Aval: govern machine-learning models together."""
    use(os.environ.get("LANGUAGE", "").split(":")[0] or locale.getlocale()[0] or "en")
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # progress shows under `make` too


def where(command: F) -> F:
    """Add the options that say which store is meant."""
    command = click.option("--database-url", help="PostgreSQL instead of the folder's SQLite.")(command)
    return click.option("--folder", help="Where the store lies; AVAL_FOLDER, else var/aval.")(command)


def settings_of(folder: str | None, database_url: str | None = None, **more: str | None) -> Settings:
    """Return the environment's settings with what the options say."""
    wanted = {"folder": folder, "database_url": database_url, **more}
    return Settings.from_environment().with_(**{k: v for k, v in wanted.items() if v})


def existing_store(folder: str | None, database_url: str | None) -> "Store":
    """Open the store that is meant; where the default folder has none and the demo's has, that one, and say so."""
    from app.wiring import open_store  # noqa: PLC0415
    from core.errors import NotFound  # noqa: PLC0415
    from core.i18n import N_  # noqa: PLC0415

    settings = settings_of(folder, database_url)
    use_zone(settings.time_zone)
    if not settings.database_url and not (settings.folder_path / "aval.db").exists():
        demo = settings.with_(folder=DEMO_FOLDER)
        if folder or "AVAL_FOLDER" in os.environ or not (demo.folder_path / "aval.db").exists():
            raise NotFound(
                "store.none",
                N_("There is no store in {folder}."),
                fix=N_("Name its folder with --folder, or make one with `aval serve` or `aval demo`."),
                folder=settings.folder,
            )
        click.echo(
            _("No store in {own}: this is the demo's, in {demo}.", own=settings.folder, demo=demo.folder),
            err=True,
        )
        settings = demo
    return open_store(settings)


@main.command()
@where
@click.option("--host", help="Address to listen on; AVAL_HOST, else 127.0.0.1.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on; AVAL_PORT, else 8501.")
def serve(folder: str | None, database_url: str | None, host: str | None, port: int | None) -> None:
    """Serve the pages and the REST interface, with a worker."""
    _server()(settings_of(folder, database_url, host=host, port=str(port) if port else None))


@main.command()
@where
@click.option("--parent", type=int, hidden=True, help="End when this process is gone.")
def worker(folder: str | None, database_url: str | None, parent: int | None) -> None:
    """Work the queue until told to stop; run any number of these."""
    from app.worker import work  # noqa: PLC0415

    work(settings_of(folder, database_url), parent=parent)


@main.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on; AVAL_PORT, else 8501.")
@click.option("--folder", default=DEMO_FOLDER, show_default=True, help="Where the demo's store lies.")
@click.option("--seed-only", is_flag=True, help="Build the organisation and end.")
@click.pass_context
def demo(ctx: click.Context, port: int | None, folder: str, seed_only: bool) -> None:
    """Build or carry on the demo organisation, then serve it on this machine."""
    settings = settings_of(folder, port=str(port) if port else None)
    settings = settings.with_(host="127.0.0.1", database_url="", storage_url="")
    from app.demo import is_seeded, seed  # noqa: PLC0415

    if seed_only:
        seed(settings, say=_say)
        return
    if not is_seeded(settings):
        # In a process of its own: what trains models would stay in the server's memory for good.
        words = [sys.executable, "-m", "app.cli", "demo", "--seed-only", "--folder", folder]
        done = subprocess.run(words, check=False)
        if done.returncode:
            ctx.exit(done.returncode)
    serving = _server()
    click.echo(_("Aval is at {url}", url=f"http://127.0.0.1:{settings.port}"))
    serving(settings, demo=True)


def _server() -> Callable[..., None]:
    from app import slim_emojis, slim_plotly  # noqa: PLC0415

    slim_plotly.stand_in()
    slim_emojis.stand_in()
    from app.server import serve as run  # noqa: PLC0415 - Streamlit comes with it, so the stand-in is first

    return run


@main.command()
@where
@click.option("--draft", metavar="MESSAGE", help="Write a new migration from what changed in tables.py.")
def migrate(folder: str | None, database_url: str | None, draft: str | None) -> None:
    """Bring a store to the newest form of its tables."""
    from app.wiring import open_store  # noqa: PLC0415
    from core.platform.store import migrate as migrations  # noqa: PLC0415

    if draft:
        migrations.draft(draft)  # alembic itself says which file it wrote
        return
    settings = settings_of(folder, database_url)
    store = open_store(settings)
    try:
        fresh = not migrations.is_current(store.engine)
        migrations.upgrade(store.engine)
    finally:
        store.close()
    newest = migrations.newest() or ""
    click.echo(
        _("Brought to {revision}.", revision=newest)
        if fresh
        else _("Up to date: {revision}.", revision=newest)
    )


def _say(text: str) -> None:
    click.echo(text)


if __name__ == "__main__":
    main(prog_name="aval")
