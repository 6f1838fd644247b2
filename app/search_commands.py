"""`aval search-rebuild`: make the index of the decision log again."""

import click

from app.audit_commands import opened
from app.cli import where
from core.i18n import ngettext


@click.command("search-rebuild")
@where
def search_rebuild(folder: str | None, database_url: str | None) -> None:
    """Make the index of the decision log again from the log, while others go on working."""
    from core.overview.decision_log import work  # noqa: PLC0415
    from core.platform.audit import queries as audit  # noqa: PLC0415
    from core.platform.search import index  # noqa: PLC0415
    from core.platform.store import SYSTEM  # noqa: PLC0415

    with opened(folder, database_url) as store:
        with store.unit_of_work(SYSTEM) as uow:
            index.make_again(uow)
        work.catch_up(store)
        with store.reading() as view:
            size, _root = audit.head(view)
    click.echo(ngettext("{n} entry of the log was read.", "{n} entries of the log were read.", size))
