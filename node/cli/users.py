"""Commands that keep the users whom peers may name: users add, remove, list."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.options import ConfigOption, JsonOption

if TYPE_CHECKING:
    from node.users import Users

users = typer.Typer(
    help="Users whom peers may name (User Identity Negotiation): add, remove, list.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)
Name = Annotated[str, typer.Argument(metavar="NAME", show_default=False)]


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    app.add_typer(users, name="users")


@users.command(epilog="Example: neolung users add ward3")
def add(name: Name, config: ConfigOption = None) -> None:
    """Add a user, or change its passcode; it is asked for, or read from standard input."""
    known = _users(config)
    known.put(name, _ask() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n"))
    _record(config, f"user {name} added or given another passcode")
    typer.echo(f"User {name} is known now.")


@users.command(epilog="Example: neolung users remove ward3")
def remove(name: Name, config: ConfigOption = None) -> None:
    """Remove a user; associations that are open go on."""
    _users(config).remove(name)
    _record(config, f"user {name} removed")
    typer.echo(f"User {name} is not known any more.")


@users.command("list", epilog="Example: neolung users list --json")
def list_(config: ConfigOption = None, json: JsonOption = False) -> None:
    """List the users."""
    from node.printing import counted, show_json, show_table

    names = _users(config).names()
    if json:
        show_json(names)
    else:
        show_table(counted(len(names), "user"), ("name",), [(name,) for name in names])


def _ask() -> str:
    passcode: str = typer.prompt("Passcode", hide_input=True, confirmation_prompt=True)
    return passcode


def _record(config: ConfigOption, change: str) -> None:
    from node.composition.auditing import record_settings
    from node.config.loading import load_config

    record_settings(load_config(config), change)


def _users(config: ConfigOption) -> "Users":
    from node.config.loading import load_config
    from node.errors import UsersUnusable
    from node.users import Users

    file = load_config(config).access.users
    if file is None:
        raise UsersUnusable("access.users is not set: name the file that shall hold the users")
    return Users(file)
