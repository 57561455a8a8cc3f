"""The migrated database that the tests of one process share, one after the other."""

from __future__ import annotations

import psycopg
from psycopg import sql

# Who is still connected would hold what is to be emptied, and write into the next test.
HANG_UP = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
TABLES = """
SELECT tablename, pg_get_serial_sequence(quote_ident(tablename), attname)
FROM pg_tables LEFT JOIN pg_attribute ON attrelid = tablename::regclass AND attidentity <> ''
WHERE schemaname = 'public' AND tablename <> 'alembic_version'
"""


class SharedDatabase:
    """A database to be emptied after each test: 10 ms, where making one for each takes 100 and writes it to disk."""

    def __init__(self, url: str) -> None:
        """`url` leads to a migrated database without a row."""
        self._connection = psycopg.connect(url, autocommit=True)
        tables = self._connection.execute(TABLES).fetchall()
        self._used = sql.SQL(" UNION ALL ").join(_is_used(table, sequence) for table, sequence in tables)

    def empty(self) -> None:
        """No row is left, nobody is connected, and numbers count from one again."""
        self._connection.execute(HANG_UP)
        used = [sql.Identifier(table) for (table,) in self._connection.execute(self._used)]
        if used:
            truncate = sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(sql.SQL(", ").join(used))
            self._connection.execute(truncate)

    def close(self) -> None:
        self._connection.close()


def _is_used(table: str, sequence: str | None) -> sql.Composed:
    """Whether a table has rows, or had some that were taken back."""
    return sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {}) OR {}").format(
        sql.Literal(table),
        sql.Identifier(table),
        sql.SQL("pg_sequence_last_value({}) IS NOT NULL").format(sql.Literal(sequence))
        if sequence
        else sql.SQL("false"),
    )
