"""How one message is written for those who are told: as signed JSON, for a channel of Slack or Teams, as an e-mail."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from core.errors import Invalid
from core.i18n import N_, _, speaking
from core.platform.notices.address import target

ACTS: dict[str, str] = {}
"""What was done in words, catalogue keys by action; filled by the composition root."""


class Shape(StrEnum):
    """Who reads a message."""

    SIGNED = "signed"
    SLACK = "slack"
    TEAMS = "teams"
    MAIL = "mail"


SHAPE_NAMES: Mapping[Shape, str] = {
    Shape.SIGNED: N_("A program, by a signed webhook"),
    Shape.SLACK: N_("A channel of Slack"),
    Shape.TEAMS: N_("A channel of Microsoft Teams"),
}
"""What an administrator chooses from; a person's mailbox is nobody's choice but theirs."""

SECRET_ADDRESS = frozenset({Shape.SLACK, Shape.TEAMS})
"""Whoever knows the address may write there, so that it is kept as a secret is."""

_PAGES: Mapping[str, tuple[str, str]] = {
    "release": ("release_review", "release"),
    "retraining": ("retraining", "retraining"),
    "alert": ("alert", "alert"),
    "incident": ("incident", "incident"),
    "kpi": ("kpis", "kpi"),
}


def shape(text: str) -> Shape:
    """Read what an administrator chose; raise `Invalid`."""
    if text not in set(SHAPE_NAMES):
        raise Invalid(
            "webhook.shape",
            N_("{shape} is no way of telling somebody."),
            fix=N_("Allowed: {known}."),
            field="shape",
            shape=text,
            known=", ".join(SHAPE_NAMES),
        )
    return Shape(text)


def shown(url: str) -> str:
    """Return of a secret address what may be shown: where it leads, not how one gets in."""
    place = target(url)
    return f"{place.scheme}://{place.authority}/"


def written(form: Shape, body: bytes, language: str, root: str) -> bytes:
    """Return the bytes to send for a message: its own, or a few words with a link for people in a channel.

    Words hold ids and what was done, never names, free text or data. `root` is the address people type; without one
    there is no link. The same message is written the same each time.
    """
    if form not in SECRET_ADDRESS:
        return body
    content = json.loads(body)
    with speaking(language):
        said, link = _said(content), _link(content, root)
        open_it = _("Open in Aval")
    if form is Shape.SLACK:
        text = f"{said}\n<{link}|{open_it}>" if link else said
        return json.dumps({"text": text}, ensure_ascii=False).encode()
    card: dict[str, Any] = {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.4",
        "body": [{"type": "TextBlock", "text": said, "wrap": True}],
    }
    if link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": open_it, "url": link}]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return json.dumps({"type": "message", "attachments": [attachment]}, ensure_ascii=False).encode()


def _said(content: Mapping[str, Any]) -> str:
    kind, subject = str(content["kind"]), content["subject"]
    words = _(ACTS[kind]) if kind in ACTS else kind
    return f"Aval: {words} ({subject['id']})"


def _link(content: Mapping[str, Any], root: str) -> str:
    if not root:
        return ""
    page, name = _PAGES.get(content["subject"]["kind"], ("", ""))
    return address_of(root, page, {name: content["subject"]["id"]} if name else {})


def address_of(root: str, page: str, query: Mapping[str, str]) -> str:
    """Return the address of a page with what it is opened with, under the address that people type."""
    asked = "&".join(f"{key}={value}" for key, value in query.items())
    return f"{root.rstrip('/')}/{page}" + (f"?{asked}" if asked else "")
