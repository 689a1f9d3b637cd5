"""The command that shows the audit trail: audit."""

import typer

from node.cli.options import ConfigOption, JsonOption, LimitOption


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    app.command(epilog="Example: neolung audit --limit 20")(audit)


def audit(limit: LimitOption = 50, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Show the last messages of the audit trail. They name patients, and looking is recorded in the trail."""
    from dataclasses import asdict

    from node.audit.reading import latest
    from node.composition.auditing import make_auditor, make_trail
    from node.config.loading import load_config
    from node.printing import counted, show_json, show_table

    settings = load_config(config)
    make_auditor(settings).log_used(str(settings.audit_dir))
    entries = [asdict(entry) for entry in latest(make_trail(settings), limit)]
    if json:
        show_json(entries)
        return
    columns = ("at", "event", "outcome", "who", "what", "reason")
    show_table(counted(len(entries), "message"), columns, [tuple(entry.values()) for entry in entries])
