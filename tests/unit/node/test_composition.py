"""What the parts are put together with."""

from node.composition import seconds_to_stop
from node.config.schema import Config, LimitsConfig


def test_no_service_is_killed_before_its_time_to_drain_has_passed() -> None:
    patient = Config(limits=LimitsConfig(drain_timeout_s=300.0))

    assert seconds_to_stop(patient) > 300.0
