"""The node's configuration: ``schema.py`` says which keys there are, ``loading.py`` reads them."""

from node.config.loading import load_config
from node.config.schema import Config, DestinationConfig, PeerConfig

__all__ = ["Config", "DestinationConfig", "PeerConfig", "load_config"]
