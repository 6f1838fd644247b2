"""Who may do what: one table, read by commands, shown on a page."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

from core.errors import Refused
from core.i18n import N_, _


class Role(StrEnum):
    """What a person is in the organisation; one person may hold several."""

    ADMINISTRATOR = "administrator"
    DATA_SCIENTIST = "data_scientist"
    OPERATIONS = "operations"
    COMPLIANCE = "compliance"
    BUSINESS = "business"
    VALIDATOR = "validator"
    VIEWER = "viewer"


ROLE_NAMES: Mapping[Role, str] = {
    Role.ADMINISTRATOR: N_("Administrator"),
    Role.DATA_SCIENTIST: N_("Data scientist"),
    Role.OPERATIONS: N_("Operations"),
    Role.COMPLIANCE: N_("Compliance"),
    Role.BUSINESS: N_("Business"),
    Role.VALIDATOR: N_("Independent validation"),
    Role.VIEWER: N_("Viewer"),
}

AREAS: tuple[Role, ...] = (Role.OPERATIONS, Role.COMPLIANCE, Role.BUSINESS, Role.VALIDATOR)
"""The roles that vote on a release, each for its own area."""


class Permission(StrEnum):
    """One thing that a command may ask for."""

    VIEW = "view"
    DEFINE_USE_CASE = "use_case.define"
    UPLOAD_MODEL = "model.upload"
    DESCRIBE_DATA = "data.describe"
    REVIEW_NAMES = "model.review_names"
    RUN_EXPLANATION = "explanation.run"
    RUN_CHECKS = "checks.run"
    DEFINE_KPI = "kpi.define"
    APPROVE_KPI = "kpi.approve"
    SIGN_COSTS = "costs.sign"
    SEND_PREDICTIONS = "predictions.send"
    ACKNOWLEDGE_ALERT = "alert.acknowledge"
    PUBLISH_RULES = "rules.publish"
    OPEN_INCIDENT = "incident.open"
    OPEN_FINDING = "finding.open"
    COMMENT = "discussion.comment"
    REQUEST_RELEASE = "release.request"
    DECIDE_RELEASE = "release.decide"
    PROPOSE_RETRAINING = "retraining.propose"
    DECIDE_RETRAINING = "retraining.decide"
    SCORE = "model.score"
    PUBLISH_POLICY = "policy.publish"
    GOVERN_COMPLIANCE = "compliance.govern"
    ATTEST = "compliance.attest"
    ANSWER_FORM = "compliance.answer"
    TAKE_REVIEW = "review.take"
    DECIDE_REVIEW = "review.decide"
    ERASE_SUBJECT = "subject.erase"
    VERIFY_AUDIT = "audit.verify"
    SHARE = "share.create"
    OWN_TOKENS = "tokens.own"
    MANAGE_PEOPLE = "people.manage"
    MANAGE_SETTINGS = "settings.manage"


PERMISSION_NAMES: Mapping[Permission, str] = {
    Permission.VIEW: N_("See models, evidence and decisions"),
    Permission.DEFINE_USE_CASE: N_("Define a use case"),
    Permission.UPLOAD_MODEL: N_("Upload a model"),
    Permission.DESCRIBE_DATA: N_("Say what data is personal, and what it is for"),
    Permission.REVIEW_NAMES: N_("Review unknown names in a model file"),
    Permission.RUN_EXPLANATION: N_("Start an explanation"),
    Permission.RUN_CHECKS: N_("Start a check of fairness, robustness or errors"),
    Permission.DEFINE_KPI: N_("Define a KPI"),
    Permission.APPROVE_KPI: N_("Put a KPI of the own area in force"),
    Permission.SIGN_COSTS: N_("Sign what decisions are worth, and choose the threshold"),
    Permission.SEND_PREDICTIONS: N_("Send predictions and labels"),
    Permission.ACKNOWLEDGE_ALERT: N_("Acknowledge an alert"),
    Permission.PUBLISH_RULES: N_("Publish monitoring rules"),
    Permission.OPEN_INCIDENT: N_("Open and close an incident"),
    Permission.OPEN_FINDING: N_("Open a finding"),
    Permission.COMMENT: N_("Take part in conversations"),
    Permission.REQUEST_RELEASE: N_("Request a release"),
    Permission.DECIDE_RELEASE: N_("Decide on a release, for the own area"),
    Permission.PROPOSE_RETRAINING: N_("Propose a retraining"),
    Permission.DECIDE_RETRAINING: N_("Decide on a retraining, for the own area"),
    Permission.SCORE: N_("Ask the live version for predictions"),
    Permission.PUBLISH_POLICY: N_("Publish a policy"),
    Permission.GOVERN_COMPLIANCE: N_("Decide which laws are followed, make and approve their documents"),
    Permission.ATTEST: N_("Attest to a use case"),
    Permission.ANSWER_FORM: N_("Answer the questions of a document"),
    Permission.TAKE_REVIEW: N_("Take requests of affected people"),
    Permission.DECIDE_REVIEW: N_("Decide requests of affected people"),
    Permission.ERASE_SUBJECT: N_("Erase an affected person"),
    Permission.VERIFY_AUDIT: N_("Verify the audit trail"),
    Permission.SHARE: N_("Share KPIs with people outside by a link"),
    Permission.OWN_TOKENS: N_("Hold access tokens"),
    Permission.MANAGE_PEOPLE: N_("Manage people and roles"),
    Permission.MANAGE_SETTINGS: N_("Change settings"),
}

_P = Permission
_EVERYONE = frozenset({_P.VIEW, _P.VERIFY_AUDIT})
_TEAM = _EVERYONE | {
    _P.RUN_EXPLANATION,
    _P.RUN_CHECKS,
    _P.OPEN_FINDING,
    _P.ACKNOWLEDGE_ALERT,
    _P.OPEN_INCIDENT,
    _P.OWN_TOKENS,
    _P.COMMENT,
    _P.ANSWER_FORM,
    _P.TAKE_REVIEW,
    _P.PROPOSE_RETRAINING,
    _P.SCORE,
}

MATRIX: Mapping[Role, frozenset[Permission]] = {
    Role.ADMINISTRATOR: _TEAM | {_P.DEFINE_USE_CASE, _P.MANAGE_PEOPLE, _P.MANAGE_SETTINGS, _P.SHARE},
    Role.DATA_SCIENTIST: _TEAM
    | {
        _P.DEFINE_USE_CASE,
        _P.UPLOAD_MODEL,
        _P.DESCRIBE_DATA,
        _P.DEFINE_KPI,
        _P.APPROVE_KPI,
        _P.SEND_PREDICTIONS,
        _P.REQUEST_RELEASE,
        _P.DECIDE_RETRAINING,
    },
    Role.OPERATIONS: _TEAM
    | {
        _P.DEFINE_USE_CASE,
        _P.DEFINE_KPI,
        _P.APPROVE_KPI,
        _P.SEND_PREDICTIONS,
        _P.REQUEST_RELEASE,
        _P.DECIDE_RELEASE,
        _P.DECIDE_RETRAINING,
        _P.PUBLISH_RULES,
        _P.SHARE,
    },
    Role.COMPLIANCE: _TEAM
    | {
        _P.APPROVE_KPI,
        _P.DESCRIBE_DATA,
        _P.REVIEW_NAMES,
        _P.DECIDE_RELEASE,
        _P.DECIDE_RETRAINING,
        _P.PUBLISH_POLICY,
        _P.PUBLISH_RULES,
        _P.GOVERN_COMPLIANCE,
        _P.ATTEST,
        _P.DECIDE_REVIEW,
        _P.ERASE_SUBJECT,
        _P.SHARE,
    },
    Role.BUSINESS: _TEAM
    | {
        _P.DEFINE_USE_CASE,
        _P.DEFINE_KPI,
        _P.APPROVE_KPI,
        _P.SIGN_COSTS,
        _P.DECIDE_RELEASE,
        _P.DECIDE_RETRAINING,
        _P.SHARE,
    },
    Role.VALIDATOR: _TEAM | {_P.APPROVE_KPI, _P.REVIEW_NAMES, _P.DECIDE_RELEASE, _P.ATTEST},
    Role.VIEWER: _EVERYONE,
}

NEVER_FOR_SERVICES = frozenset(
    {
        _P.SIGN_COSTS,
        _P.DECIDE_RELEASE,
        _P.DECIDE_RETRAINING,
        _P.REVIEW_NAMES,
        _P.PUBLISH_POLICY,
        _P.PUBLISH_RULES,
        _P.MANAGE_PEOPLE,
        _P.ATTEST,
        _P.GOVERN_COMPLIANCE,
        _P.DECIDE_REVIEW,
        _P.ERASE_SUBJECT,
        _P.SHARE,
    }
)
"""A service token may request, never decide (approvals, rule 9)."""


class Holder(Protocol):
    """Whoever acts: kind and roles are all that is asked."""

    @property
    def kind(self) -> str: ...
    @property
    def roles(self) -> frozenset[str]: ...


def allowed(holder: Holder, permission: Permission) -> bool:
    """Say whether any of the holder's roles carries `permission`; the system itself may do everything."""
    if holder.kind == "system":
        return True
    if holder.kind == "service" and permission in NEVER_FOR_SERVICES:
        return False
    return any(permission in MATRIX[Role(role)] for role in holder.roles if role in set(Role))


def require(holder: Holder, permission: Permission) -> None:
    """Raise `Refused` unless `holder` has `permission`; the text names the roles that do."""
    if allowed(holder, permission):
        return
    roles = [_(ROLE_NAMES[role]) for role in Role if permission in MATRIX[role]]
    if holder.kind == "service" and permission in NEVER_FOR_SERVICES:
        raise Refused(
            "access.service_may_not",
            N_("A service token may request, never decide."),
            fix=N_("Ask one of: {roles}."),
            roles=", ".join(roles),
            permission=permission.value,
        )
    raise Refused(
        "access.not_permitted",
        N_("Your roles do not include the right “{right}”."),
        fix=N_("Ask one of: {roles}."),
        right=_(PERMISSION_NAMES[permission]),
        roles=", ".join(roles),
        permission=permission.value,
    )
