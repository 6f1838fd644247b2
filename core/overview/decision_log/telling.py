"""Entries of the log as decisions: what was done, where it belongs, and the words that came with it, still sealed."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from core.i18n import LANGUAGES, _, speaking
from core.overview.decision_log.kind import ACTS, Act, words_of
from core.overview.decision_log.places import Place, places
from core.overview.decision_log.texts import texts
from core.platform.access.personal import owner
from core.platform.audit.queries import RecordedEvent


@dataclass(frozen=True, slots=True)
class Told:
    """One decision; `sealed` are its actor's own words, `public` those of nobody in particular."""

    event: RecordedEvent
    act: Act
    place: Place
    sealed: tuple[str, ...]
    public: tuple[str, ...]

    def known(self) -> str:
        """What everybody may know of it, in every language, as one text to search."""
        done = []
        for language in LANGUAGES:
            with speaking(language):
                done += [_(words_of(self.event)), _(self.act.words)]
        place = self.place
        number = "" if place.number is None else f"v{place.number}"
        about = "" if owner(place.about) else place.about
        subject = self.event.subject_id.rpartition("_")[2]
        return " ".join([*done, place.title, place.slug, number, about, subject, *self.public])


def tell(session: Session, events: Sequence[RecordedEvent]) -> list[Told]:
    """Return those of `events` that are decisions, in their order."""
    decisions = [event for event in events if event.action in ACTS]
    where, said = places(session, decisions), texts(session, decisions)
    return [
        Told(
            event,
            ACTS[event.action],
            where[event.index],
            tuple(text for text in said.get(event.index, ()) if owner(text) == event.actor_id),
            tuple(text for text in said.get(event.index, ()) if not owner(text)),
        )
        for event in decisions
    ]
