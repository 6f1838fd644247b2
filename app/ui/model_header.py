"""The head of a model's record: its badges, and what it says while there is nothing to show."""

from collections.abc import Mapping, Sequence

from app.ui import badges
from app.ui.empty import empty
from core.assets.registry.usecase import TASK_NAMES, UseCase
from core.assets.registry.version import Version
from core.i18n import _


def marks(case: UseCase, version: Version | None, live: Mapping[str, Sequence[str]]) -> str:
    """Write tier, task, state, and each environment in which the version is live."""
    lives = live.get(version.id, ()) if version else ()
    return badges.row(
        badges.tier(case.risk_tier.value),
        badges.badge(_(TASK_NAMES[case.task])),
        badges.status(version.state.value) if version else "",
        *(
            badges.badge(_("live: {where}", where=where), badges.Tone.GOOD, "rocket_launch")
            for where in lives
        ),
    )


def no_model() -> None:
    """Say that there is no use case at all."""
    empty(
        _("No models yet"),
        _("Upload a model, or define its use case first."),
        icon="deployed_code",
        action=_("Upload a model"),
        page="../pages/upload.py",
    )


def no_version() -> None:
    """Say that the use case has no version."""
    empty(
        _("No version yet"),
        _("The first upload becomes version 1."),
        icon="upload_file",
        action=_("Upload a model"),
        page="../pages/upload.py",
    )
