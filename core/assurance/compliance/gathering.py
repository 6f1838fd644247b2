"""Gather the facts that controls judge, for one use case or for every one, in a fixed number of statements."""

from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any

from sqlmodel import Session

from core.assets.datasets import queries as datasets
from core.assets.intake import filled
from core.assets.intake import queries as intake
from core.assets.registry import UseCase, Version
from core.assets.registry import queries as registry
from core.assets.registry.lawful_basis import LawfulBasis
from core.assets.registry.risk import RiskQuestion
from core.assurance.compliance import queries
from core.assurance.compliance.facts import Clocks, Facts, HouseFacts
from core.assurance.reviews import queries as reviews
from core.assurance.reviews.request import Kind
from core.decisions.findings import queries as findings
from core.decisions.releases import decided as decisions
from core.decisions.releases.opened import opened_by_signers
from core.decisions.releases.oversight import looked
from core.evidence.explain import queries as explain
from core.evidence.fairness import queries as fairness
from core.evidence.monitoring import queries as monitoring
from core.evidence.robustness import queries as robustness
from core.platform.access import queries as access
from core.platform.audit import queries as audit


def house(session: Session) -> HouseFacts:
    """Return what holds for the whole installation."""
    size, _root = audit.head(session)
    kept = audit.checkpoints(session)
    outside = next((c for c in kept if c.places), None)
    return HouseFacts(
        log_size=size,
        sealed_size=outside.size if outside else 0,
        checkpoint_at=kept[0].time if kept else None,
        access_reviewed_at=access.last_access_review(session),
    )


def facts(session: Session, now: datetime, use_case_id: str | None = None) -> tuple[Facts, ...]:
    """Return the facts of every use case by title, or of one."""
    cases = [c for c in registry.use_cases(session) if use_case_id in {None, c.id}]
    live = decisions.decided(session)
    newest = {v.use_case_id: v for v in registry.newest_ready(session)}
    wanted = {d.version_id for d in live.values()} - {v.id for v in newest.values()}
    versions = {v.id: v for v in (*newest.values(), *registry.versions_by_id(session, wanted))}
    chosen = {c.id: versions[live[c.id].version_id] if c.id in live else newest.get(c.id) for c in cases}
    ids = {v.id for v in chosen.values() if v is not None}
    known = _Known(session, now, ids, {v.dataset_id for v in chosen.values() if v is not None})
    return tuple(known.of(case, chosen[case.id], live.get(case.id)) for case in cases)


class _Known:
    """Everything that was read, by id, before any use case is put together."""

    def __init__(self, session: Session, now: datetime, versions: set[str], tables: set[str]) -> None:
        self.tables = datasets.datasets(session, tables)
        self.measured = intake.measured(session, versions)
        self.typed = registry.typed_cards(session, versions)
        self.sealed = decisions.first_sealed(session, versions)
        self.ruled = decisions.ruled_tiers(session)
        self.usable = explain.usable(session, versions)
        self.fair = fairness.reported(session)
        self.shaken = robustness.made(session, versions)
        self.watched = monitoring.health(session)
        self.realised = monitoring.realised(session, versions)
        self.findings = findings.counts(session, now)
        self.duties = queries.duty_clocks(session, now)
        self.asked = reviews.clocks(session, now)
        self.documents = queries.documents_held(session)
        self.attested = queries.attested(session)
        self.modified = queries.answered_modifications(session)
        self.opened = opened_by_signers(session)
        self.logs = monitoring.log_settings(session)

    def of(self, case: UseCase, version: Version | None, live: decisions.Decided | None) -> Facts:
        """Put one use case together."""
        found = Facts(
            use_case_id=case.id,
            slug=case.slug,
            title=case.title,
            tier=case.risk_tier.value,
            tier_answered=bool(case.risk_answers),
            owner_id=case.owner_id,
            purpose=case.purpose,
            lawful_basis=case.lawful_basis,
            affected_people=case.affected_people,
            human_oversight=case.human_oversight,
            personal_data=None if case.lawful_basis != LawfulBasis.NO_PERSONAL_DATA else False,
            automated=bool(case.risk_answers.get(RiskQuestion.AUTOMATED)),
            policy_in_force=case.risk_tier.value in self.ruled,
            live=live is not None,
            signatures=len(live.signers) if live else 0,
            areas=frozenset(area for _person, area in live.signers) if live else frozenset(),
            emergency_unpaid=live is not None and live.unpaid,
            looked_before_signing=_looked(self.opened.get(case.id, [])) if live else None,
            findings_open=self.findings.get(case.id, (0, 0))[0],
            findings_overdue=self.findings.get(case.id, (0, 0))[1],
            incidents=self.duties.get(case.id, Clocks()),
            requests=self._clocks(case.id, Kind.ACCESS, Kind.CORRECTION),
            reviews=self._clocks(case.id, Kind.EXPLANATION, Kind.REVIEW),
            erasures=self._clocks(case.id, Kind.ERASURE),
            documents=self.documents.get(case.id, {}),
            attested_until=self.attested.get(case.id),
            retention_days=self.logs[case.id].keep_days if case.id in self.logs else None,
        )
        return found if version is None else replace(found, **self._of_version(case, version))

    def _clocks(self, use_case_id: str, *kinds: Kind) -> Clocks:
        counted = [self.asked.get((use_case_id, kind), (0, 0, 0, 0)) for kind in kinds]
        return Clocks(*(sum(each) for each in zip(*counted, strict=True)))

    def _of_version(self, case: UseCase, version: Version) -> dict[str, Any]:
        table = self.tables.get(version.dataset_id)
        measured, started = self.measured.get(version.id, (None, None))
        sealed = self.sealed.get(version.id)
        present = filled.present(version, case, table, measured, self.typed.get(version.id, {}))
        watched = self.watched.get(version.id)
        columns = version.table_columns
        return {
            "version_id": version.id,
            "version_number": version.number,
            "evidence_only": bool(version.score_column),
            "features": len(columns),
            "features_with_purpose": len(columns) - len(table.purposes_missing(columns)) if table else 0,
            "data_flags_confirmed": table is not None and table.flags_confirmed_at is not None,
            "data_basis": table.lawful_basis if table else "",
            "sensitive": len(table.sensitive) if table else 0,
            "data_sheet_share": filled.share(present, "data."),
            "card_share": filled.share(present),
            "sealed_first": None if sealed is None or started is None else sealed < started,
            "metrics": measured.metrics if measured else 0,
            "metrics_with_interval": measured.with_interval if measured else 0,
            "fairness_reported": version.id in self.fair,
            "robustness_at": self.shaken.get(version.id),
            "explanation_usable": self.usable.get(version.id),
            "last_prediction_at": datetime.combine(watched.last, time.max, UTC) if watched else None,
            "profiled": watched is not None,
            "realised_windows": self.realised.get(version.id, 0),
            "modification_answered": version.id in self.modified,
        }


def _looked(opened: list[list[str] | None]) -> int | None:
    """Count the signers who had opened the explanation; none where no signature recorded it."""
    recorded = [parts for parts in opened if parts is not None]
    return sum(looked(parts) for parts in recorded) if recorded else None
