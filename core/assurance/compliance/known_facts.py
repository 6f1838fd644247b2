"""The facts that a document may name, with their labels: a template that names another one is refused."""

from collections.abc import Mapping

from core.assets.registry.card import SECTIONS
from core.i18n import N_

_CARD = {f"card.{field.id}": field.label for section in SECTIONS for field in section.fields}

FACTS: Mapping[str, str] = _CARD | {
    "use_case.title": N_("Use case"),
    "use_case.purpose": N_("Purpose"),
    "use_case.owner": N_("Owner"),
    "use_case.affected": N_("Affected people"),
    "use_case.lawful_basis": N_("Lawful basis"),
    "use_case.oversight": N_("Human oversight"),
    "use_case.applications": N_("Consuming applications"),
    "use_case.risk": N_("Risk tier"),
    "use_case.risk_answers": N_("Answers behind the tier"),
    "dataset.lawful_basis": N_("Lawful basis of the data"),
    "version.author": N_("Submitted by"),
    "versions.history": N_("Versions"),
    "modification.answer": N_("Substantial modification"),
    "decision.policy": N_("Policy"),
    "decision.gates": N_("Gates of the decision"),
    "decision.signatures": N_("Signatures"),
    "explanation.summary": N_("Explanation"),
    "fairness.groups": N_("Results by group"),
    "robustness.summary": N_("Under disturbed inputs"),
    "monitoring.summary": N_("Monitoring"),
    "monitoring.alerts": N_("Alerts"),
    "kpis.definitions": N_("KPIs and their targets"),
    "kpis.observed": N_("KPIs as observed"),
    "findings.open": N_("Findings"),
    "incidents.summary": N_("Incidents"),
    "requests.summary": N_("Requests of people"),
    "attestation.latest": N_("Attestation"),
    "declaration.not_ours": N_("EU declaration of conformity"),
}
