"""Gather the facts that documents tell, each line with what it speaks of, in the language that is spoken."""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlmodel import Session

from core.assets.datasets import queries as datasets
from core.assets.intake import queries as intake
from core.assets.registry import UseCase, Version
from core.assets.registry import queries as registry
from core.assets.registry.lawful_basis import basis_name
from core.assets.registry.risk import questionnaire
from core.assets.registry.usecase import RISK_NAMES
from core.assets.registry.version import STATE_NAMES
from core.assurance.compliance import queries
from core.assurance.compliance.document import Fact, Line
from core.assurance.compliance.facts import Clocks
from core.assurance.compliance.known_facts import FACTS
from core.assurance.reviews import queries as reviews
from core.decisions.findings import queries as findings
from core.decisions.releases import queries as releases
from core.decisions.releases.gates import GATES, Verdict
from core.decisions.releases.quorum import MEANING_DONE
from core.decisions.releases.release import Deployment, GateResult
from core.decisions.releases.states import PRODUCTION
from core.evidence.explain import queries as explain
from core.evidence.fairness import queries as fairness
from core.evidence.fairness.words import gap_text
from core.evidence.kpis import queries as kpis
from core.evidence.kpis.definition import STATUS_NAMES
from core.evidence.monitoring import queries as monitoring
from core.evidence.robustness import queries as robustness
from core.evidence.robustness.shaking import KIND_NAMES, KIND_TEXTS
from core.i18n import N_, _, day, language, number, percent
from core.platform.access import queries as access
from core.platform.access.permissions import ROLE_NAMES, Role

MOST = 40
_VERDICTS = {
    Verdict.PASSED: N_("passed"),
    Verdict.FAILED: N_("failed"),
    Verdict.NOT_AVAILABLE: N_("no evidence"),
}


class Facts:
    """The facts of one use case and one version of it; the version is the live one, else the newest evaluated one."""

    def __init__(self, session: Session, case: UseCase, version: Version | None, now: datetime) -> None:
        self._session = session
        self._case = case
        self._version = version
        self._now = now
        self._live = releases.live_deployment(session, case.id, PRODUCTION)
        people = {case.owner_id} | ({version.author_id} if version else set())
        self._names = access.names(session, people)

    def all(self) -> Mapping[str, Fact]:
        """Return every known fact under its id; one without lines is missing."""
        found = self._of_case() | self._of_people()
        if self._version is not None:
            found |= self._of_version(self._version) | self._of_card(self._version)
            found |= self._of_operation(self._version)
        found |= self._of_decision()
        return {name: Fact(_(label), found.get(name, ())) for name, label in FACTS.items()}

    def _case_line(self, text: str, author: str = "") -> tuple[Line, ...]:
        return (Line(text, "use_case", self._case.id, author),) if text.strip() else ()

    def _version_line(self, text: str, author: str = "") -> tuple[Line, ...]:
        if self._version is None or not text.strip():
            return ()
        return (Line(text, "version", self._version.id, author),)

    def _of_case(self) -> dict[str, tuple[Line, ...]]:
        case = self._case
        answered = [
            f"{asked.text[language()]} {_('yes') if case.risk_answers[asked.id] else _('no')} ({asked.source})"
            for asked in questionnaire().questions
            if asked.id in case.risk_answers
        ]
        return {
            "use_case.title": self._case_line(case.title),
            "use_case.purpose": self._case_line(case.purpose),
            "use_case.owner": self._case_line(self._names.get(case.owner_id, ""), case.owner_id),
            "use_case.affected": self._case_line(case.affected_people),
            "use_case.lawful_basis": self._case_line(_(basis_name(case.lawful_basis))),
            "use_case.oversight": self._case_line(case.human_oversight),
            "use_case.applications": self._case_line(", ".join(case.applications)),
            "use_case.risk": self._case_line(_(RISK_NAMES[case.risk_tier])),
            "use_case.risk_answers": tuple(Line(text, "use_case", case.id) for text in answered),
            "declaration.not_ours": self._case_line(
                _("Drawn up and signed by the provider outside Aval; it is not generated here.")
            ),
        }

    def _of_people(self) -> dict[str, tuple[Line, ...]]:
        signed = queries.attestations(self._session, self._case.id)
        lines: tuple[Line, ...] = ()
        if signed:
            words = _("Holds until {day}", day=day(signed[0].until))
            lines = self._case_line(f"{signed[0].statement} ({words})", signed[0].signed_by)
        duties = queries.duty_clocks(self._session, self._now).get(self._case.id)
        told = _("No incident obliged to tell anybody.") if duties is None else _counted(duties)
        asked = [
            c for (case, _k), c in reviews.clocks(self._session, self._now).items() if case == self._case.id
        ]
        counted = Clocks(*(sum(each) for each in zip(*asked, strict=True))) if asked else None
        requests = _("Nobody has asked anything yet.") if counted is None else _counted(counted)
        return {
            "attestation.latest": lines,
            "incidents.summary": self._case_line(told),
            "requests.summary": self._case_line(requests),
        }

    def _of_version(self, version: Version) -> dict[str, tuple[Line, ...]]:
        session = self._session
        table = datasets.datasets(session, [version.dataset_id]).get(version.dataset_id)
        history = [
            Line(
                _(
                    "Version {n} of {day}: {state}",
                    n=v.number,
                    day=day(v.created_at),
                    state=_(STATE_NAMES[v.state]),
                ),
                "version",
                v.id,
            )
            for v in registry.versions(session, self._case.id)[:MOST]
        ]
        said = queries.modification(session, version.id)
        modification = ""
        if said is not None:
            word = (
                _("A substantial modification") if said.substantial else _("Not a substantial modification")
            )
            modification = f"{word}: {said.reason}"
        return {
            "dataset.lawful_basis": self._version_line(_(basis_name(table.lawful_basis)) if table else ""),
            "version.author": self._version_line(self._names.get(version.author_id, ""), version.author_id),
            "versions.history": tuple(history),
            "modification.answer": self._version_line(modification, said.answered_by if said else ""),
            "explanation.summary": self._version_line(self._explanation(version)),
            "fairness.groups": self._fairness(version),
            "robustness.summary": self._robustness(version),
        }

    def _explanation(self, version: Version) -> str:
        found = explain.explanation(self._session, version.id)
        if found is None:
            return ""
        names = ", ".join(i.feature for i in found.importance[:5])
        return _(
            "{rows} rows explained; largest error against the model {error}; most weight: {names}.",
            rows=number(found.rows),
            error=f"{found.max_error:.1e}",
            names=names,
        )

    def _fairness(self, version: Version) -> tuple[Line, ...]:
        found = fairness.measured(self._session, version.id)
        if found is None:
            return ()
        told = [gap_text(p.attributes, gap) for p in found.report.single for gap in p.gaps]
        return tuple(Line(text, "version", version.id) for text in told[:MOST])

    def _robustness(self, version: Version) -> tuple[Line, ...]:
        found = robustness.shaken(self._session, version.id)
        if found is None:
            return ()
        told = [
            _(
                "{kind}, {level}: the metric drops by {drop} [{low}; {high}]",
                kind=_(KIND_NAMES[line.kind]),
                level=_(KIND_TEXTS[line.kind], level=percent(line.level, 0)),
                drop=number(line.drop.value, 3),
                low=number(line.drop.low, 3),
                high=number(line.drop.high, 3),
            )
            for line in found.report.lines
            if line.drop is not None
        ]
        return tuple(Line(text, "version", version.id) for text in told[:MOST])

    def _of_card(self, version: Version) -> dict[str, tuple[Line, ...]]:
        card = intake.card(self._session, version.id)
        return {
            f"card.{f.field.id}": tuple(
                Line(line, "version", version.id) for line in f.value.splitlines() if line.strip()
            )
            for section in card.sections
            for f in section.fields
        }

    def _of_operation(self, version: Version) -> dict[str, tuple[Line, ...]]:
        session = self._session
        covered = monitoring.coverage(session, version.id)
        seen = ""
        if covered is not None:
            seen = _(
                "{rows} predictions from {first} to {last}, {labelled} of them with an outcome.",
                rows=number(covered.rows),
                first=day(covered.first),
                last=day(covered.last),
                labelled=number(covered.labelled),
            )
        defined = kpis.kpis(session, self._case.id)
        scores = kpis.scoreboard(session, self._case.id)
        return {
            "monitoring.summary": self._version_line(seen),
            "kpis.definitions": tuple(
                Line(f"{k.definition.name}: {k.definition.question}", "kpi", k.id) for k in defined[:MOST]
            ),
            "kpis.observed": tuple(
                Line(
                    _(
                        "{name}: {value} ({status}, {n} rows)",
                        name=s.kpi.definition.name,
                        value="–" if s.latest.value is None else number(s.latest.value, 4),
                        status=_(STATUS_NAMES[s.latest.status]),
                        n=number(s.latest.n),
                    ),
                    "kpi",
                    s.kpi.id,
                )
                for s in scores[:MOST]
                if s.latest is not None
            ),
            "findings.open": tuple(
                Line(_("{title} (due {day})", title=f.title, day=day(f.due_at)), "finding", f.id)
                for f in findings.findings(session, version.id)[:MOST]
            )
            or self._version_line(_("No finding was opened on this version.")),
        }

    def _of_decision(self) -> dict[str, tuple[Line, ...]]:
        if self._live is None:
            return {}
        live: Deployment = self._live
        release = releases.release(self._session, live.request_id)
        rounds = releases.rounds(self._session, release.id)
        gates = releases.gates(self._session, rounds[-1].id) if rounds else ()
        signed = releases.signatures(self._session, release.id)
        names = access.names(self._session, {s.person_id for s in signed})
        policy = releases.policy(self._session, release.policy_digest)

        def about(text: str, author: str = "") -> Line:
            return Line(text, "release", release.id, author)

        return {
            "decision.policy": (about(f"{policy.name} {policy.version} ({release.policy_digest[:12]}…)"),),
            "decision.gates": tuple(about(_gate(g)) for g in gates),
            "decision.signatures": tuple(
                about(
                    _(
                        "{name}, {area}: {meaning} on {day}",
                        name=names.get(s.person_id, s.person_id),
                        area=_(ROLE_NAMES[Role(s.area)]),
                        meaning=_(MEANING_DONE[s.meaning]).lower(),
                        day=day(s.signed_at),
                    ),
                    s.person_id,
                )
                for s in signed
            ),
        }


def _counted(clocks: Clocks) -> str:
    return _(
        "{open} open, {overdue} past the deadline; {in_time} answered in time, {late} late.",
        open=number(clocks.open),
        overdue=number(clocks.overdue),
        in_time=number(clocks.in_time),
        late=number(clocks.late),
    )


def _gate(result: GateResult) -> str:
    verdict = result.verdict
    text = f"{_(GATES[verdict.kind].name)}: {_(_VERDICTS[verdict.verdict])}"
    if verdict.measured is None:
        return text
    write: Callable[[float], str] = (
        (lambda v: percent(v, 1)) if verdict.unit == "share" else (lambda v: number(v, 4))
    )
    measured = write(verdict.measured)
    if verdict.low is not None and verdict.high is not None:
        measured += f" [{write(verdict.low)}; {write(verdict.high)}]"
    limit = "" if verdict.limit is None else _(", limit {limit}", limit=write(verdict.limit))
    return f"{text} ({measured}{limit})"
