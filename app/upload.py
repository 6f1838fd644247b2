"""What the upload page asks of the house: addresses for files, values of a column, a use case, the outcome."""

from collections.abc import Callable
from dataclasses import asdict
from urllib.parse import quote

import streamlit as st

from app.submission import submit_again
from app.ui.card import card
from app.ui.column_mapping import column_mapping
from app.ui.progress import follow
from app.ui.refused import refusals
from app.ui.upload_result import upload_result
from app.ui.use_case_form import use_case_form
from app.wiring import reading, store, unit_of_work
from core.assets.datasets import queries as datasets
from core.assets.intake import commands as intake_commands
from core.assets.intake.evaluation import Evaluation
from core.assets.registry import commands as registry_commands
from core.assets.registry.version import Version, VersionState
from core.i18n import _
from core.platform.access.sessions import Purpose
from core.platform.access.ways_in import issue_ticket
from core.platform.jobs import queries as jobs
from core.platform.store import Actor


def address(me: Actor, what: str, **query: str) -> Callable[[], str]:
    """Make what a zone asks when a file waits: the draft is opened by its first file, each file has a ticket."""

    def ask() -> str:
        with unit_of_work(me) as uow:
            draft_id = st.query_params.get("draft") or intake_commands.open_draft(uow)
            ticket = issue_ticket(uow, Purpose.UPLOAD, draft_id)
        st.query_params["draft"] = draft_id
        asked = "&".join(f"{name}={quote(value)}" for name, value in {**query, "ticket": ticket}.items())
        return f"/api/v1/drafts/{draft_id}/{what}?{asked}"

    return ask


@st.cache_data(show_spinner=False, max_entries=64)
def values(digest: str, column: str) -> tuple[str, ...]:
    """Distinct values of a stored column; a digest never changes what it names."""
    return datasets.distinct(store().files, digest, column)


def define_use_case(me: Actor) -> None:
    """Draw the form of a new use case and create it; the page goes on with it chosen."""
    asked_for = use_case_form("new")
    if asked_for is None:
        return
    with refusals():
        with unit_of_work(me) as uow:
            created = registry_commands.create_use_case(uow, **asdict(asked_for))
        st.query_params["use_case"] = created.slug
        st.rerun()


def outcome(me: Actor, version: Version, evaluation: Evaluation | None) -> None:
    """Draw how far the checks are, then what came of them; a mismatch of columns is mended in place."""

    def job() -> jobs.Job | None:
        with reading() as fresh:
            return jobs.latest(fresh, "version", version.id, "intake.evaluate")

    title = _("Checking {model} v{number}", model=version.model_name, number=version.number)
    unchecked = version.state in {VersionState.RECEIVED, VersionState.CHECKING}
    if follow(job, title=title, stale=unchecked):
        return
    upload_result(version, evaluation)
    features = version.origin.get("features")
    mismatch = version.refusal is not None and version.refusal.code == "signature.missing_columns"
    if mismatch and isinstance(features, list) and version.author_id == me.id:
        with reading() as view:
            columns = [c.name for c in datasets.dataset(view, version.dataset_id).columns]
        with card(_("Which column is which feature")):
            mapping = column_mapping(
                [str(f) for f in features], columns, version.label_column, version.mapping, key=version.id
            )
        if mapping is not None:
            with refusals():
                with unit_of_work(me) as uow:
                    draft_id, _done = submit_again(uow, version.id, mapping)
                st.query_params["draft"] = draft_id
                st.rerun()
