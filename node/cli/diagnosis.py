"""The command that looks at everything: doctor."""

import typer

from node.cli.options import ConfigOption, JsonOption

SIGNS = {True: "ok", False: "PROBLEM", None: "note"}


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    app.command(epilog="Example: neolung doctor --config /etc/neolung/config.yaml")(doctor)


def doctor(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Check configuration, disk, ledger, decoders, models, and C-ECHO every destination."""
    from dataclasses import asdict

    from node.checks import examine
    from node.config.loading import load_config
    from node.printing import show_json, show_table

    checks = list(examine(load_config(config)))
    if json:
        show_json([asdict(check) for check in checks])
    else:
        rows = [(SIGNS[check.ok], check.subject, check.detail) for check in checks]
        show_table("neolung doctor", ("", "what", "found"), rows)
    if any(check.ok is False for check in checks):
        raise typer.Exit(1)
