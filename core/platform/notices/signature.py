"""The signature of a webhook, as Standard Webhooks 1.0 lays it down (standardwebhooks.com, specification).

`webhook-signature: v1,BASE64(HMAC-SHA256(secret, "{id}.{timestamp}.{body}"))`; the id is the idempotency key.
"""

import base64
import hmac
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

PREFIX = "whsec_"
SECRET_BYTES = 32
TOLERANCE_SECONDS = 300
"""Older signatures are a replay: what a receiver should refuse."""


def written(secret: bytes) -> str:
    """Write a secret as it is handed out: `whsec_` and base64."""
    return PREFIX + base64.b64encode(secret).decode()


def headers(secret: bytes, message_id: str, moment: datetime, body: bytes) -> dict[str, str]:
    """Return the three headers that let a receiver check who sent `body`, and when."""
    timestamp = str(int(moment.timestamp()))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{_mac(secret, message_id, timestamp, body)}",
    }


def holds(secret: str, received: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Say whether a received message is ours and fresh: what a receiver does, in five lines."""
    timestamp = received["webhook-timestamp"]
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    key = base64.b64decode(secret.removeprefix(PREFIX))
    wanted = f"v1,{_mac(key, received['webhook-id'], timestamp, body)}"
    return any(hmac.compare_digest(wanted, one) for one in received["webhook-signature"].split())


def _mac(secret: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    text = f"{message_id}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.new(secret, text, sha256).digest()).decode()
