"""A group whose commands live in modules of their own, so that `--help` imports none of them."""

from __future__ import annotations

import pkgutil
from collections.abc import Collection, Mapping

import click


class Commands(click.Group):
    """`places`: name -> (`module:command`, one line of help). The `hidden` work, but `--help` doesn't list them."""

    def __init__(self, *, places: Mapping[str, tuple[str, str]], hidden: Collection[str] = (), **rest: object) -> None:
        super().__init__(**rest)  # type: ignore[arg-type]  # click's own arguments, passed on
        self._places = places
        self._hidden = hidden

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name in self._places if name not in self._hidden]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._places:
            return None
        command = pkgutil.resolve_name(self._places[cmd_name][0])
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._places[name][1]) for name in self.list_commands(ctx)])
