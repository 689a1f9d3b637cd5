"""The ``neolung`` command: one file a group of commands, heavy imports only inside the commands.

Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import sys

import typer

from node.cli import demonstration, diagnosis, offline, operations, processes, transfer
from node.errors import NodeError
from node.log import silence_libraries
from pipeline.errors import PipelineError
from storage.errors import StorageError

app = typer.Typer(
    name="neolung",
    help="A DICOM node that judges RDS on newborn chest radiographs beside the PACS. Research use only.",
    epilog="Start with: neolung demo",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for group in (demonstration, processes, transfer, offline, operations, diagnosis):
    group.add_to(app)


def main() -> None:
    """Run the command line; an expected error is one line that says what to do, and exit code 1."""
    silence_libraries()
    try:
        app()
    except (NodeError, PipelineError, StorageError) as error:
        _fail(str(error))
    except BrokenPipeError:
        sys.exit(1)
    except OSError as error:
        _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error))


def _fail(reason: str) -> None:
    typer.echo(f"neolung: {reason}", err=True)
    sys.exit(1)
