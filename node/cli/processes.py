"""Commands that run the node: run, serve, work, deliver, web."""

import sys

import typer

from node.cli.options import ConfigOption


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    app.command(epilog="Example: neolung run --config /etc/neolung/config.yaml")(run)
    app.command(epilog="Example: neolung serve")(serve)
    app.command(epilog="Example: neolung work")(work)
    app.command(epilog="Example: neolung deliver")(deliver)
    app.command(epilog="Example: neolung web")(web)


def run(config: ConfigOption = None) -> None:
    """Run the whole node: receiver, worker, sender and web service, each started again if it dies."""
    from node.composition import run_all

    sys.exit(run_all(config))


def serve(config: ConfigOption = None) -> None:
    """Run only the DICOM services: Verification, Storage, Query, commitment reports."""
    from node.composition import run_serve
    from node.config.loading import load_config

    sys.exit(run_serve(load_config(config)))


def work(config: ConfigOption = None) -> None:
    """Run only the worker that analyses queued films."""
    from node.composition import run_work
    from node.config.loading import load_config

    sys.exit(run_work(load_config(config)))


def deliver(config: ConfigOption = None) -> None:
    """Run only the sender that delivers results to the destinations."""
    from node.composition import run_deliver
    from node.config.loading import load_config

    sys.exit(run_deliver(load_config(config)))


def web(config: ConfigOption = None) -> None:
    """Run only DICOMweb: search, retrieve and store over HTTP."""
    from node.composition import run_web
    from node.config.loading import load_config

    sys.exit(run_web(load_config(config)))
