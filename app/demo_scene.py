"""The hands of the demo: turn the clock, act as somebody, each deed done once."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

import pandas as pd

from app.demo_clock import DemoClock
from app.submission import Submission, submit
from app.wiring import handlers
from core.assets.datasets.reading import to_parquet
from core.assets.datasets.schema import infer
from core.assets.intake import commands as intake
from core.assets.intake.draft import FileKind
from core.assets.intake.runner import Runner
from core.assets.registry import RiskTier, Task, UseCase, Version
from core.assets.registry import commands as registry
from core.assets.registry import queries as registered
from core.assets.registry.risk import RiskQuestion
from core.decisions.releases import commands as releases
from core.decisions.releases import queries as released
from core.decisions.releases.quorum import Meaning
from core.decisions.releases.snapshot import subject
from core.evidence.fairness import commands as fairness
from core.evidence.fairness import queries as fair
from core.evidence.monitoring import queries as monitored
from core.evidence.monitoring import work as monitoring
from core.evidence.monitoring.batches import BatchKind
from core.platform.access import queries as people
from core.platform.access.confirmation import confirm_in_demo
from core.platform.jobs import commands as jobs
from core.platform.jobs.handling import run_waiting
from core.platform.store import SYSTEM, Actor, Store, UnitOfWork
from data.demo import credit
from data.demo.models import Trained
from data.demo.organisation import PEOPLE, Case


@dataclass(frozen=True)
class Signature:
    """What somebody signs: who, for which area, days before the end of the story, why."""

    by: str
    area: str
    days: float
    rationale: str
    meaning: Meaning = Meaning.APPROVE


@dataclass
class Scene:
    """The store being filled, its clock, the day on which the story ends, and where models are trained."""

    store: Store
    clock: DemoClock
    end: datetime
    folder: Path
    runner: Runner
    trained: dict[str, Trained] = field(default_factory=dict)

    @cached_property
    def rows(self) -> credit.Applications:
        """Every application for credit."""
        return credit.applications(self.end.date())

    @cached_property
    def ids(self) -> Mapping[str, str]:
        """Person ids by their key in the cast."""
        keys = {member.email: member.key for member in PEOPLE}
        with self.store.reading() as view:
            return {keys[p.email]: p.id for p in people.people(view) if p.email in keys}

    def made(self, make: Callable[[credit.Applications, Path], Trained]) -> Trained:
        """A credit model, trained at first use."""
        if make.__name__ not in self.trained:
            self.trained[make.__name__] = make(self.rows, self.folder)
        return self.trained[make.__name__]

    def midnight(self, days: float) -> datetime:
        """The beginning of the day, `days` before the end of the story."""
        return self.end - timedelta(days=days)

    def at(self, days: float) -> datetime:
        """The moment `days` before the end of the story, moved into the working hours of that day."""
        moment = self.end - timedelta(days=days)
        day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        return day + timedelta(hours=11, minutes=7) + (moment - day) * 0.4

    def months(self, back: int) -> float:
        """Days before the end at which a month of the generator begins."""
        return float((self.end.date() - credit.months_before(self.end.date(), back)).days)

    def actor(self, key: str) -> Actor:
        """A member of the cast as commands know them."""
        roles = next(member.roles for member in PEOPLE if member.key == key)
        return Actor(self.ids[key], "person", frozenset(roles), "page")

    @contextmanager
    def acting(self, key: str, days: float) -> Iterator[UnitOfWork]:
        """Begin a command in the name of a member, `days` before the end of the story."""
        self.clock.turn(self.at(days))
        with self.store.unit_of_work(self.actor(key)) as uow:
            yield uow

    def work(self) -> None:
        """Run the jobs that wait here and now, and those that a killed run left behind."""
        self.clock.turn(self.clock() + timedelta(minutes=1))
        with self.store.unit_of_work(SYSTEM) as uow:
            jobs.sweep(uow)
        run_waiting(self.store, handlers(self.runner), "demo")

    def define(self, case: Case, days: float) -> None:
        """Define a use case."""
        with self.store.reading() as view:
            if any(known.slug == case.slug for known in registered.use_cases(view)):
                return
        with self.acting(case.owner, days) as uow:
            registry.create_use_case(
                uow,
                slug=case.slug,
                title=case.title,
                purpose=case.purpose,
                task=Task(case.task),
                risk_tier=RiskTier(case.risk_tier),
                risk_answers={asked: asked.value in case.risks for asked in RiskQuestion},
                lawful_basis=case.lawful_basis,
                affected_people=case.affected_people,
                human_oversight=case.human_oversight,
                applications=case.applications,
                currency=case.currency,
            )

    def protect(self, case: Case, days: float) -> None:
        """Declare what is protected in a use case, or why nothing is."""
        use_case = self.use_case(case)
        with self.store.reading() as view:
            if fair.declaration(view, use_case.id) is not None:
                return
        with self.acting("beatriz.sampaio", days) as uow:
            fairness.declare(
                uow,
                use_case.id,
                attributes=case.protected,
                none_reason=case.none_reason,
                favourable=case.favourable,
                preset=case.preset,
            )

    def follow_groups(self, case: Case, days: float) -> None:
        """Send who applied in a table of its own, that no model sees, so that groups are followed in the log."""
        use_case = self.use_case(case)
        with self.store.reading() as view:
            held = fair.declaration(view, use_case.id)
        if held is not None and held.dataset_id:
            return
        table = self.rows.frame[["application_id", *credit.PROTECTED]]
        stored = self.store.files.put_bytes(to_parquet(table))
        people_table = fairness.PeopleTable(
            digest=stored.digest,
            source_digest=stored.digest,
            name="applicants.parquet",
            rows=len(table),
            columns=infer(table),
            key="application_id",
            lawful_basis="legal_obligation",
        )
        with self.acting("beatriz.sampaio", days) as uow:
            fairness.declare(
                uow,
                use_case.id,
                attributes=case.protected,
                favourable=case.favourable,
                preset=case.preset,
                table=people_table,
            )
        self.work()

    def use_case(self, case: Case) -> UseCase:
        """A use case that has been defined."""
        with self.store.reading() as view:
            return registered.use_case(view, case.slug)

    def version(self, case: Case, file: str) -> Version | None:
        """The version that was made from a file, or none yet."""
        with self.store.reading() as view:
            use_case = registered.use_case(view, case.slug)
            found = registered.versions(view, use_case.id)
        return next((v for v in found if v.artifact_name == file), None)

    def upload(
        self,
        case: Case,
        make: Callable[[], Trained],
        file: str,
        *,
        by: str,
        days: float,
        model: str,
        note: str,
        threshold: float | None = None,
        card: Mapping[str, str] | None = None,
    ) -> None:
        """Upload a model and its table, submit, evaluate and explain it, and fill its card."""
        if self.version(case, file) is None:
            made = make()
            with self.acting(by, days) as uow:
                draft = intake.open_draft(uow)
            sent: tuple[tuple[FileKind, Path], ...] = (("artifact", made.model), ("table", made.table))
            for kind, path in sent:
                stored = self.store.files.put_path(path)
                intake.receive_file(self.store, self.actor(by), draft, kind, stored, path.name)
            facts = Submission(
                use_case=case.slug,
                label_column=made.label,
                positive_label=made.positive,
                operating_threshold=threshold,
                protected_columns=made.protected,
                model_name=model,
                note=note,
            )
            with self.acting(by, days) as uow:
                submit(uow, draft, facts)
        self.work()
        version = self.version(case, file)
        if card is None or version is None:
            return
        with self.store.reading() as view:
            filled = bool(registered.card_revisions(view, version.id))
        if not filled:
            with self.acting(by, days - 0.1) as uow:
                registry.edit_card(uow, version.id, card)

    def release(
        self,
        case: Case,
        file: str,
        environment: str,
        *,
        by: str,
        days: float,
        note: str,
        signatures: tuple[Signature, ...] = (),
    ) -> None:
        """Request a release, have its gates judged, and collect the signatures."""
        version = self.version(case, file)
        if version is None:
            raise LookupError(file)
        with self.store.reading() as view:
            asked = [
                r for r in released.releases(view, version_id=version.id) if r.environment == environment
            ]
        if asked:
            request = asked[0].id
        else:
            with self.acting(by, days) as uow:
                request = releases.request_release(
                    uow, version_id=version.id, environment=environment, note=note
                )
        self.work()
        for signature in signatures:
            with self.store.reading() as view:
                given = {s.person_id for s in released.signatures(view, request)}
                digest = released.rounds(view, request)[-1].snapshot_digest
            if self.ids[signature.by] in given:
                continue
            with self.acting(signature.by, signature.days) as uow:
                releases.sign(
                    uow,
                    request,
                    area=signature.area,
                    meaning=signature.meaning,
                    rationale=signature.rationale,
                    snapshot_digest=digest,
                    ticket=confirm_in_demo(uow, subject(request, digest)),
                )

    def send(
        self, case: Case, file: str, kind: str, make: Callable[[], pd.DataFrame], *, days: float
    ) -> None:
        """Send a batch of predictions or labels in the name of operations; one that was sent stays as it is."""
        version = self.version(case, file)
        if version is None:
            raise LookupError(file)
        moment = self.at(days)
        with self.store.reading() as view:
            sent = monitored.batches(view, version.id, limit=100)
        if any(batch.kind == kind and batch.received_at >= moment for batch in sent):
            return
        path = self.folder / "batch.parquet"
        make().to_parquet(path, index=False)
        self.clock.turn(moment)
        stored = self.store.files.put_path(path)
        monitoring.take(
            self.store, self.actor("tomasz.wilk"), version.id, BatchKind(kind), stored.digest, "parquet"
        )
