"""The command that shows the main job: demo."""

from pathlib import Path
from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    app.command(epilog="Example: neolung demo --out /tmp/demo")(demo)


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")] = Path("demo-results"),
) -> None:
    """Show the main job on this machine: a node, a small PACS, films in, results out. Nothing else needed."""
    from node.demo.story import tell

    tell(out)
