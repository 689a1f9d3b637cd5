"""A year at a small hospital, played with simulated babies (SYNTHETIC): ``make story``."""
