"""``neolung demo``: the main job on one machine, with a small PACS of its own. Never for patients."""
