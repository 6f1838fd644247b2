"""What a person can be told of, by what way, and which entries of the log it is about."""

from collections.abc import Mapping
from enum import StrEnum

from core.i18n import N_


class NoticeKind(StrEnum):
    """What is told."""

    MENTION = "mention"
    HANDED = "handed"
    SIGN = "sign"
    TALK = "talk"
    ALERT = "alert"
    KPI = "kpi"
    FINDING = "finding"
    INCIDENT = "incident"
    RETRAINING = "retraining"
    REVIEW = "review"
    RELEASE = "release"


NOTICE_NAMES: Mapping[NoticeKind, str] = {
    NoticeKind.MENTION: N_("Somebody names me in a comment"),
    NoticeKind.HANDED: N_("Something is handed or escalated to me"),
    NoticeKind.SIGN: N_("A release waits for my signature or my changes"),
    NoticeKind.TALK: N_("Somebody answers where I spoke"),
    NoticeKind.ALERT: N_("Alerts of my use cases"),
    NoticeKind.KPI: N_("My KPIs, and those I follow, beyond their limits"),
    NoticeKind.FINDING: N_("Findings that are mine to settle"),
    NoticeKind.INCIDENT: N_("Incidents"),
    NoticeKind.RETRAINING: N_("Retraining: my area's answer, and what came of it"),
    NoticeKind.REVIEW: N_("Requests of affected people"),
    NoticeKind.RELEASE: N_("What became of my releases and use cases"),
}


class Way(StrEnum):
    """How somebody wants to hear of a kind besides the inbox."""

    NOW = "now"
    DAILY = "daily"
    NEVER = "never"


WAY_NAMES: Mapping[Way, str] = {
    Way.NOW: N_("E-mail at once"),
    Way.DAILY: N_("In the daily summary"),
    Way.NEVER: N_("In the inbox only"),
}

USUAL: Mapping[NoticeKind, Way] = {
    NoticeKind.MENTION: Way.NOW,
    NoticeKind.HANDED: Way.NOW,
    NoticeKind.SIGN: Way.NOW,
    NoticeKind.TALK: Way.DAILY,
    NoticeKind.ALERT: Way.NOW,
    NoticeKind.KPI: Way.DAILY,
    NoticeKind.FINDING: Way.NOW,
    NoticeKind.INCIDENT: Way.NOW,
    NoticeKind.RETRAINING: Way.DAILY,
    NoticeKind.REVIEW: Way.DAILY,
    NoticeKind.RELEASE: Way.DAILY,
}
"""What holds until somebody chooses otherwise: what waits for a person comes at once, what merely happened does not."""

SAID: Mapping[str, str] = {
    "comment.written": N_("{who} wrote on {what}"),
    "comment.edited": N_("{who} wrote on {what}"),
    "inbox.handed_over": N_("{who} handed something to you: {what}"),
    "inbox.escalated": N_("{who} escalated something to you: {what}"),
    "alert.assigned": N_("{who} handed an alert to you: {what}"),
    "alert.escalated": N_("{who} escalated an alert to you: {what}"),
    "alert.settled": N_("New alerts: {what}"),
    "kpi.breached": N_("A KPI is beyond its critical limit: {what}"),
    "finding.opened": N_("A finding was opened: {what}"),
    "incident.opened": N_("An incident was opened: {what}"),
    "gates.judged": N_("A release waits for your signature: {what}"),
    "release.reminded": N_("A release still waits for your signature: {what}"),
    "release.escalated": N_("A release has waited too long for your signature: {what}"),
    "release.signed": N_("{who} answered your request: {what}"),
    "release.rolled_back": N_("A roll-back: {what}"),
    "release.retired": N_("Taken out of service: {what}"),
    "release.expired": N_("A request expired without a decision: {what}"),
    "release.lapsed": N_("An approval lapsed: {what}"),
    "release.emergency": N_("An emergency release: {what}"),
    "retraining.proposed": N_("A retraining waits for your area's answer: {what}"),
    "retraining.decided": N_("A retraining was decided: {what}"),
    "retraining.compared": N_("A challenger was compared with the champion: {what}"),
    "retraining.failed": N_("A retraining failed: {what}"),
    "review.received": N_("A person asks for a review: {what}"),
    "review.assigned": N_("A request was handed to you: {what}"),
}
"""How each entry is told, by action; whatever is not here is told to nobody."""
