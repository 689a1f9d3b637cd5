"""Commands for the bearer tokens of DICOMweb: tokens add, list, remove."""

from typing import Annotated

import typer

from node.cli.options import ConfigOption, JsonOption

NameArgument = Annotated[str, typer.Argument(help="Name of the token, as of the system that will show it.")]


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    group = typer.Typer(help="Bearer tokens for DICOMweb (web.authentication: token).", no_args_is_help=True)
    group.command(epilog="Example: neolung tokens add ohif --right read")(add)
    group.command("list", epilog="Example: neolung tokens list")(list_)
    group.command(epilog="Example: neolung tokens remove ohif")(remove)
    app.add_typer(group, name="tokens")


def add(
    name: NameArgument,
    right: Annotated[
        list[str] | None, typer.Option("--right", help="read or store; both when none is given.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Make a token and print it, once: only its digest is kept."""
    from node.composition.auditing import record_settings
    from node.config.loading import load_config
    from node.folders import make_data_folder
    from node.web.tokens import RIGHTS, add_token, token_file

    settings, rights = load_config(config), right or RIGHTS
    make_data_folder(settings.node.data_dir)
    token = add_token(token_file(settings.node.data_dir), name, rights)
    record_settings(settings, f"token {name} added, with the right to {' and '.join(rights)}")
    typer.echo(token)


def list_(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the tokens by name; they themselves are not kept."""
    from dataclasses import asdict

    from node.config.loading import load_config
    from node.printing import show_json, show_table
    from node.web.tokens import read_tokens, token_file

    tokens = read_tokens(token_file(load_config(config).node.data_dir))
    if as_json:
        show_json([{key: value for key, value in asdict(each).items() if key != "sha256"} for each in tokens])
        return
    rows = [(each.name, ", ".join(each.rights), each.made_at) for each in tokens]
    show_table("Tokens", ("name", "rights", "made at"), rows)


def remove(name: NameArgument, config: ConfigOption = None) -> None:
    """Forget a token; who shows it is refused from the next request on."""
    from node.composition.auditing import record_settings
    from node.config.loading import load_config
    from node.web.tokens import remove_token, token_file

    settings = load_config(config)
    remove_token(token_file(settings.node.data_dir), name)
    record_settings(settings, f"token {name} removed")
    typer.echo(f"{name} is removed")
