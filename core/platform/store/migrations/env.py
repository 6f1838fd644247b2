"""Alembic's environment: one connection handed over by `core.platform.store.migrate`."""

from alembic import context
from sqlmodel import SQLModel

from core.platform.store.migrate import declared, import_tables

import_tables()
connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    include_name=declared,
)
with context.begin_transaction():
    context.run_migrations()
