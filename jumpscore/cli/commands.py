"""Commands as rows of a table: a command's module is imported when it runs.

``jumpscore --help`` must answer at once, so it prints the table and imports no command.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, ClassVar, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup

from jumpscore.cli.options import EXIT_FAILED_SAMPLES

_GROUP_OPTION = re.compile(r"--(model|task|input|run)(\.\w+)*")
Rows = Mapping[str, tuple[str, str]]
"""Command name to ``"module:function"`` (or ``"module:app"`` of a group) and its help."""


class LazyGroup(TyperGroup):
    """A group of commands that are imported on first use."""

    rows: ClassVar[Rows]

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of the table."""
        return list(self.rows)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command that has a name and a help text, enough to be listed."""
        if cmd_name not in self.rows:
            return None
        return TyperCommand(cmd_name, help=self.rows[cmd_name][1])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Import the command that is about to run."""
        self.commands = {name: self.get_command(ctx, name) for name in self.rows}  # suggestions
        name, command, rest = super().resolve_command(ctx, args)
        if name is not None:
            command = load(name, *self.rows[name])
        return name, command, rest


def group(table: Rows, *, help: str, default: Callable[..., None] | None = None) -> typer.Typer:
    """Return a group of the commands of a table; without a command, ``default`` runs or help."""
    kind = type("_Group", (LazyGroup,), {"rows": table})
    app = typer.Typer(
        cls=kind,
        no_args_is_help=default is None,
        invoke_without_command=default is not None,
        add_completion=False,
        rich_markup_mode="rich",
    )
    app.callback(help=help)(default or (lambda: None))
    return app


class _Command(TyperCommand):
    """A command that also accepts ``--model motion`` for ``model=motion``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments."""
        if any(parameter.name == "overrides" for parameter in self.params):
            options = {option for parameter in self.params for option in parameter.opts}
            args = as_overrides(args, options)
        return super().parse_args(ctx, args)


def as_overrides(args: list[str], options: Collection[str]) -> list[str]:
    """Return arguments with ``--model x`` and ``--input.count=4`` as ``key=value`` words.

    >>> as_overrides(["--model", "motion", "--task.data=mini", "--limit", "3"], ["--limit"])
    ['model=motion', 'task.data=mini', '--limit', '3']
    """
    words: list[str] = []
    rest = list(args)
    while rest:
        word = rest.pop(0)
        if word == "--":
            return [*words, word, *rest]
        option, equals, _ = word.partition("=")
        if not _GROUP_OPTION.fullmatch(option) or option in options or not (equals or rest):
            words.append(word)
        elif equals:
            words.append(word.removeprefix("--"))
        else:
            words.append(f"{option.removeprefix('--')}={rest.pop(0)}")
    return words


def load(name: str, target: str, help: str) -> Any:
    """Import a command or a group of commands."""
    from jumpscore.registry import imported  # its metadata would slow the help down

    loaded = imported(target)
    if isinstance(loaded, typer.Typer):
        return typer.main.get_command(loaded)
    app = typer.Typer(rich_markup_mode="rich", add_completion=False)
    app.command(name, help=help, cls=_Command)(_flat(loaded))
    return typer.main.get_command(app)


def _flat(function: Callable[..., Any]) -> Callable[..., None]:
    """Return a command function whose option classes are replaced by their fields.

    A parameter annotated with a dataclass becomes one option per field. A function that returns
    true, "samples failed", ends with ``EXIT_FAILED_SAMPLES``.
    """
    parameters: list[inspect.Parameter] = []
    groups: dict[str, Any] = {}
    for parameter in inspect.signature(function, eval_str=True).parameters.values():
        group = parameter.annotation
        if not is_dataclass(group):
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
            continue
        groups[parameter.name] = group
        hints = get_type_hints(group, include_extras=True)
        for field in fields(group):
            default = inspect.Parameter.empty if field.default is MISSING else field.default
            parameters.append(
                inspect.Parameter(
                    field.name,
                    inspect.Parameter.KEYWORD_ONLY,
                    default=default,
                    annotation=hints[field.name],
                )
            )

    def command(**values: Any) -> None:
        for name, group in groups.items():
            values[name] = group(**{field.name: values.pop(field.name) for field in fields(group)})
        if function(**values):
            raise typer.Exit(EXIT_FAILED_SAMPLES)

    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {}
    return command
