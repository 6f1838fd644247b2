"""One use case, one transaction: the change and its audit events are committed together or not at all."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlalchemy import Engine
from sqlmodel import Session

from core.clock import Clock, system
from core.errors import Refused
from core.platform.store.actor import Actor
from core.platform.store.engine import connect
from core.platform.store.files import Files
from core.platform.store.full import answered_when_full
from core.platform.store.turn import Turn
from core.settings import Settings

Json = str | int | bool | None | Sequence["Json"] | Mapping[str, "Json"]


@dataclass(frozen=True, slots=True)
class Event:
    """What a command did, to what; `data` holds no personal data and no float."""

    action: str
    subject_kind: str
    subject_id: str
    data: Mapping[str, Json] = field(default_factory=dict)


class Append(Protocol):
    """How events reach the log: inside the transaction that changes the rows."""

    def __call__(self, session: Session, now: datetime, actor: Actor, events: Sequence[Event]) -> None: ...


class UnitOfWork:
    """A writing transaction, the actor in whose name it writes, and the events it will leave."""

    def __init__(self, session: Session, actor: Actor, now: datetime, store: "Store") -> None:
        self.session = session
        self.actor = actor
        self.now = now
        self.files = store.files
        self.announce = store.announce
        self.events: list[Event] = []
        self.afterwards: list[Callable[[], None]] = []

    def record(
        self, action: str, subject_kind: str, subject_id: str, data: Mapping[str, Json] | None = None
    ) -> None:
        """Note an audit event; it is appended when the transaction commits."""
        self.events.append(Event(action, subject_kind, subject_id, data or {}))

    def after_commit(self, call: Callable[[], None]) -> None:
        """Run `call` once the transaction is durable; not at all when it is rolled back."""
        self.afterwards.append(call)


def _nobody(_job_id: str) -> None:
    """Announce a job to nobody: whoever opened this store runs its jobs itself."""


class Store:
    """The rows and the files of one installation."""

    def __init__(
        self,
        settings: Settings,
        append: Append,
        *,
        clock: Clock = system,
        announce: Callable[[str], None] = _nobody,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.announce = announce
        settings.folder_path.mkdir(parents=True, exist_ok=True)
        self.engine: Engine
        self.engine, self._reader = connect(settings.database)
        self._turn: AbstractContextManager[object] = (
            Turn() if self.engine.dialect.name == "sqlite" else nullcontext()
        )
        self.files = Files(settings.storage, settings.folder_path / "cache")
        self._append = append

    @contextmanager
    def unit_of_work(self, actor: Actor) -> Iterator[UnitOfWork]:
        """Commit rows and events on a clean exit, roll both back on an error.

        A `Refused` leaves an event of its own, so that the attempt survives the rollback.
        """
        try:
            with (
                answered_when_full(),
                self._turn,
                Session(self.engine, expire_on_commit=False) as session,
                session.begin(),
            ):
                session.connection()
                uow = UnitOfWork(session, actor, self.clock(), self)
                yield uow
                session.flush()
                if uow.events:
                    self._append(session, uow.now, actor, uow.events)
        except Refused as refusal:
            self._record_refusal(actor, refusal)
            raise
        for call in uow.afterwards:
            call()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a session that only reads, on one consistent snapshot."""
        with Session(self._reader) as session:
            if self._reader.dialect.name == "postgresql":
                session.connection(
                    execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
                )
            yield session

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()
        self._reader.dispose()

    def _record_refusal(self, actor: Actor, refusal: Refused) -> None:
        facts = {
            key: value
            for key, value in refusal.params.items()
            if key in RECORDED_FACTS and isinstance(value, str)
        }
        event = Event(
            "refused",
            facts.pop("subject_kind", "command"),
            facts.pop("subject_id", refusal.code),
            {"code": refusal.code, **facts},
        )
        with self._turn, Session(self.engine) as session, session.begin():
            session.connection()
            self._append(session, self.clock(), actor, [event])


RECORDED_FACTS = frozenset({"permission", "subject_kind", "subject_id", "area"})
"""The parameters of a refusal that may enter the log: ids and names of rights, never personal data."""
