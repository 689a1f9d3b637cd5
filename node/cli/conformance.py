"""The command that prints what the node conforms to: conformance."""

import typer


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    app.command(epilog="Example: neolung conformance > docs/conformance.md")(conformance)


def conformance() -> None:
    """Print the DICOM Conformance Statement of this program on this machine, in Markdown."""
    from node.conformance import make_statement

    typer.echo(make_statement(), nl=False)
