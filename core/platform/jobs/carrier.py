"""Huey as Aval uses it: on SQLite or PostgreSQL, with JSON instead of pickle. Loaded where a message is sent or taken."""

import json
from typing import cast

from huey import Huey, PostgresHuey, SqliteHuey
from huey.registry import Message
from huey.serializer import Serializer

from core.settings import Settings


class JsonSerializer(Serializer):  # type: ignore[misc]  # huey ships no types
    """Messages as JSON text: nothing that can run on reading."""

    def _serialize(self, data: object) -> bytes:
        return json.dumps(data).encode()

    def _deserialize(self, data: bytes) -> object:
        found = json.loads(data)
        return Message(*found) if isinstance(found, list) else found


def carrier(settings: Settings) -> Huey:
    """Open the queue of an installation."""
    options = {"serializer": JsonSerializer(), "results": False, "utc": True}
    if settings.database_url.startswith("postgres"):
        url = settings.database_url.replace("postgresql+psycopg://", "postgresql://", 1)
        return PostgresHuey("aval", dsn=url, blocking=False, **options)
    settings.folder_path.mkdir(parents=True, exist_ok=True)
    return cast("Huey", SqliteHuey("aval", filename=str(settings.folder_path / "queue.db"), **options))
