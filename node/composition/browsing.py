"""The process that answers DICOMweb: search, retrieve, store."""

from pathlib import Path

from node.audit.auditor import Auditor
from node.composition.auditing import auditing
from node.composition.stores import open_stores
from node.config.schema import Config
from node.network.contexts import in_our_order
from node.network.intake import Intake, StoreRequest
from node.network.status import StoreStatus
from node.network.tls import server_context
from node.processes.lifetime import Drain
from node.web.app import make_app
from node.web.frames import Frames
from node.web.holdings import Holdings
from node.web.rendered import Rendered
from node.web.resources import Services
from node.web.retrieve import Retrieve
from node.web.search import Search
from node.web.server import WebServer
from node.web.store import Store
from node.web.tokens import token_file
from node.web.upload import Take
from node.web.visitors import Authenticator
from node.web.witness import Witness
from node.work.doorbell import ring
from pipeline.codecs import prove_codecs
from storage.ledger import Ledger
from storage.objects import ObjectStore

_LOOK_S = 0.5


def browse(config: Config, drain: Drain) -> None:
    """Answer requests until the wish to stop."""
    ledger, objects = open_stores(config)
    with auditing(config) as auditor, make_web_server(config, ledger, objects, auditor) as server:
        while not drain.wait(_LOOK_S):
            if not server.is_alive():
                raise RuntimeError("the web server ended unexpectedly")
    ledger.close()


def make_web_server(config: Config, ledger: Ledger, objects: ObjectStore, auditor: Auditor) -> WebServer:
    """Make the server with all its services.

    Raises
    ------
    TlsUnusable
        If the files of TLS cannot be used.
    """
    holdings = Holdings(ledger, objects)
    witness = Witness(auditor, ledger)
    take = _store_and_ring(Intake(ledger, objects, config), config.node.data_dir)
    proven = in_our_order(syntax for syntax, proof in prove_codecs().items() if proof.ok)
    services = Services(
        search=Search(ledger, config.limits.query_limit),
        retrieve=Retrieve(holdings, config.receive.undeclared_charsets),
        frames=Frames(holdings),
        rendered=Rendered(holdings),
        store=Store(take, witness, config, proven),
    )
    authenticator = Authenticator(config.web, token_file(config.node.data_dir))
    tls = server_context(config.tls) if config.web.tls else None
    app = make_app(services, authenticator, witness, config.web)
    return WebServer(app, config.web, tls, config.limits.drain_timeout_s)


def _store_and_ring(intake: Intake, data_dir: Path) -> Take:
    def take(request: StoreRequest) -> tuple[int, str]:
        status, comment = intake.take(request)
        if status == StoreStatus.SUCCESS:
            ring(data_dir, "analyse")
        return status, comment

    return take
