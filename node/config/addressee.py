"""Who a command talks to: a configured destination, or the node itself as reached from this machine."""

from node.config.destinations import DestinationConfig
from node.config.schema import Config
from node.errors import UnknownDestination

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Addresses to listen on, and the one to call instead."""


def addressee(config: Config, name: str | None) -> DestinationConfig:
    """Find a destination by name; None is the node itself.

    Raises
    ------
    UnknownDestination
        If no destination has that name.
    """
    if name is None:
        return own_node(config)
    for destination in config.destinations:
        if destination.name == name:
            return destination
    known = ", ".join(destination.name for destination in config.destinations) or "none"
    raise UnknownDestination(f"no destination is called {name!r}; configured: {known}")


def own_node(config: Config) -> DestinationConfig:
    """Give the node itself as a destination.

    Raises
    ------
    UnknownDestination
        If the node listens on any free port: only its log says which.
    """
    host, port = own_address(config)
    tls = config.tls
    if port == 0:
        key = "node.port" if tls.plain else "tls.port"
        raise UnknownDestination(f"{key} is 0, any free port; set a number to reach the node by commands")
    node = DestinationConfig(
        name="this-node",
        ae_title=config.node.ae_title,
        host=host,
        port=port,
        tls=not tls.plain,
        certificate=None if tls.plain else "*",
        storage_commitment=False,
    )
    # It is believed by its own certificate, whoever signed that.
    return node.with_tls_files(tls.model_copy(update={"authorities": tls.certificate, "revocations": None}))


def own_address(config: Config) -> tuple[str, int]:
    """Give host and port at which this machine reaches the node; port 0 when only its log says which."""
    port = config.node.port if config.tls.plain else config.tls.port
    return EVERYWHERE.get(config.node.listen, config.node.listen), port
