"""The cast of the demo: people of an invented lender and clinic group, its use cases, and what they wrote.

Names are common ones in Brazil and in Europe, joined at random; addresses end in `.example`, which nobody
can own.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Member:
    """Somebody who works there."""

    key: str
    name: str
    roles: tuple[str, ...]
    language: str = "en"

    @property
    def email(self) -> str:
        return f"{self.key}@demo.example"


PEOPLE: tuple[Member, ...] = (
    Member("helena.prado", "Helena Prado", ("administrator",), "pt_BR"),
    Member("rafael.moreira", "Rafael Moreira", ("data_scientist",), "pt_BR"),
    Member("ingrid.lindqvist", "Ingrid Lindqvist", ("data_scientist",)),
    Member("camila.nogueira", "Camila Nogueira", ("operations",), "pt_BR"),
    Member("tomasz.wilk", "Tomasz Wilk", ("operations",)),
    Member("beatriz.sampaio", "Beatriz Sampaio", ("compliance",), "pt_BR"),
    Member("lukas.brandt", "Lukas Brandt", ("compliance",)),
    Member("marcelo.teixeira", "Marcelo Teixeira", ("business",), "pt_BR"),
    Member("chiara.ricci", "Chiara Ricci", ("business",)),
    Member("joana.figueiredo", "Joana Figueiredo", ("validator",), "pt_BR"),
    Member("anders.holm", "Anders Holm", ("validator",)),
    Member("pedro.antunes", "Pedro Antunes", ("viewer",), "pt_BR"),
)


@dataclass(frozen=True)
class Case:
    """A use case, as its owner would describe it."""

    slug: str
    title: str
    purpose: str
    owner: str
    task: str
    risk_tier: str
    risks: tuple[str, ...]
    lawful_basis: str
    affected_people: str
    human_oversight: str
    applications: tuple[str, ...]
    protected: tuple[str, ...] = ()
    none_reason: str = ""
    favourable: str = ""
    preset: str = "four_fifths"
    currency: str = "BRL"


CREDIT = Case(
    slug="credit",
    title="Consumer credit",
    purpose="Estimate the probability that an applicant falls 90 days behind, to price and decide personal loans.",
    owner="marcelo.teixeira",
    task="binary",
    risk_tier="high",
    risks=("listed", "rights", "automated", "profiling", "people"),
    lawful_basis="credit_protection",
    affected_people="Adults in Brazil who apply for a personal loan.",
    human_oversight="An analyst decides every refusal above R$ 20,000 and every request for review.",
    applications=("Loan origination", "Branch counter", "App"),
    protected=("sex", "age_band", "region"),
    favourable="0",
    preset="brazil",
)
TUMOUR = Case(
    slug="tumour-triage",
    title="Tumour triage",
    purpose="Flag fine-needle samples that a pathologist should read first.",
    owner="chiara.ricci",
    task="binary",
    risk_tier="high",
    risks=("listed", "rights", "people", "sensitive"),
    lawful_basis="health",
    affected_people="Patients of the clinic group who had a breast sample taken.",
    human_oversight="A pathologist reads every sample; the model only orders the queue.",
    applications=("Pathology worklist",),
    none_reason="Samples carry no attribute of the patient; the public data set was stripped of them.",
    currency="EUR",
)
PROGRESSION = Case(
    slug="diabetes-progression",
    title="Diabetes progression",
    purpose="Forecast disease progression after one year, to plan the number of check-ups.",
    owner="chiara.ricci",
    task="regression",
    risk_tier="limited",
    risks=("people", "sensitive"),
    lawful_basis="health",
    affected_people="Patients in the diabetes programme.",
    human_oversight="A nurse confirms or changes every planned check-up.",
    applications=("Check-up planning",),
    protected=("sex",),
    preset="eu",
    currency="EUR",
)
CASES: tuple[Case, ...] = (CREDIT, TUMOUR, PROGRESSION)

CREDIT_CARD: Mapping[str, str] = {
    "model.contact": "Credit models team, via the owner of the use case.",
    "use.out_of_scope": "Business loans, credit lines, collections, and applicants below 18.",
    "data.training": "Applications of earlier months whose outcome after 90 days is known; see the note.",
    "limits.limitations": (
        "Thin files (no card history) are judged with less certainty. Rates above those of the training months are "
        "extrapolated."
    ),
    "limits.ethics": "Sex, age band and region are no features; parity between them is measured on the evaluation table.",
    "limits.maintenance": "Fitted again when drift or performance leaves its band, at least every six months.",
}
CLINIC_CARD: Mapping[str, str] = {
    "model.contact": "Clinical analytics, via the owner of the use case.",
    "use.out_of_scope": "Diagnosis without a clinician, and patients of other clinics.",
    "data.training": "60 % of the public data set bundled with scikit-learn; the rest is the evaluation table.",
    "limits.limitations": "A small public sample from one place and time.",
    "limits.ethics": "The model orders or plans work; it withholds nothing from a patient.",
    "limits.maintenance": "Reviewed every year.",
}


@dataclass(frozen=True)
class Goal:
    """A KPI as somebody defines it; shares of one where the unit is %."""

    case: Case
    name: str
    question: str
    by: str
    metric: str
    unit: str
    direction: str
    target: float
    warning: float
    critical: float
    minimum_n: int
    formula: str = ""
    kind: str = "model"
    segment: str = ""
    money_columns: tuple[str, ...] = ()


SECONDS: Mapping[str, str] = {
    "marcelo.teixeira": "chiara.ricci",
    "tomasz.wilk": "camila.nogueira",
    "chiara.ricci": "marcelo.teixeira",
}
"""Who puts in force what the other of the area proposed."""

GOALS: tuple[Goal, ...] = (
    Goal(
        CREDIT,
        "Refusal share",
        "How many applications does the model send away?",
        "marcelo.teixeira",
        "predicted_positive",
        "%",
        "lower",
        0.21,
        0.25,
        0.30,
        300,
    ),
    Goal(
        CREDIT,
        "Ranking of risk",
        "Does it still put those who default before those who pay?",
        "tomasz.wilk",
        "roc_auc",
        "",
        "higher",
        0.84,
        0.82,
        0.78,
        300,
    ),
    Goal(
        CREDIT,
        "Defaults caught",
        "Of ten who default, how many did it see?",
        "marcelo.teixeira",
        "recall",
        "%",
        "higher",
        0.60,
        0.55,
        0.45,
        80,
    ),
    Goal(
        CREDIT,
        "Applications scored",
        "Does the volume that was planned come in?",
        "tomasz.wilk",
        "rows",
        "",
        "higher",
        1350,
        1250,
        1200,
        1200,
    ),
    Goal(
        TUMOUR,
        "Malignant samples flagged",
        "Of ten malignant samples, how many are read first?",
        "chiara.ricci",
        "recall",
        "%",
        "higher",
        0.97,
        0.95,
        0.90,
        30,
    ),
)

PROFIT = Goal(
    CREDIT,
    "Profit of lending",
    "What do the loans that the model lets through earn, after losses?",
    "tomasz.wilk",
    "",
    "BRL",
    "higher",
    1_000_000.0,
    800_000.0,
    400_000.0,
    300,
    formula="sum(case when predicted_positive then 0 when actual_positive then -0.45 * amount else 0.19 * amount end)",
    kind="business",
    segment="channel",
    money_columns=("amount",),
)
"""Defined once the first version is there: its formula reads the columns of the log."""

WORTH: Mapping[str, str] = {"tp": "0", "fp": "0", "tn": "0.19 * amount", "fn": "-0.45 * amount"}
"""What a decision on an application is worth: interest over the term, or what is not paid back."""

READ: Mapping[str, str] = {
    "camila.nogueira": "Ran it beside the desk for a week: queue times hold and the reasons can be read out to a client.",
    "tomasz.wilk": "Latency and volume are inside what the counter needs; fallback to the manual rules was rehearsed.",
    "beatriz.sampaio": "Lawful basis and card are complete; parity between groups was read against the policy's band.",
    "lukas.brandt": "Checked purpose, data minimisation and the text of the notice; no open finding.",
    "marcelo.teixeira": "Expected loss at the same approval rate is lower than today; the cut-off keeps our volume.",
    "chiara.ricci": "Fits the plan for the programme; the owner of the process agrees with the cut-off.",
    "joana.figueiredo": "Recomputed the metrics and their intervals from the table; they agree to the third place.",
    "anders.holm": "Repeated the evaluation independently; calibration and ranking are as stated.",
}
"""What they wrote under their signatures."""


LOG_DAYS = 3650
"""How long rows of the credit log are kept: loans of up to five years, and five years after they end."""

CREDIT_ANSWERS: Mapping[str, str] = {
    "necessity": (
        "Income, debts and payment history show whether a loan can be paid back. Without them every "
        "applicant would get the price of the worst. Name, address and phone are not used."
    ),
    "retention": (
        "Applications and scores are kept for five years after the loan ends, as the supervisor asks, "
        "then deleted."
    ),
    "risks_people": (
        "A wrong refusal keeps a person from credit they could repay (possible, moderate). A proxy for "
        "region or sex could put a group at a disadvantage (possible, grave). A leak would expose income "
        "and debts (unlikely, grave)."
    ),
    "measures": (
        "Refusals near the limit are looked at by the credit desk. Results by sex, age band and region "
        "are measured with intervals at each release. Predictions are logged under pseudonyms. What "
        "remains is accepted by the owner."
    ),
    "security": (
        "Access by role with a second person for each release, encryption at rest, keys apart from "
        "backups, a log that proves itself."
    ),
    "consultation": (
        "The data protection officer and two consumer advisers of the branch network were heard in "
        "workshops; they asked for reasons in plain words, which letters now give."
    ),
    "controller": (
        "Ipê Crédito S.A., São Paulo. The data protection officer answers at encarregado@ipe.example."
    ),
}
"""What compliance answered for the impact report of the credit use case."""


REASON = "Olhamos a sua renda e as suas dívidas de novo. A soma das parcelas passa do que a renda paga."
"""Why a refusal stood, as the letter says it."""
ATTESTED = (
    "I read the model card, the last alerts and the open findings of the quarter, and spoke with the credit desk."
    " The use case still is what it says."
)
"""What independent validation attested."""
