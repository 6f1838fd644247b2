"""Translate and format for the reader's language.

The language is found anew at each call: the one that a document is written in (`speaking`), else what a resolver
registered by the interface answers (the page's session), else the context variable that API and command line set.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel import dates, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

CATALOGUES = Path(__file__).parent / "locale"
LANGUAGES = {"en": "English", "pt_BR": "Português"}
DEFAULT = "en"

_language: ContextVar[str] = ContextVar("language", default=DEFAULT)
_zone: ContextVar[str] = ContextVar("zone", default="UTC")
_spoken: ContextVar[str] = ContextVar("spoken", default="")
_resolvers: list[Callable[[], str | None]] = []


def resolve_with(resolver: Callable[[], str | None]) -> None:
    """Ask `resolver` for the language before the context variable; the last one registered is asked first."""
    _resolvers.insert(0, resolver)


def use(language: str) -> None:
    """Set the language of this context."""
    _language.set(nearest(language))


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak `language` inside, whatever the reader's is: for a letter or document written for somebody else."""
    token = _spoken.set(nearest(language))
    try:
        yield
    finally:
        _spoken.reset(token)


def use_zone(zone: str) -> None:
    """Set the IANA time zone in which this context shows moments."""
    _zone.set(zone)


def nearest(tag: str) -> str:
    """Return the supported language for a tag such as `pt-BR`, `pt` or `en-GB`; English where none fits."""
    base = tag.replace("_", "-").split("-")[0].lower()
    return {"pt": "pt_BR", "en": "en"}.get(base, DEFAULT)


def language() -> str:
    """Return the language in use: `en` or `pt_BR`."""
    if spoken := _spoken.get():
        return spoken
    for resolver in _resolvers:
        found = resolver()
        if found in LANGUAGES:
            return found
    return _language.get()


@lru_cache
def _catalogue(lang: str) -> NullTranslations:
    path = CATALOGUES / f"{lang}.po"
    if not path.exists():
        return NullTranslations()
    with path.open("rb") as file:
        messages = read_po(file, locale=lang)
    compiled = BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return GNUTranslations(compiled)


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for "mark, translate later"
    """Mark a text for the catalogue; it is translated where it is shown."""
    return message


def _(message: str, **params: object) -> str:
    """Translate `message`, then fill its `{placeholders}`."""
    if not message:
        return ""
    text = _catalogue(language()).gettext(message)
    return text.format(**params) if params else text


def ngettext(one: str, many: str, n: int, **params: object) -> str:
    """Translate by count; `{n}` is the count, written in the reader's digits."""
    return _catalogue(language()).ngettext(one, many, n).format(n=number(n), **params)


def number(value: float | Decimal, digits: int | None = None) -> str:
    """Write a number; with `digits`, exactly that many after the point."""
    pattern = None if digits is None else "#,##0" + ("." + "0" * digits if digits else "")
    return numbers.format_decimal(value, format=pattern, locale=language())


def percent(share: float | Decimal, digits: int = 1) -> str:
    """Write a share of one as a percentage."""
    pattern = "#,##0" + ("." + "0" * digits if digits else "") + "%"
    return numbers.format_percent(share, format=pattern, locale=language())


def money(amount: float | Decimal, currency: str) -> str:
    """Write an amount of money in full."""
    return numbers.format_currency(amount, currency, locale=language())


def compact_money(amount: float | Decimal, currency: str) -> str:
    """Write an amount of money in few digits: R$ 18,4 mi."""
    return numbers.format_compact_currency(amount, currency, locale=language(), fraction_digits=1)


def compact(value: float | Decimal) -> str:
    """Write a count in few digits: 12.4K."""
    return numbers.format_compact_decimal(value, locale=language(), fraction_digits=1)


def day(value: date | datetime) -> str:
    """Write a date: 20 de nov. de 2026."""
    return dates.format_date(_local(value), "medium", locale=language())


def month(value: date | datetime) -> str:
    """Write a month: Nov 2026."""
    return dates.format_skeleton("yMMM", _local(value), locale=language())


def moment(value: datetime) -> str:
    """Write a moment in the reader's time zone, to the minute."""
    zone = dates.get_timezone(_zone.get())
    return f"{dates.format_date(_local(value), 'medium', locale=language())}, " + dates.format_time(
        value, "short", tzinfo=zone, locale=language()
    )


def ago(span: timedelta) -> str:
    """Write a span as seen from now: a negative one lies in the past."""
    return dates.format_timedelta(span, add_direction=True, locale=language())


def _local(value: date | datetime) -> date:
    if isinstance(value, datetime):
        return value.astimezone(dates.get_timezone(_zone.get())).date()
    return value


def size(count: int) -> str:
    """Write a count of bytes with its binary unit."""
    amount = float(count)
    for unit in ("B", "KiB", "MiB"):
        if amount < 1024:
            return f"{number(amount, 0 if unit == 'B' else 1)} {unit}"
        amount /= 1024
    return f"{number(amount, 1)} GiB"
