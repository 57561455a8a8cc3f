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
Copy = dict[str, tuple[bytes, int | None]]  # by table: its rows, and the last number given


class SharedDatabase:
    """A database to be emptied after each test: 10 ms, where making one for each takes 100 and writes it to disk."""

    def __init__(self, url: str) -> None:
        """`url` leads to a migrated database without a row."""
        self._connection = psycopg.connect(url, autocommit=True)
        self._sequences: dict[str, str | None] = dict(self._connection.execute(TABLES).fetchall())
        self._used = sql.SQL(" UNION ALL ").join(_is_used(*each) for each in self._sequences.items())

    def empty(self) -> None:
        """No row is left, nobody is connected, and numbers count from one again."""
        self._connection.execute(HANG_UP)
        used = [sql.Identifier(table) for (table,) in self._connection.execute(self._used)]
        if used:
            truncate = sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(sql.SQL(", ").join(used))
            self._connection.execute(truncate)

    def copy(self) -> Copy:
        """What is in it now, to be put back for another test."""
        used = [table for (table,) in self._connection.execute(self._used)]
        return {table: self._read(table) for table in used}

    def fill(self, rows: Copy) -> None:
        """Put a copy back into the empty database."""
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")  # or the order of the tables would matter
            for table, (lines, last) in rows.items():
                with cursor.copy(sql.SQL("COPY {} FROM STDIN BINARY").format(sql.Identifier(table))) as copy:
                    copy.write(lines)
                if last is not None:
                    cursor.execute("SELECT setval(%s, %s)", [self._sequences[table], last])

    def _read(self, table: str) -> tuple[bytes, int | None]:
        name = self._sequences[table]
        found = self._connection.execute("SELECT pg_sequence_last_value(%s)", [name]).fetchone() if name else None
        with self._connection.cursor().copy(sql.SQL("COPY {} TO STDOUT BINARY").format(sql.Identifier(table))) as copy:
            return b"".join(map(bytes, copy)), found[0] if found else None

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
