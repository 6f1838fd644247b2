"""Turn what the store knows of a model into stations of its lineage and lines of its history."""

from collections.abc import Mapping, Sequence

from app.ui import badges
from app.ui.lineage import Stage
from app.ui.text import code, digest, md
from app.ui.timeline import Happening
from core.assets.datasets.dataset import Dataset
from core.assets.registry.version import Version
from core.decisions.releases.quorum import MEANING_NAMES
from core.decisions.releases.release import END_REASONS, Deployment, Release, Signed
from core.evidence.monitoring.records import Coverage
from core.i18n import N_, _, day, moment, ngettext
from core.platform.access.permissions import ROLE_NAMES, Role
from core.platform.audit.queries import RecordedEvent

ACTIONS: Mapping[str, tuple[str, str]] = {
    "use_case.created": (N_("Use case created"), "add_circle"),
    "version.submitted": (N_("Version submitted"), "upload_file"),
    "version.evaluated": (N_("Version evaluated"), "verified"),
    "version.refused": (N_("Version refused by the checks"), "block"),
    "version.review_asked": (N_("Version waits for a review of names"), "policy"),
    "version.names_approved": (N_("Names in the file approved"), "policy"),
    "thresholds.sealed": (N_("Thresholds sealed"), "lock"),
    "card.edited": (N_("Model card edited"), "edit_note"),
    "explanation.requested": (N_("Explanation requested"), "account_tree"),
    "explanation.stored": (N_("Explanation stored"), "account_tree"),
    "refused": (N_("Attempt refused"), "gpp_bad"),
}
ACTORS: Mapping[str, str] = {"system": N_("Aval itself"), "service": N_("a service token")}


def stages(
    dataset: Dataset | None,
    version: Version,
    releases: Sequence[Release],
    deployments: Sequence[Deployment],
    log: Coverage | None,
) -> list[Stage]:
    """Return data, version, releases and predictions of one version, in that order; `log` is what its log holds."""
    data: tuple[str, ...] = ()
    if dataset is not None:
        data = (
            f"**{md(dataset.name)}**",
            ngettext("{n} row", "{n} rows", dataset.rows),
            f"sha256 {digest(dataset.digest)}",
        )
    return [
        Stage(_("Data"), "table", data),
        Stage(
            _("Version"),
            "deployed_code",
            (
                f"**{md(version.model_name)} v{version.number}** {badges.status(version.state.value)}",
                md(version.artifact_name),
                f"sha256 {digest(version.artifact_digest)}",
            ),
        ),
        Stage(
            _("Releases"),
            "approval",
            tuple(
                f"{code(release.environment)} {badges.status(release.state.value)}"
                for release in releases[:5]
            ),
        ),
        Stage(
            _("Predictions"),
            "monitoring",
            (
                *(
                    _(
                        "live in {where} since {when}",
                        where=code(one.environment),
                        when=moment(one.started_at),
                    )
                    for one in deployments
                    if one.ended_at is None
                ),
                *_logged(log),
            ),
        ),
    ]


def _logged(log: Coverage | None) -> tuple[str, ...]:
    if log is None:
        return ()
    span = _("{first} to {last}", first=day(log.first), last=day(log.last))
    return (
        ngettext("{n} prediction", "{n} predictions", log.rows),
        span,
        ngettext("{n} with its outcome", "{n} with their outcome", log.labelled),
    )


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
