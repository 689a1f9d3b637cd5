"""The process that listens: Verification, Storage, Query, commitment reports."""

from functools import partial
from typing import Any

from node.audit.auditor import Auditor
from node.composition.auditing import auditing, forget_old, forwarding
from node.composition.stores import open_stores
from node.config.schema import Config
from node.drift.watch import watch_drift
from node.errors import StartRefused
from node.housekeeping import keep_house
from node.log import EventLog
from node.metrics import offering_metrics
from node.network.access import AccessList
from node.network.application_entity import ApplicationEntity, Services
from node.network.commitment_provider import CommitmentProvider
from node.network.contexts import PLAIN_SYNTAXES, in_our_order
from node.network.intake import Intake
from node.network.query import QueryService
from node.network.receiver import Receiver
from node.network.retrieve import RetrieveService
from node.processes.lifetime import Drain
from node.reindexing import complete_index
from node.work.commitment_reporter import CommitmentReporter
from node.work.committer import make_report_handler
from node.work.doorbell import ring
from pipeline.codecs import prove_codecs
from storage.ledger import Ledger
from storage.objects import ObjectStore

_log = EventLog("serve")


def serve(config: Config, drain: Drain) -> None:
    """Offer the DICOM services until the wish to stop; what is left of killed processes is swept first."""
    ledger, store = open_stores(config)
    _log.info("temporary files swept", files=store.sweep())
    reporter = CommitmentReporter(ledger, store, config)
    with (
        auditing(config) as auditor,
        forwarding(config),
        make_application_entity(config, ledger, store, auditor, reporter),
        reporter.running(drain),
        offering_metrics(config, ledger),
    ):
        complete_index(config, ledger, store, drain)
        keep_house(ledger, config.ledger.keep_days, drain, also=partial(_look_after, config, ledger))
    ledger.close()


def _look_after(config: Config, ledger: Ledger) -> None:
    """Do what is due now and then beside the ledger's own."""
    forget_old(config)
    watch_drift(config, ledger)


def make_application_entity(
    config: Config, ledger: Ledger, store: ObjectStore, auditor: Auditor, reporter: CommitmentReporter
) -> ApplicationEntity:
    """Make the acceptor with all its services.

    Raises
    ------
    StartRefused
        If this machine cannot even decode uncompressed pixels as it should.
    """
    proofs = prove_codecs()
    for syntax, proof in proofs.items():
        if not proof.ok:
            _log.warning("transfer syntax not accepted", transfer_syntax=syntax, reason=proof.detail)
    broken = [syntax for syntax in PLAIN_SYNTAXES if syntax in proofs and not proofs[syntax].ok]
    if broken:
        raise StartRefused(
            f"uncompressed pixels ({', '.join(broken)}) are decoded wrongly; reinstall neolung"
        )
    access = AccessList(config.access, config.node.ae_title)
    receiver = Receiver(Intake(ledger, store, config), access, auditor)

    def store_and_ring(event: Any) -> Any:
        answer = receiver(event)
        ring(config.node.data_dir, "analyse")
        return answer

    services = Services(
        store=store_and_ring,
        find=QueryService(ledger, access, config, auditor),
        retrieve=RetrieveService(ledger, store, access, config, auditor),
        commit=CommitmentProvider(ledger, access, config, reporter.announce),
        commitment_report=make_report_handler(ledger),
    )
    proven = in_our_order(syntax for syntax, proof in proofs.items() if proof.ok)
    return ApplicationEntity(config, access, services, image_syntaxes=proven, auditor=auditor)
