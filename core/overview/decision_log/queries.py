"""Why we did what we did: search decisions, comments and their reasons across use cases."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, select

from core.assets.registry.tables import UseCaseRow
from core.errors import Invalid
from core.i18n import N_, _
from core.overview.decision_log.kind import ONLY_WITH, Kind, words_of
from core.overview.decision_log.telling import Told, tell
from core.platform.access import personal
from core.platform.access.permissions import Permission, allowed, require
from core.platform.audit import queries as audit
from core.platform.search import queries as found
from core.platform.search.queries import Wanted
from core.platform.search.words import words
from core.platform.store import Actor

PER_PAGE = 30
MOST_WORDS = 12


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody looks for; empty fields ask for nothing. `before` is an index of the log, for paging."""

    text: str = ""
    kinds: frozenset[Kind] = frozenset()
    use_case: str = ""
    person: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision as people read it; `index` is its entry in the audit log, `page` and `query` open where it stands.

    `done` is a catalogue key. `texts` are the words that came with it, `quoted` what it published, to be shown where
    it is what was looked for.
    """

    index: int
    time: datetime
    kind: Kind
    icon: str
    action: str
    done: str
    actor_id: str
    actor_kind: str
    subject_kind: str
    subject_id: str
    use_case: str
    title: str
    number: int | None
    about: str
    texts: tuple[str, ...]
    quoted: tuple[str, ...]
    page: str
    query: Mapping[str, str]

    def words(self) -> str:
        """What was done, in the reader's language."""
        return _(self.done)


@dataclass(frozen=True, slots=True)
class Found:
    """The newest decisions that match, where the older ones begin, and how many entries of the log are not in yet."""

    decisions: tuple[Decision, ...]
    older: int | None
    behind: int
    looked_for: frozenset[str]


def search(session: Session, actor: Actor, asked: Asked, limit: int = PER_PAGE) -> Found:
    """Return decisions that hold every word of `asked.text`, in any order, and match every filter; newest first.

    Raise `Invalid` for more words than anybody remembers: each is asked for once for every author.
    """
    require(actor, Permission.VIEW)
    looked_for = words(asked.text)
    if len(looked_for) > MOST_WORDS:
        raise Invalid(
            "decisions.words",
            N_("Look for {n} words at most."),
            fix=N_("Leave out those that stand in every text."),
            field="q",
            n=MOST_WORDS,
        )
    behind = max(0, audit.head(session)[0] - found.position(session).index)
    scope = _use_case(session, asked.use_case) if asked.use_case else ""
    if (asked.text.strip() and not looked_for) or scope is None:
        return Found((), None, behind, looked_for)
    keys = personal.search_keys(session, {*found.authors(session), personal.LOOK_UP})
    house = keys.pop(personal.LOOK_UP, b"")
    wanted = Wanted(
        words=looked_for,
        kinds=frozenset(asked.kinds),
        without=frozenset(kind for kind, right in ONLY_WITH.items() if not allowed(actor, right)),
        scope=scope,
        actor=asked.person,
        since=asked.since or (audit.began(session) if asked.until else None),
        until=asked.until,
        before=asked.before,
    )
    indices = found.find(session, wanted, keys, house, limit + 1)
    told = tell(session, audit.events_at(session, indices[:limit]))
    return Found(
        _read(session, told), indices[limit - 1] if len(indices) > limit else None, behind, looked_for
    )


def _use_case(session: Session, slug: str) -> str | None:
    return session.exec(select(UseCaseRow.id).where(UseCaseRow.slug == slug)).first()


def _read(session: Session, told: list[Told]) -> tuple[Decision, ...]:
    """Open every text of a page with one look at the keys."""
    sealed = [text for one in told for text in (one.place.about, *one.sealed)]
    opened = iter(personal.open_texts(session, sealed))
    decisions = []
    for one in told:
        about = next(opened)
        decisions.append(_decision(one, about, tuple(next(opened) for _text in one.sealed)))
    return tuple(decisions)


def _decision(one: Told, about: str, texts: tuple[str, ...]) -> Decision:
    event, place = one.event, one.place
    erased = personal.erased_text()
    plain = one.public if one.act.kind is Kind.VALUE else ()
    return Decision(
        index=event.index,
        time=event.time,
        kind=one.act.kind,
        icon=one.act.icon,
        action=event.action,
        done=words_of(event),
        actor_id=event.actor_id,
        actor_kind=event.actor_kind,
        subject_kind=event.subject_kind,
        subject_id=event.subject_id,
        use_case=place.slug,
        title=place.title,
        number=place.number,
        about="" if about == erased else about,
        texts=(*dict.fromkeys(text for text in texts if text == erased or text != about), *plain),
        quoted=() if plain else one.public,
        page=place.page,
        query=place.query,
    )
