"""The one root error: a stable code, a text that names the fix, translated at the edge."""

from collections.abc import Mapping
from typing import Any

from core.i18n import _


class AvalError(Exception):
    """What a person or a program may be told.

    `code` is stable and dotted (`table.label_missing`); `template` and `fix` are catalogue keys marked with `N_`,
    filled with `params` only after translation; `field` names the input at fault where there is one.
    """

    status = 400

    def __init__(
        self, code: str, template: str, /, *, fix: str = "", field: str = "", **params: object
    ) -> None:
        super().__init__(code)
        self.code = code
        self.template = template
        self.fix = fix
        self.field = field
        self.params = params

    def text(self) -> str:
        """What happened, in the reader's language."""
        return _(self.template, **self.params)

    def fix_text(self) -> str:
        """What to do about it, in the reader's language; empty where nothing can be done."""
        return _(self.fix, **self.params) if self.fix else ""

    def __str__(self) -> str:
        return f"{self.text()} {self.fix_text()}".strip()


class Invalid(AvalError):
    """The input is wrong; the caller can mend it."""

    status = 422


class NotFound(AvalError):
    """No such thing, or none that this person may see."""

    status = 404


class Conflict(AvalError):
    """The state does not allow it now."""

    status = 409


class Refused(AvalError):
    """This person may not; recorded in the audit log."""

    status = 403


class Unauthenticated(AvalError):
    """Nobody is signed in."""

    status = 401


class TooLarge(AvalError):
    """Over a limit of size."""

    status = 413


class TooMany(AvalError):
    """Over a limit of rate."""

    status = 429


class Unavailable(AvalError):
    """A part of Aval does not answer now; try again."""

    status = 503


_KINDS = {
    kind.__name__: kind
    for kind in (AvalError, Invalid, NotFound, Conflict, Refused, TooLarge, TooMany, Unavailable)
}


def preserve(error: AvalError) -> dict[str, object]:
    """Return the error as JSON, so that it can be stored and shown later in any language."""
    params = {key: value if isinstance(value, int) else str(value) for key, value in error.params.items()}
    return {
        "kind": type(error).__name__,
        "code": error.code,
        "template": error.template,
        "fix": error.fix,
        "field": error.field,
        "params": params,
    }


def restore(stored: Mapping[str, Any]) -> AvalError:
    """Read back what `preserve` wrote."""
    kind = _KINDS.get(stored["kind"], AvalError)
    return kind(
        stored["code"], stored["template"], fix=stored["fix"], field=stored["field"], **stored["params"]
    )
