"""The words of compliance: how a provision stands, how binding it is, and what a control found."""

from collections.abc import Mapping
from datetime import date

from app.ui.badges import Tone, badge
from core.assurance.compliance.controls import MET_NAMES, Met
from core.assurance.compliance.provision import FORCE_NAMES, Force, Provision
from core.i18n import _, day, language

_TONES: Mapping[Met, tuple[Tone, str]] = {
    Met.MET: (Tone.GOOD, "check"),
    Met.PARTLY: (Tone.WARN, "contrast"),
    Met.NOT_MET: (Tone.BLOCK, "close"),
    Met.NOT_OURS: (Tone.PLAIN, "person"),
    Met.NOT_APPLICABLE: (Tone.PLAIN, "remove"),
}


def met_badge(met: Met) -> str:
    """Write how a provision stands as a badge."""
    tone, icon = _TONES[met]
    return badge(_(MET_NAMES[met]), tone, icon)


def in_language(texts: Mapping[str, str]) -> str:
    """Return a text of the law files in the reader's language; English where there is no other."""
    return texts.get(language()) or texts.get("en", "")


def force_badge(provision: Provision, on: date) -> str:
    """Write how binding a provision is on a day: in force, reported, voluntary, a bill, or not yet."""
    if provision.status is Force.IN_FORCE and provision.valid_from > on:
        return badge(_("From {day}", day=day(provision.valid_from)), Tone.INFO, "event")
    tone = Tone.INFO if provision.status is Force.REPORTED else Tone.PLAIN
    return badge(_(FORCE_NAMES[provision.status]), tone)


def dates(provision: Provision) -> str:
    """Say from when a duty holds, what later date is reported, and as of which day this is known."""
    parts = [_("from {day}", day=day(provision.valid_from))]
    parts += [
        _(
            "{status}: {day} ({source})",
            status=_(FORCE_NAMES[one.status]).lower(),
            day=day(one.valid_from),
            source=in_language(one.source),
        )
        for one in provision.later
    ]
    parts.append(_("as known on {day}", day=day(provision.as_known_on)))
    return " · ".join(parts)
