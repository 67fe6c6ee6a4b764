"""How Alembic runs a migration: on the connection that it is handed, in the transaction that stands there."""

from alembic import context

from policyengine_records.store.schema import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
with context.begin_transaction():
    context.run_migrations()
