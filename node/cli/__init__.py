"""The ``neolung`` command: one file a group of commands, heavy imports only inside the commands.

Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import sys
from typing import Annotated

import typer

from node.cli import (
    auditing,
    conformance,
    demonstration,
    diagnosis,
    drifting,
    explaining,
    exporting,
    fetching,
    labelling,
    models,
    offline,
    operations,
    processes,
    reprocessing,
    tokens,
    transfer,
    users,
)
from node.errors import ConfigError, NodeError, in_words
from node.log import silence_libraries
from pipeline.errors import PipelineError
from storage.errors import StorageError

_SERVICES = frozenset({"run", "serve", "work", "deliver", "web"})
"""Commands that a service manager starts again unless they say that this cannot help."""

app = typer.Typer(
    name="neolung",
    help="A DICOM node that judges RDS on newborn chest radiographs beside the PACS. Research use only.",
    epilog="Start with: neolung demo",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        from importlib.metadata import version

        typer.echo(f"neolung {version('neolung')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take the options that stand before a command."""


for group in (
    demonstration,
    processes,
    transfer,
    fetching,
    offline,
    explaining,
    operations,
    models,
    reprocessing,
    drifting,
    labelling,
    exporting,
    users,
    tokens,
    auditing,
    diagnosis,
    conformance,
):
    group.add_to(app)


def main() -> None:
    """Run the command line; an expected error is one line that says what to do, and exit code 1."""
    silence_libraries()
    try:
        app()
    except ConfigError as error:
        from node.processes.supervisor import CANNOT_START

        _fail(str(error), CANNOT_START if _SERVICES & set(sys.argv[1:2]) else 1)
    except (NodeError, PipelineError, StorageError) as error:
        _fail(str(error))
    except BrokenPipeError:
        sys.exit(1)
    except OSError as error:
        _fail(in_words(error))


def _fail(reason: str, code: int = 1) -> None:
    typer.echo(f"neolung: {reason}", err=True)
    sys.exit(code)
