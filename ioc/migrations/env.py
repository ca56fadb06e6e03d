"""Alembic's door: runs on the connection that ``ioc.database.migrate`` hands over."""

from alembic import context

from ioc.database import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
