"""Parse a formula's text with sqlglot, within limits: characters, parts, levels, one expression, no comments.

The text itself is never run (trust.md, section 5).
"""

from collections.abc import Sequence

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from core.evidence.kpis.formula_error import FormulaError
from core.i18n import N_

MOST_CHARACTERS = 500
MOST_NODES = 100
MOST_DEPTH = 20


def parse_formula(text: str) -> exp.Expr:
    """Return the parsed expression; raise `FormulaError` past a limit, or where it cannot be read."""
    parsed = _parsed(text)
    _measure(text, parsed)
    return parsed


def place_of(part: exp.Expr) -> int:
    """Return where a parsed part stands: its own mark, or the first mark below it."""
    if "start" in part.meta:
        return int(part.meta["start"])
    return min((int(one.meta["start"]) for one in part.walk() if "start" in one.meta), default=0)


def _parsed(text: str) -> exp.Expr:
    if not text.strip():
        raise FormulaError(
            "empty", N_("The formula is empty."), text=text, at=0, fix=N_("Write for example: sum(amount).")
        )
    if len(text) > MOST_CHARACTERS:
        raise FormulaError(
            "long",
            N_("The formula has {n} characters; {most} are allowed."),
            text=text,
            at=MOST_CHARACTERS,
            n=len(text),
            most=MOST_CHARACTERS,
        )
    odd = next((i for i, c in enumerate(text) if not c.isprintable() and c not in "\n\t\r"), None)
    if odd is not None:
        raise FormulaError(
            "character", N_("The formula holds a character that cannot be seen."), text=text, at=odd
        )
    try:
        tokens = sqlglot.tokenize(text)
    except SqlglotError as error:
        raise FormulaError(
            "unreadable",
            N_("The formula ends within a text or a name."),
            text=text,
            at=len(text),
            fix=N_("Close the quotation mark."),
        ) from error
    _check_tokens(text, tokens)
    try:
        found = sqlglot.parse(text)
    except ParseError as error:
        raise _unparsed(text, tokens, error) from error
    except (SqlglotError, RecursionError, ValueError) as error:
        raise FormulaError("unreadable", N_("The formula cannot be read."), text=text, at=0) from error
    if len(found) != 1 or found[0] is None:
        raise FormulaError("several", N_("A formula is one expression."), text=text, at=0)
    return found[0]


def _check_tokens(text: str, tokens: Sequence[Token]) -> None:
    depth = 0
    for token in tokens:
        if token.token_type == TokenType.SEMICOLON:
            raise FormulaError(
                "several",
                N_("A formula is one expression, without a semicolon."),
                text=text,
                at=token.start,
                fix=N_("Remove the semicolon and what follows it."),
            )
        if token.comments:
            raise FormulaError(
                "comment",
                N_("A formula holds no comments."),
                text=text,
                at=token.end + 1,
                fix=N_("Write the comment into the KPI's question."),
            )
        depth += (token.token_type == TokenType.L_PAREN) - (token.token_type == TokenType.R_PAREN)
        if depth > MOST_DEPTH:
            raise _deep(text, token.start)
    for mark in ("--", "/*"):
        # A comment before the first token hangs on none.
        if (at := text.find(mark)) >= 0 and not any(t.start <= at <= t.end for t in tokens):
            raise FormulaError("comment", N_("A formula holds no comments."), text=text, at=at)


def _unparsed(text: str, tokens: Sequence[Token], error: ParseError) -> FormulaError:
    told = error.errors[0] if error.errors else {}
    line, col = told.get("line"), told.get("col")
    at = next((t.start for t in tokens if (t.line, t.col) == (line, col)), len(text))
    opened = sum((t.token_type == TokenType.L_PAREN) - (t.token_type == TokenType.R_PAREN) for t in tokens)
    if opened > 0:
        return FormulaError(
            "unclosed",
            N_("A parenthesis is not closed."),
            text=text,
            at=len(text),
            fix=N_("Add the closing parenthesis."),
        )
    return FormulaError(
        "unreadable",
        N_("The formula cannot be read from here on: {part}"),
        text=text,
        at=at,
        fix=N_("Write one expression such as sum(amount) / count(*)."),
        part=text[at : at + 20] or "…",
    )


def _deep(text: str, at: int) -> FormulaError:
    return FormulaError(
        "deep", N_("The formula is nested more than {most} levels deep."), text=text, at=at, most=MOST_DEPTH,
        fix=N_("Split it into two KPIs."),
    )  # fmt: skip


def _measure(text: str, root: exp.Expr) -> None:
    level, count = [root], 0
    for depth in range(1, MOST_DEPTH + 2):
        count += sum(not isinstance(one, (exp.Paren, exp.Identifier)) for one in level)
        if count > MOST_NODES:
            raise FormulaError(
                "large", N_("The formula has more than {most} parts."), text=text, at=0, most=MOST_NODES,
                fix=N_("Split it into two KPIs."),
            )  # fmt: skip
        level = [child for one in level for child in one.iter_expressions()]
        if not level:
            return
        if depth > MOST_DEPTH:
            raise _deep(text, place_of(level[0]))
