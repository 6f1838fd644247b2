"""Tabs of a model's record that also write: the versions, the use case, the card, the data."""

from collections.abc import Callable

import streamlit as st

from app import record as records
from app.record import Record
from app.ui import data_notes
from app.ui.bundle_parts import bundle_table
from app.ui.card import card
from app.ui.card_document import card_downloads, card_history
from app.ui.model_card import card_form, card_view
from app.ui.model_data import data_view
from app.ui.model_versions import versions_table
from app.ui.picker import pick, switch
from app.ui.refused import refusals
from app.ui.text import md
from app.ui.tier_asks import tier_asks
from app.ui.use_case_record import risk_answers, use_case_edit, use_case_facts
from app.ui.version_comparison import version_comparison
from app.wiring import reading, store, unit_of_work
from core.assets.datasets import commands as dataset_commands
from core.assets.datasets import queries as datasets
from core.assets.intake import queries as intake
from core.assets.registry import commands as registry_commands
from core.assets.registry import queries as registry
from core.assets.registry.card import AUDIENCE_NAMES, Audience, for_audience
from core.assets.registry.card_export import FORMS, Head
from core.assets.registry.version import Version
from core.assurance.compliance import gathering
from core.assurance.compliance import queries as compliance
from core.assurance.compliance.coverage import documents_asked
from core.decisions.releases import book
from core.i18n import _
from core.platform.access import queries as access
from core.platform.access.permissions import Permission, allowed
from core.platform.store import Actor, UnitOfWork


def do(me: Actor, deed: Callable[[UnitOfWork], object]) -> None:
    """Run one command and draw the page again; a refusal is shown in place."""
    with refusals():
        with unit_of_work(me) as uow:
            deed(uow)
        st.rerun()


def versions_tab(record: Record, version: Version) -> None:
    """Every version, and this one beside another."""
    with card(_("All versions")):
        versions_table(record.versions, record.names, record.live)
    others = {
        str(v.number): f"v{v.number} · {v.model_name}" for v in reversed(record.versions) if v is not version
    }
    with card(_("Side by side")):
        other = pick(_("Compare with"), others, param="with", newest_first=True, label_visibility="visible")
        before = next((v for v in record.versions if str(v.number) == other), None)
        if before is None:
            st.caption(_("A second version appears here beside the first."))
    if before is not None:
        with reading() as view:
            sides = records.side(view, before), records.side(view, version)
            explained = records.explained(view, before, version)
        version_comparison(*sides, *explained)


def use_case_tab(record: Record, me: Actor) -> None:
    """What is on record of the use case; whoever may define one may change it."""
    case = record.use_case
    with card(_("Use case")):
        use_case_facts(case, record.names.get(case.owner_id, "–"))
    with card(_("Risk questionnaire")):
        risk_answers(case)
    with card(_("What this tier asks for")):
        with reading() as view:
            (facts,) = gathering.facts(view, store().clock(), case.id)
            rules = [p for p in book.book(view) if p.in_force and p.tier == case.risk_tier.value]
            asked = documents_asked(compliance.followed(view), facts)
        tier_asks(rules, asked, facts.documents, case.slug)
    if allowed(me, Permission.DEFINE_USE_CASE) and st.toggle(_("Edit the use case")):
        with card(_("Edit the use case")):
            with reading() as view:
                owners = records.owners(view)
            changed = use_case_edit(case, owners, key=f"edit_{case.id}")
            if changed is not None:
                do(me, lambda uow: registry_commands.edit_use_case(uow, case.id, changed))


def card_tab(record: Record, version: Version, me: Actor) -> None:
    """The card as an audience reads it, its documents, what people add, and its revisions."""
    case = record.use_case
    with reading() as view:
        found, revisions = intake.card(view, version.id), registry.card_revisions(view, version.id)
        names = access.names(view, {r.author_id for r in revisions})
    words = {audience.value: _(name) for audience, name in AUDIENCE_NAMES.items()}
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        audience = Audience(switch(_("Audience"), words, param="audience"))
        head = Head(case.slug, case.title, version.model_name, version.number, version.artifact_digest)
        with refusals():
            card_downloads(
                f"{case.slug}-v{version.number}-{audience}", lambda form: FORMS[form](found, head, audience)
            )
    card_view(for_audience(found, audience))
    if allowed(me, Permission.UPLOAD_MODEL):
        with card(_("What only people know")):
            changed = card_form(found, key=f"card_{version.id}_{found.revision}")
            if changed is not None:
                do(me, lambda uow: registry_commands.edit_card(uow, version.id, changed))
    with card(_("Revisions")):
        card_history(revisions, names)


def data_tab(version: Version, me: Actor) -> None:
    """The evaluation data, what people say of it, and what is released with the model."""
    with reading() as view:
        dataset = datasets.dataset(view, version.dataset_id)
        by = access.names(view, {dataset.flags_confirmed_by}).get(dataset.flags_confirmed_by, "")
        bundle = registry.bundle(view, version.id)
    with card(md(dataset.name)):
        data_view(dataset, version)
    may, features, key = allowed(me, Permission.DESCRIBE_DATA), version.table_columns, dataset.id
    with card(_("Who the data is about"), data_notes.flags_standing(dataset, by)):
        if not may:
            data_notes.flags_named(dataset)
        flags = data_notes.flags_form(dataset, key=key) if may else None
        if flags is not None:
            chosen = {"personal": flags.personal, "sensitive": flags.sensitive}
            do(me, lambda uow: dataset_commands.confirm_flags(uow, dataset.id, **chosen))
    with card(_("What each feature is for")):
        data_notes.purposes_progress(dataset, features)
        written = data_notes.purposes_form(dataset, features, key=f"{key}_purposes") if may else None
        if written:
            do(me, lambda uow: dataset_commands.write_purposes(uow, dataset.id, written))
    with card(_("Released together")):
        bundle_table(bundle, version.requirements)
