"""The migrated database that the tests of one process share, one after the other."""

from __future__ import annotations

import psycopg
from psycopg import Connection, sql

# Who is still connected would hold what is to be emptied, and write into the next test.
HANG_UP = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
TABLES = """
SELECT relname, pg_get_serial_sequence(quote_ident(relname), attname)
FROM pg_class LEFT JOIN pg_attribute ON attrelid = pg_class.oid AND attidentity <> ''
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
  AND relname <> 'alembic_version'
ORDER BY relname
"""
STRUCTURE = """
SELECT (SELECT array_agg(version_num) FROM alembic_version),
  (SELECT array_agg(tablename ORDER BY tablename) FROM pg_tables WHERE schemaname = 'public')
"""

Copy = dict[str, tuple[bytes, int | None]]  # by table: its rows, and the last number given


MOST_DEAD = 2_000  # rows that were deleted, and are still passed over by whoever reads their table


class SharedDatabase:
    """A database to be emptied after each test: a few milliseconds, where making one for each takes 100 and more.

    Most tests leave a few rows, and to delete those is cheap; to truncate a table gives it, its partitions and all
    their indexes new files, so that is done once many rows are dead.
    """

    def __init__(self, server: str, url: str, template: str) -> None:
        """`url` will lead to it, `server` to another one there; `template` names a migrated one that nobody uses."""
        self._server, self._url, self._template = server, url, template
        self._connection = self._make()
        self._sequences: dict[str, str | None] = dict(self._connection.execute(TABLES).fetchall())
        self._used = sql.SQL(" UNION ALL ").join(_is_used(*each) for each in self._sequences.items())
        self._tables = sql.SQL(", ").join(map(sql.Identifier, self._sequences))
        self._structure = self._connection.execute(STRUCTURE).fetchone()
        self._dead = 0

    def empty(self) -> None:
        """No row is left, nobody is connected, and numbers count from one again."""
        try:
            self._connection.execute(HANG_UP)
            changed = self._connection.execute(STRUCTURE).fetchone() != self._structure
        except psycopg.Error:  # the test cut everybody's connection, or took a table away
            changed = True
        if changed:
            self._connection.close()
            self._connection = self._make()
            self._dead = 0
            return
        self._dead += self._delete()
        if self._dead > MOST_DEAD:
            self._connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY").format(self._tables))
            self._dead = 0

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

    def close(self) -> None:
        self._connection.close()

    def _delete(self) -> int:
        """Delete every row, once whoever was cut off in the middle of writing is gone; how many there were."""
        dead = 0
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")  # or the order of the tables would matter
            cursor.execute(sql.SQL("LOCK TABLE {} IN EXCLUSIVE MODE").format(self._tables))
            for (table,) in cursor.execute(self._used).fetchall():
                dead += cursor.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table))).rowcount
                if self._sequences[table]:
                    cursor.execute("SELECT setval(%s, 1, false)", [self._sequences[table]])
        return dead

    def _make(self) -> Connection:
        with psycopg.connect(self._server, autocommit=True) as server:
            server.execute("DROP DATABASE IF EXISTS shared WITH (FORCE)")
            server.execute(sql.SQL("CREATE DATABASE shared TEMPLATE {}").format(sql.Identifier(self._template)))
        return psycopg.connect(self._url, autocommit=True)

    def _read(self, table: str) -> tuple[bytes, int | None]:
        name = self._sequences[table]
        found = self._connection.execute("SELECT pg_sequence_last_value(%s)", [name]).fetchone() if name else None
        rows = sql.SQL("COPY (SELECT * FROM {}) TO STDOUT BINARY").format(sql.Identifier(table))
        with self._connection.cursor().copy(rows) as copy:
            return b"".join(map(bytes, copy)), found[0] if found else None


def _is_used(table: str, sequence: str | None) -> sql.Composed:
    """Whether a table has rows, or had some that were taken back."""
    return sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {}) OR {}").format(
        sql.Literal(table),
        sql.Identifier(table),
        sql.SQL("pg_sequence_last_value({}) IS NOT NULL").format(sql.Literal(sequence))
        if sequence
        else sql.SQL("false"),
    )
