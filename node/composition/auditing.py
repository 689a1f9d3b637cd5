"""The audit trail of each process, and the thread that forwards it."""

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from node.audit.auditor import Auditor
from node.audit.flood import Flood
from node.audit.message import AuditSource
from node.audit.trail import AuditTrail, NoTrail
from node.config.schema import Config
from node.processes.lifetime import Drain


def make_trail(config: Config) -> AuditTrail:
    """Give the audit trail of this node."""
    return AuditTrail(config.audit_dir, config.audit.max_file_bytes)


def make_auditor(config: Config) -> Auditor:
    """Make what a process or a command writes its audit messages with."""
    trail = make_trail(config) if config.audit.enabled else NoTrail()
    source = AuditSource(config.node.station_name, config.audit.enterprise_site or "")
    flood = partial(Flood, partial(_has_room, config))
    return Auditor(trail, source, config.node.ae_title, socket.gethostname(), flood)


def _has_room(config: Config) -> bool:
    """Whether the disk of the trail has as much left as a film would be refused without."""
    folder = next(each for each in (config.audit_dir, *config.audit_dir.parents) if each.exists())
    return shutil.disk_usage(folder).free >= config.limits.min_free_bytes


def record_settings(config: Config, what: str) -> None:
    """Record that the person at the keyboard changed who may do what."""
    make_auditor(config).settings_changed(what)


def record_software(config: Config, what: str) -> None:
    """Record that the person at the keyboard changed what the node works with."""
    make_auditor(config).software_changed(what)


@contextmanager
def auditing(config: Config) -> Iterator[Auditor]:
    """Record start and stop of a process around its work."""
    auditor = make_auditor(config)
    auditor.application_started()
    try:
        yield auditor
    finally:
        auditor.application_stopped()


@contextmanager
def forwarding(config: Config) -> Iterator[None]:
    """Forward the trail to the audit repository meanwhile, where there is one."""
    syslog = config.audit.syslog
    if not config.audit.enabled or syslog.host is None:
        yield
        return
    from node.audit.forwarder import Forwarder
    from node.audit.syslog import make_transport

    drain = Drain()
    transport = make_transport(syslog, partial(connect_repository, config))
    forwarder = Forwarder(make_trail(config), transport, socket.getfqdn())
    thread = threading.Thread(target=forwarder.run, args=(drain,), name="audit", daemon=True)
    thread.start()
    try:
        yield
    finally:
        drain.request()
        thread.join(syslog.timeout_s)


def forget_old(config: Config) -> None:
    """Remove files of the trail that are old enough, and forwarded where they shall be."""
    audit = config.audit
    if not audit.enabled or audit.keep_days == 0:
        return
    from node.audit.forwarder import position_in
    from node.audit.trail import days_ago

    trail = make_trail(config)
    reached = position_in(trail.folder).file if audit.syslog.host is not None else None
    # Where nothing is forwarded yet, nothing may go.
    trail.forget(days_ago(audit.keep_days), keep_from=reached)


def connect_repository(config: Config) -> socket.socket:
    """Open a TLS connection to the audit repository."""
    from node.network.connection import secure

    syslog = config.audit.syslog
    host, timeout_s = str(syslog.host), syslog.timeout_s
    plain = socket.create_connection((host, syslog.port), timeout=timeout_s)
    return secure(plain, config.tls, host, wanted=syslog.certificate, timeout_s=timeout_s)
