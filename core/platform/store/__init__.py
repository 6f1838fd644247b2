"""Rows and files: what every noun stands on."""

from core.platform.store.actor import SYSTEM, Actor
from core.platform.store.files import Files, StoredFile
from core.platform.store.unit_of_work import Event, Json, Store, UnitOfWork

__all__ = ["SYSTEM", "Actor", "Event", "Files", "Json", "Store", "StoredFile", "UnitOfWork"]
