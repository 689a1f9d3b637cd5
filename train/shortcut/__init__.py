"""Whether painting over what is not lung keeps a classifier from learning the devices (SYNTHETIC)."""
