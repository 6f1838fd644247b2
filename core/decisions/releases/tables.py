"""Rows of policies, sealed thresholds, requests and their rounds, gate results, votes and deployments."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from core.platform.store.columns import json_column, utc


class PolicyRow(SQLModel, table=True):
    """A published policy; never changed. The digest is of `text`."""

    __tablename__ = "release_policy"
    __table_args__ = (UniqueConstraint("tier", "environment", "version"),)

    digest: str = Field(primary_key=True)
    name: str
    version: str
    tier: str
    environment: str
    text: str
    published_by: str
    published_at: datetime = Field(sa_column=utc(index=True))


class SealedRow(SQLModel, table=True):
    """The gate thresholds of one version for one environment, fixed before its evaluation started."""

    __tablename__ = "sealed_threshold"
    __table_args__ = (UniqueConstraint("version_id", "environment", "policy_digest"),)

    id: str = Field(primary_key=True)
    version_id: str = Field(foreign_key="model_version.id", index=True)
    environment: str
    policy_digest: str = Field(foreign_key="release_policy.digest")
    thresholds: dict[str, Any] = Field(sa_column=json_column())
    digest: str
    sealed_at: datetime = Field(sa_column=utc())


_OPEN = text("state IN ('submitted', 'in_review', 'changes_requested')")


class RequestRow(SQLModel, table=True):
    """A request to make a version live; the aggregate that every decision locks first."""

    __tablename__ = "release_request"
    __table_args__ = (
        Index(
            "one_open_request",
            "version_id",
            "environment",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
    )

    id: str = Field(primary_key=True)
    use_case_id: str = Field(foreign_key="use_case.id", index=True)
    version_id: str = Field(foreign_key="model_version.id", index=True)
    environment: str
    state: str = Field(index=True)
    round: int
    policy_digest: str = Field(foreign_key="release_policy.digest")
    note: str
    requested_by: str
    requested_at: datetime = Field(sa_column=utc())
    due_at: datetime = Field(sa_column=utc())
    closed_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    approved_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    expires_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    emergency: bool = False
    reminded_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    escalated_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))


class RoundRow(SQLModel, table=True):
    """One round of a request, bound to the snapshot of the facts that it decides on."""

    __tablename__ = "release_round"
    __table_args__ = (UniqueConstraint("request_id", "number"),)

    id: str = Field(primary_key=True)
    request_id: str = Field(foreign_key="release_request.id", index=True)
    number: int
    snapshot: dict[str, Any] = Field(sa_column=json_column())
    snapshot_digest: str
    opened_by: str
    opened_at: datetime = Field(sa_column=utc())
    judged_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))


class GateRow(SQLModel, table=True):
    """What one gate found in one run of the checks; later runs add rows, none is overwritten."""

    __tablename__ = "gate_result"
    __table_args__ = (UniqueConstraint("round_id", "run", "kind"),)

    id: str = Field(primary_key=True)
    round_id: str = Field(foreign_key="release_round.id", index=True)
    run: int
    position: int
    kind: str
    verdict: str
    blocks: bool
    metric: str
    measured: float | None
    low: float | None
    high: float | None
    n: int
    limit: float | None
    comparison: str
    unit: str
    reason: str
    said: str
    evidence_kind: str
    evidence_id: str
    judged_at: datetime = Field(sa_column=utc())


_DELEGATED = text("on_behalf_of <> ''")


class VoteRow(SQLModel, table=True):
    """One person's signature in one round: name, time and meaning, bound to the snapshot.

    `deciding` is false for "reviewed", which counts for no seat; `on_behalf_of` names who delegated.
    """

    __tablename__ = "release_vote"
    __table_args__ = (
        UniqueConstraint("round_id", "person_id", "deciding"),
        Index(
            "one_vote_per_delegation",
            "round_id",
            "on_behalf_of",
            unique=True,
            sqlite_where=_DELEGATED,
            postgresql_where=_DELEGATED,
        ),
    )

    id: str = Field(primary_key=True)
    round_id: str = Field(foreign_key="release_round.id", index=True)
    request_id: str = Field(foreign_key="release_request.id", index=True)
    person_id: str = Field(index=True)
    area: str
    meaning: str
    rationale: str
    snapshot_digest: str
    signed_at: datetime = Field(sa_column=utc())
    deciding: bool = True
    on_behalf_of: str = ""
    confirmed_by: str = ""
    opened: list[str] | None = Field(default=None, sa_column=json_column(nullable=True))


class EvidenceViewRow(SQLModel, table=True):
    """That a person who may sign opened a part of a version's evidence, first and last."""

    __tablename__ = "evidence_view"

    version_id: str = Field(primary_key=True, foreign_key="model_version.id")
    person_id: str = Field(primary_key=True)
    part: str = Field(primary_key=True)
    first_at: datetime = Field(sa_column=utc())
    last_at: datetime = Field(sa_column=utc(index=True))


_LIVE = text("ended_at IS NULL")


class DeploymentRow(SQLModel, table=True):
    """A version's time in an environment; at most one without an end per use case and environment."""

    __tablename__ = "deployment"
    __table_args__ = (
        Index(
            "one_live_deployment",
            "use_case_id",
            "environment",
            unique=True,
            sqlite_where=_LIVE,
            postgresql_where=_LIVE,
        ),
    )

    id: str = Field(primary_key=True)
    use_case_id: str = Field(foreign_key="use_case.id", index=True)
    environment: str
    version_id: str = Field(foreign_key="model_version.id", index=True)
    request_id: str = Field(foreign_key="release_request.id", index=True)
    artifact_digest: str
    started_by: str
    started_at: datetime = Field(sa_column=utc())
    ended_by: str = ""
    ended_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    end_reason: str = ""
    end_note: str = ""


class ConditionRow(SQLModel, table=True):
    """What an approval asks to be done by a day; an overdue one suspends what was approved."""

    __tablename__ = "release_condition"

    id: str = Field(primary_key=True)
    request_id: str = Field(foreign_key="release_request.id", index=True)
    vote_id: str = Field(foreign_key="release_vote.id")
    text: str
    owner_id: str
    due_at: datetime = Field(sa_column=utc())
    set_by: str
    set_at: datetime = Field(sa_column=utc())
    met_by: str = ""
    met_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    met_note: str = ""


class DelegationRow(SQLModel, table=True):
    """One person's seat in an area, lent to another until a day."""

    __tablename__ = "release_delegation"

    id: str = Field(primary_key=True)
    person_id: str = Field(index=True)
    delegate_id: str = Field(index=True)
    area: str
    reason: str
    starts_at: datetime = Field(sa_column=utc())
    ends_at: datetime = Field(sa_column=utc())
    ended_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))


class ArtifactCheckRow(SQLModel, table=True):
    """What re-hashing a live file found, from `first_at` to `last_at`; another result is another row."""

    __tablename__ = "artifact_check"

    id: str = Field(primary_key=True)
    deployment_id: str = Field(foreign_key="deployment.id", index=True)
    found_digest: str
    ok: bool
    first_at: datetime = Field(sa_column=utc())
    last_at: datetime = Field(sa_column=utc())


class StandingRow(SQLModel, table=True):
    """From when a deployment's approval was worth what, and why; written by the sweep when it changes."""

    __tablename__ = "deployment_standing"

    id: str = Field(primary_key=True)
    deployment_id: str = Field(foreign_key="deployment.id", index=True)
    worth: str
    reasons: list[str] = Field(sa_column=json_column())
    at: datetime = Field(sa_column=utc())


class DebtRow(SQLModel, table=True):
    """The review that an emergency release owes: by whom, until when, and what it said."""

    __tablename__ = "release_debt"

    id: str = Field(primary_key=True)
    request_id: str = Field(foreign_key="release_request.id", unique=True)
    use_case_id: str = Field(foreign_key="use_case.id")
    environment: str
    reason: str
    reviewer_id: str = Field(index=True)
    opened_by: str
    opened_at: datetime = Field(sa_column=utc())
    due_at: datetime = Field(sa_column=utc())
    confirmed_by: str = ""
    paid_by: str = ""
    paid_at: datetime | None = Field(default=None, sa_column=utc(nullable=True, index=True))
    upheld: bool | None = None
    finding: str = ""


class GateCheckRow(SQLModel, table=True):
    """The gates of a version for an environment, judged on demand; decides nothing."""

    __tablename__ = "gate_check"

    id: str = Field(primary_key=True)
    version_id: str = Field(foreign_key="model_version.id", index=True)
    environment: str
    policy_digest: str
    asked_by: str
    asked_at: datetime = Field(sa_column=utc())
    judged_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    verdicts: list[dict[str, Any]] = Field(sa_column=json_column())


class ChampionAnswersRow(SQLModel, table=True):
    """A live version's predictions on the table that another version was evaluated on."""

    __tablename__ = "champion_answers"

    version_id: str = Field(primary_key=True, foreign_key="model_version.id")
    champion: str = Field(foreign_key="model_version.id")
    table_digest: str
    predictions_digest: str
    made_at: datetime = Field(sa_column=utc())
