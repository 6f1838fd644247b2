"""Turn what the store knows of a model into lines of its history."""

from collections.abc import Mapping, Sequence

from app.ui import badges
from app.ui.text import code, md
from app.ui.timeline import Happening
from core.decisions.releases.quorum import MEANING_NAMES
from core.decisions.releases.release import END_REASONS, Deployment, Release, Signed
from core.i18n import N_, _
from core.platform.access.permissions import ROLE_NAMES, Role
from core.platform.audit.queries import RecordedEvent

ACTIONS: Mapping[str, tuple[str, str]] = {
    "use_case.created": (N_("Use case created"), "add_circle"),
    "use_case.edited": (N_("Use case edited"), "edit"),
    "bundle.bound": (N_("Further parts fixed with the version"), "inventory_2"),
    "dataset.flags_confirmed": (N_("Personal and sensitive data confirmed"), "verified_user"),
    "dataset.purposes_written": (N_("Purposes of features written"), "edit_note"),
    "version.submitted": (N_("Version submitted"), "upload_file"),
    "version.evaluated": (N_("Version evaluated"), "verified"),
    "version.refused": (N_("Version refused by the checks"), "block"),
    "version.review_asked": (N_("Version waits for a review of names"), "policy"),
    "version.names_approved": (N_("Names in the file approved"), "policy"),
    "thresholds.sealed": (N_("Thresholds sealed"), "lock"),
    "card.edited": (N_("Model card edited"), "edit_note"),
    "explanation.requested": (N_("Explanation requested"), "account_tree"),
    "explanation.stored": (N_("Explanation stored"), "account_tree"),
    "fairness.declared": (N_("Protected attributes declared"), "balance"),
    "fairness.requested": (N_("Fairness report requested"), "balance"),
    "fairness.measured": (N_("Fairness measured"), "balance"),
    "robustness.requested": (N_("Robustness check requested"), "vibration"),
    "robustness.measured": (N_("Robustness measured"), "vibration"),
    "slices.requested": (N_("Error analysis requested"), "troubleshoot"),
    "slices.found": (N_("Errors analysed"), "troubleshoot"),
    "refused": (N_("Attempt refused"), "gpp_bad"),
}
ACTORS: Mapping[str, str] = {"system": N_("Aval itself"), "service": N_("a service token")}


def decisions(
    releases: Sequence[Release],
    signatures: Mapping[str, Sequence[Signed]],
    deployments: Sequence[Deployment],
    names: Mapping[str, str],
) -> list[Happening]:
    """Return requests, signatures and deployments as happenings; `signatures` by request id."""
    found: list[Happening] = []
    for release in releases:
        what = _(
            "Release of v{number} to {where} requested",
            number=release.version.number,
            where=code(release.environment),
        )
        found.append(
            Happening(
                release.requested_at,
                "approval",
                f"{what} {badges.status(release.state.value)}",
                names.get(release.requested_by, ""),
                release.note,
            )
        )
        found += [
            Happening(
                signed.signed_at,
                "draw",
                _(
                    "{meaning}: v{number} to {where}, for {area}",
                    meaning=f"**{_(MEANING_NAMES[signed.meaning])}**",
                    number=release.version.number,
                    where=code(release.environment),
                    area=_area(signed.area),
                ),
                names.get(signed.person_id, ""),
                signed.rationale,
            )
            for signed in signatures.get(release.id, ())
        ]
    numbers = {release.version.id: release.version.number for release in releases}
    for one in deployments:
        number = numbers.get(one.version_id, "")
        found.append(
            Happening(
                one.started_at,
                "rocket_launch",
                _("v{number} went live in {where}", number=number, where=code(one.environment)),
                names.get(one.started_by, ""),
            )
        )
        if one.ended_at is not None:
            ended = _(END_REASONS[one.end_reason]) if one.end_reason else ""
            found.append(
                Happening(
                    one.ended_at,
                    "stop_circle",
                    _("v{number} left {where}", number=number, where=code(one.environment))
                    + (f" · {md(ended)}" if ended else ""),
                    names.get(one.ended_by, ""),
                    one.end_note,
                )
            )
    return found


def activity(events: Sequence[RecordedEvent], names: Mapping[str, str]) -> list[Happening]:
    """Return audit events as happenings, each with its place in the log."""
    found = []
    for event in events:
        words, icon = ACTIONS.get(event.action, ("", "history"))
        what = _(words) if words else code(event.action)
        found.append(
            Happening(
                event.time,
                icon,
                f"{what} :gray[:small[{_('entry {index} of the log', index=event.index)}]]",
                names.get(event.actor_id) or _(ACTORS.get(event.actor_kind, "")),
            )
        )
    return found


def _area(area: str) -> str:
    return _(ROLE_NAMES[Role(area)]) if area in set(Role) else md(area)
