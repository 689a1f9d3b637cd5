from dataclasses import fields

from node.config import load_config
from node.config.schema import Config, GateConfig
from node.gating import gate_settings
from pipeline.gate import GateSettings


def test_every_bound_of_the_gate_is_a_key_with_the_same_default():
    bounds = {field.name for field in fields(GateSettings)}
    assert bounds == set(GateConfig.model_fields) | {"process_secondary_capture"}
    assert gate_settings(Config()) == GateSettings()


def test_configured_bounds_reach_the_gate():
    variables = {
        "NEOLUNG_GATE__MAX_AGE_DAYS": "90",
        "NEOLUNG_GATE__PLACEHOLDER_BIRTH_DATES": "['20000101']",
        "NEOLUNG_RECEIVE__PROCESS_SECONDARY_CAPTURE": "true",
    }
    settings = gate_settings(load_config(None, variables))
    assert settings.max_age_days == 90
    assert settings.placeholder_birth_dates == ("20000101",)
    assert settings.process_secondary_capture is True
