"""A group whose commands live in modules of their own, so that `--help` imports none of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from importlib import import_module

import click


class Commands(click.Group):
    """`commands_by_name`: name -> one line of help. The command `a-b` is `a_b` in the module `service.cli.a_b`."""

    def __init__(
        self, *, commands_by_name: Mapping[str, str], hidden_names: Collection[str] = (), **rest: object
    ) -> None:
        super().__init__(**rest)  # type: ignore[arg-type]  # click's own arguments, passed on
        self._lines = commands_by_name
        self._hidden = hidden_names

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name in self._lines if name not in self._hidden]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._lines:
            return None
        name = cmd_name.replace("-", "_")
        command = getattr(import_module(f"service.cli.{name}"), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._lines[name]) for name in self.list_commands(ctx)])
