"""What becomes of a delivery."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.i18n import N_


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


STATE_NAMES: Mapping[DeliveryState, str] = {
    DeliveryState.WAITING: N_("On its way"),
    DeliveryState.DELIVERED: N_("Delivered"),
    DeliveryState.GIVEN_UP: N_("Given up"),
}

PROBLEMS: Mapping[str, str] = {
    "status": N_("It answered with an error."),
    "redirect": N_("It sends elsewhere; redirects are not followed."),
    "timeout": N_("It did not answer in time."),
    "unreachable": N_("Nobody listens there."),
    "tls": N_("Its certificate does not hold."),
    "broken": N_("Its answer was no HTTP."),
    "unknown_host": N_("Its name leads nowhere."),
    "forbidden_address": N_("Its name leads to an address that is never spoken to."),
    "private_address": N_("Its name leads into a private network that the administrator has not allowed."),
    "needs_https": N_("Outside of allowed networks only https is spoken."),
    "no_secret": N_("Its secret is gone; renew it."),
    "no_mail_server": N_("No mail server is configured (AVAL_MAIL_SERVER)."),
    "no_address": N_("The person has no address any more."),
    "mail_sign_in": N_("The mail server refused the user name or the password."),
    "mail_refused": N_("The mail server refused the message."),
    "mail_later": N_("The mail server asks to try again later."),
}


@dataclass(frozen=True, slots=True)
class Knock:
    """How one attempt went: `status` as answered, or the problem's code; `hopeless` where another would go no better."""

    status: int | None
    milliseconds: int
    problem: str = ""
    retry_after: float | None = None
    hopeless: bool = False

    @property
    def arrived(self) -> bool:
        return not self.problem
