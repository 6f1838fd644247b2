"""The queue between commands and workers: Huey, on SQLite or PostgreSQL, with JSON instead of pickle."""

import json
from pathlib import Path

from huey import Huey, PostgresHuey, SqliteHuey
from huey.serializer import Serializer

from core.settings import Settings


class JsonSerializer(Serializer):  # type: ignore[misc]  # huey ships no types
    """Messages as JSON text: nothing that can run on reading."""

    def _serialize(self, data: object) -> bytes:
        return json.dumps(data).encode()

    def _deserialize(self, data: bytes) -> object:
        return json.loads(data)


def open_queue(settings: Settings) -> Huey:
    """Open the queue beside the store: a file in the folder, or tables in the same PostgreSQL."""
    if settings.database_url.startswith("postgres"):
        url = settings.database_url.replace("postgresql+psycopg://", "postgresql://", 1)
        return PostgresHuey("aval", dsn=url, serializer=JsonSerializer(), results=False, utc=True)
    path: Path = settings.folder_path / "queue.db"
    return SqliteHuey("aval", filename=str(path), serializer=JsonSerializer(), results=False, utc=True, fsync=True)
