"""The gate's bounds as this node is configured."""

from node.config.schema import Config
from pipeline.gate import GateSettings


def gate_settings(config: Config) -> GateSettings:
    """Give the gate's settings."""
    receive = config.receive
    return GateSettings(
        **config.gate.model_dump(), process_secondary_capture=receive.process_secondary_capture
    )
