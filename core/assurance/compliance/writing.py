"""Write a document in both languages from the evidence of this moment, and keep it as a file that never changes."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, replace
from datetime import datetime

from sqlmodel import Session

from core.assets.registry import Version
from core.assets.registry import queries as registry
from core.assurance.compliance import commands, queries
from core.assurance.compliance.document import (
    Fact,
    FilledItem,
    FilledLine,
    FilledPart,
    Line,
    Source,
    Template,
    Written,
)
from core.assurance.compliance.document_facts import Facts
from core.assurance.compliance.templates import questions, template
from core.decisions.releases import queries as releases
from core.decisions.releases.states import PRODUCTION
from core.i18n import LANGUAGES, language, speaking
from core.platform.access.permissions import Permission, require
from core.platform.access.personal import open_text, seal_text
from core.platform.audit import queries as audit
from core.platform.store import Actor, Files, Store, UnitOfWork

SCHEMA = "aval.document/1"


def subject_version(session: Session, use_case_id: str) -> Version | None:
    """Return the version that documents of a use case speak of: the live one, else the newest evaluated one."""
    live = releases.live_deployment(session, use_case_id, PRODUCTION)
    if live is not None:
        return registry.version(session, live.version_id)
    return next((v for v in registry.newest_ready(session) if v.use_case_id == use_case_id), None)


def write(
    session: Session,
    use_case_id: str,
    kind: str,
    now: datetime,
    languages: Collection[str] = tuple(LANGUAGES),
) -> Mapping[str, Written]:
    """Return a document as it would stand now, by language; nothing is stored."""
    case = registry.use_case_by_id(session, use_case_id)
    version = subject_version(session, use_case_id)
    form = template(kind)
    answers = queries.answers(session, use_case_id)
    found: dict[str, Written] = {}
    for each in languages:
        with speaking(each):
            facts = Facts(session, case, version, now).all()
            found[each] = _filled(session, form, case.slug, use_case_id, facts, answers)
    return found


def make(store: Store, actor: Actor, use_case_id: str, kind: str) -> str:
    """Write a document, keep it as a file, and register it as the next version of its kind; return its id.

    Names and words of people are kept as ciphertext under their own keys: whoever is erased is erased here too.
    """
    with store.reading() as session:
        written = write(session, use_case_id, kind, store.clock())
        version = subject_version(session, use_case_id)
    shares = {s.id: round(s.completeness, 4) for s in written["en"].sections}
    with store.unit_of_work(actor) as uow:
        require(actor, Permission.GOVERN_COMPLIANCE)
        kept = {
            name: asdict(_each_line(one, lambda line: _sealed(uow, line))) for name, one in written.items()
        }
        body = json.dumps({"schema": SCHEMA, "languages": kept}, ensure_ascii=False, sort_keys=True)
        return commands.register_document(
            uow,
            use_case_id,
            kind,
            digest=uow.files.put_bytes(body.encode()).digest,
            version_id=version.id if version else "",
            completeness=shares,
        )


def read(session: Session, files: Files, digest: str) -> Mapping[str, Written]:
    """Return a kept document by language; the words of an erased person read as erased."""
    with files.open(digest) as file:
        body = json.load(file)
    return {
        name: _each_line(_from_plain(one), lambda line: replace(line, text=open_text(session, line.text)))
        for name, one in body["languages"].items()
    }


def _sealed(uow: UnitOfWork, line: FilledLine) -> FilledLine:
    return replace(line, text=seal_text(uow, line.author, line.text)) if line.author else line


def _each_line(one: Written, change: Callable[[FilledLine], FilledLine]) -> Written:
    def item(found: FilledItem) -> FilledItem:
        return replace(found, lines=tuple(change(line) for line in found.lines))

    return replace(
        one, sections=tuple(replace(s, items=tuple(item(i) for i in s.items)) for s in one.sections)
    )


def _from_plain(value: Mapping[str, object]) -> Written:
    parts = tuple(
        FilledPart(
            s["id"],
            s["title"],
            tuple(
                FilledItem(
                    i["id"], i["label"], Source(i["source"]), tuple(FilledLine(**line) for line in i["lines"])
                )
                for i in s["items"]
            ),
        )
        for s in value["sections"]  # type: ignore[attr-defined]
    )
    plain = {k: str(value[k]) for k in ("kind", "language", "title", "basis", "template", "use_case")}
    return Written(**plain, sections=parts)


def _filled(
    session: Session,
    form: Template,
    slug: str,
    use_case_id: str,
    facts: Mapping[str, Fact],
    answers: Mapping[str, queries.FormAnswer],
) -> Written:
    spoken = language()
    events = _Events(session, use_case_id)

    def item(asked_id: str, source: Source) -> FilledItem:
        if source is Source.EVIDENCE:
            fact = facts[asked_id]
            return FilledItem(asked_id, fact.label, source, tuple(events.of(line) for line in fact.lines))
        said = answers.get(asked_id)
        label = questions()[asked_id][spoken]
        lines = said.text.splitlines() if said else []
        about = [
            Line(text, "compliance_answer", said.id, said.answered_by)
            for text in lines
            if said and text.strip()
        ]
        return FilledItem(asked_id, label, source, tuple(events.of(line) for line in about))

    return Written(
        kind=form.kind,
        language=spoken,
        title=form.title[spoken],
        basis=form.basis,
        template=form.version,
        use_case=slug,
        sections=tuple(
            FilledPart(s.id, s.title[spoken], tuple(item(i.id, i.source) for i in s.items))
            for s in form.sections
        ),
    )


class _Events:
    """The newest log entry about a subject; where it has none of its own, that of the use case."""

    def __init__(self, session: Session, use_case_id: str) -> None:
        self._session = session
        self._use_case = ("use_case", use_case_id)
        self._known: dict[tuple[str, str], int | None] = {}

    def of(self, line: Line) -> FilledLine:
        """Return the line with the index of its entry."""
        found = self._newest((line.subject_kind, line.subject_id))
        if found is None:
            found = self._newest(self._use_case)
        return FilledLine(line.text, found if found is not None else 0, line.author)

    def _newest(self, subject: tuple[str, str]) -> int | None:
        if subject not in self._known:
            kind, subject_id = subject
            entries = audit.events(self._session, subject_kind=kind, subject_id=subject_id, limit=1)
            self._known[subject] = entries[0].index if entries else None
        return self._known[subject]
