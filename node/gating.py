"""The gate's bounds as this node is configured."""

from node.config.schema import Config
from pipeline.gate import GateSettings


def gate_settings(config: Config) -> GateSettings:
    """Give the gate's settings; what the configuration does not name keeps its default."""
    return GateSettings(
        max_age_days=config.gate.max_age_days,
        process_unknown=config.gate.process_unknown,
        allow_for_processing=config.gate.allow_for_processing,
        process_secondary_capture=config.receive.process_secondary_capture,
    )
