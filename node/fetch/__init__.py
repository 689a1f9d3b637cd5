"""Campaigns that fetch studies from a PACS into the queue: ``neolung fetch``."""
