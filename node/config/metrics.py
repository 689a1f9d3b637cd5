"""Figures for a monitoring system."""

from node.config.section import Section
from node.config.types import Host, ListenPort


class MetricsConfig(Section):
    """Figures of queue, destinations, answers and drift for Prometheus, at http://listen:port/metrics."""

    port: ListenPort | None = None
    """TCP port; null: none. The page has no access control and no patient data."""
    listen: Host = "127.0.0.1"
    """Address to listen on."""
