"""Real films with simulated disease and devices; what is learnt from them is SYNTHETIC."""
