"""Puts the parts together: the one place where the classes of all packages meet.

One module for each process of the node, imported only where it runs: the supervisor stays small, and every
process loads only its own part.
"""

import sys
from functools import partial
from pathlib import Path

from node.config.schema import Config
from node.processes.service import run_service

__all__ = ["run_all", "run_deliver", "run_serve", "run_web", "run_work", "seconds_to_stop"]

_STOP_MARGIN_S = 15.0


def run_all(config_path: Path | None = None) -> int:
    """Run the whole node under a supervisor until it is asked to stop; give the exit code.

    Raises
    ------
    NodeError
        If the configuration cannot be used, or a node runs on this data folder already.
    """
    from node.config.loading import load_config
    from node.log import configure_logging
    from node.processes.lifetime import Drain, hold_lock, install_signals
    from node.processes.service import lock_name
    from node.processes.supervisor import RestartPolicy, Supervisor

    config = load_config(config_path)
    configure_logging(config.log.level, config.log.format)
    arguments = [] if config_path is None else ["--config", str(config_path)]
    commands = {role: [sys.executable, "-m", "node", role, *arguments] for role in roles(config)}
    drain = Drain()
    install_signals(drain)
    with hold_lock(config.node.data_dir, lock_name("run", config)):
        policy = RestartPolicy(kill_after_s=seconds_to_stop(config))
        return Supervisor(commands, drain, policy, adopts_orphans=True).run()


def roles(config: Config) -> tuple[str, ...]:
    """Name the processes that the configuration needs."""
    needed = {"serve": True, "work": True, "deliver": bool(config.destinations), "web": config.web.enabled}
    return tuple(role for role, is_needed in needed.items() if is_needed)


def seconds_to_stop(config: Config) -> float:
    """Give how long a service may take to stop: the time to drain, and some to hand back what is left."""
    return config.limits.drain_timeout_s + _STOP_MARGIN_S


def run_serve(config: Config) -> int:
    """Run the DICOM services until asked to stop; give the exit code."""
    from node.composition.serving import serve

    return run_service("serve", config, partial(serve, config))


def run_work(config: Config) -> int:
    """Run the worker until asked to stop; give the exit code."""
    from node.composition.working import work

    return run_service("work", config, partial(work, config))


def run_deliver(config: Config) -> int:
    """Run the delivery to every destination until asked to stop; give the exit code."""
    from node.composition.delivering import deliver

    return run_service("deliver", config, partial(deliver, config))


def run_web(config: Config) -> int:
    """Run DICOMweb until asked to stop; give the exit code."""
    from node.composition.browsing import browse

    return run_service("web", config, partial(browse, config))
