"""Put a person's text into Markdown or a chart so that it shows as typed and means nothing more."""

import re

_PUNCTUATION = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$&])")
# Streamlit reads `:name:` and `:material/name:` in text that Markdown has already unescaped: only a character
# inside the pattern stops it. The word joiner has no width.
_SHORTCODE = re.compile(r":(?=(?:[A-Za-z+\-][\w+\-/]*|100|1234):)")
_DIRECTIVE = re.compile(r":(?=[A-Za-z][A-Za-z0-9\-]*\[)")
_LINK = re.compile(
    r"(?<=:)(?=//)|(?<=@)(?=\w)|(?<=www)(?=\.)", re.IGNORECASE
)  # what GitHub's Markdown links unasked
_BREAKS = re.compile(r"\s*[\r\n\u2028\u2029]+\s*")
_JOINER = "\u2060"


def md(text: object) -> str:
    """Escape `text` for the inside of one Markdown line; line breaks become spaces."""
    line = _BREAKS.sub(" ", str(text)).strip()
    line = _SHORTCODE.sub(f":{_JOINER}", line)
    line = _LINK.sub(_JOINER, _DIRECTIVE.sub(f":{_JOINER}", line))
    return _PUNCTUATION.sub(r"\\\1", line)


def paragraphs(text: object) -> str:
    """Escape `text` for Markdown and keep its line breaks, as for a comment."""
    lines = str(text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "  \n".join(md(line) if line.strip() else "\u00a0" for line in lines)


def label(text: object) -> str:
    """Escape `text` for a label, category or hover text of a Plotly chart, which reads HTML and templates."""
    plain = str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return plain.replace("$", "&#36;").replace("%{", "&#37;{")


def shorten(text: object, limit: int = 32) -> str:
    """Cut `text` to `limit` characters with an ellipsis; for places that cannot wrap."""
    plain = str(text)
    return plain if len(plain) <= limit else plain[: limit - 1].rstrip() + "…"


def code(text: object) -> str:
    """Show `text` as inline code in Markdown, backticks included."""
    line = _BREAKS.sub(" ", str(text)) or "\u00a0"
    fence = "`" * (1 + max((len(run) for run in re.findall(r"`+", line)), default=0))
    pad = " " if "`" in line else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def digest(value: str, length: int = 8) -> str:
    """Show a hash shortly, as code: enough to recognise, never enough to compare by."""
    return code(f"{value[:length]}…" if len(value) > length else value)
