"""What ``neolung doctor`` looks at, one check a function; each says what to do when it fails."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from node.config.addressee import own_node
from node.config.destinations import DestinationConfig
from node.config.schema import Config
from node.errors import AssociationRefused, NodeError, in_words
from node.folders import make_data_folder
from node.printing import counted
from pipeline.errors import PipelineError
from storage.errors import StorageError


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes
    ----------
    ok
        None: worth knowing, neither good nor bad.
    detail
        What was found, and what to do about it when it is not in order.
    """

    subject: str
    ok: bool | None
    detail: str


def examine(config: Config) -> Iterator[Check]:
    """Look at everything that the node needs; slow checks come last."""
    yield from _guarded("data folder", lambda: _data_folder(config))
    yield from _guarded("ledger", lambda: _ledger(config))
    yield from _guarded("receiver", lambda: _receiver(config))
    yield from _guarded("access list", lambda: _access(config))
    yield from _guarded("TLS", lambda: _tls(config))
    yield from _guarded("web service", lambda: _web(config))
    yield from _guarded("decoders", _decoders)
    for bundle in _bundles(config):
        yield from _guarded("model bundle", partial(_bundle, bundle))
    yield from _guarded("active model", lambda: _active(config))
    if not config.destinations:
        yield Check("destinations", None, "none configured: results stay on the node and are found by C-FIND")
    for destination in config.destinations:
        yield from _guarded(f"destination {destination.name}", partial(_destination, config, destination))


def _guarded(subject: str, look: Callable[[], Check]) -> Iterator[Check]:
    """Turn an expected error into a failed check, so that the others are still made."""
    try:
        yield look()
    except (NodeError, PipelineError, StorageError) as error:
        yield Check(subject, False, str(error))
    except OSError as error:
        yield Check(subject, False, in_words(error))


def _data_folder(config: Config) -> Check:
    folder = config.node.data_dir
    make_data_folder(folder)
    with tempfile.TemporaryFile(dir=folder):
        free = shutil.disk_usage(folder).free
    enough = free > config.limits.min_free_bytes
    advice = "" if enough else "; below limits.min_free_bytes: C-STORE is answered A700. Free some space"
    return Check("data folder", enough, f"{folder} is writable, {free / 1e9:.1f} GB free{advice}")


def _ledger(config: Config) -> Check:
    from node.errors import NoLedger
    from node.overview import open_ledger
    from storage.jobs import counts
    from storage.values import JobState

    try:
        with open_ledger(config) as ledger, ledger.read() as connection:
            dead = sum(row.jobs for row in counts(connection) if row.state is JobState.DEAD)
    except NoLedger:
        return Check("ledger", None, "not there yet; it is made when the node starts")
    advice = f"; {dead} dead letters: neolung jobs list --dead" if dead else ""
    return Check("ledger", not dead, f"opens and is of this version{advice}")


def _receiver(config: Config) -> Check:
    from node.network.sender import Sender

    node = own_node(config)
    where = f"{node.ae_title} at {node.host}:{node.port}"
    if not _port_is_taken(node):
        return Check("receiver", None, f"{where}: the node is not running; the port is free")
    try:
        Sender(node, node.ae_title).echo()
    except AssociationRefused as error:
        if "calling ae title" not in str(error).lower():
            raise
        detail = (
            f"{where} listens, and refuses {node.ae_title} from this machine: access.peers does not name it, "
            "so neolung send and query do not reach it from here"
        )
        return Check("receiver", None, detail)
    return Check("receiver", True, f"{where} answers C-ECHO")


def _port_is_taken(node: DestinationConfig) -> bool:
    import socket

    with socket.socket(socket.AF_INET6 if ":" in node.host else socket.AF_INET) as probe:
        probe.settimeout(1)
        return probe.connect_ex((node.host, node.port)) == 0


def _access(config: Config) -> Check:
    anyone = [peer.name for peer in config.access.peers if peer.ae_title == "*" and not peer.addresses]
    if anyone:
        return Check(
            "access list", False, f"{', '.join(anyone)}: any AE from anywhere may call; name addresses"
        )
    users = (
        "" if config.access.users is None else f", {counted(len(_users(config.access.users)), 'user')} known"
    )
    return Check("access list", True, f"{counted(len(config.access.peers), 'peer')} may call{users}")


def _users(file: Path) -> list[str]:
    from node.errors import UsersUnusable
    from node.users import Users

    if not file.exists():
        raise UsersUnusable(
            f"access.users, {file}, is not there: nobody can log in; neolung users add makes it"
        )
    return Users(file).names()


def _tls(config: Config) -> Check:
    from node.security_checks import examine_tls

    return Check("TLS", *examine_tls(config.tls))


def _web(config: Config) -> Check:
    from node.web.tokens import read_tokens, token_file

    web = config.web
    if not web.enabled:
        return Check("web service", None, "off; web.enabled switches DICOMweb on")
    if web.authentication == "token" and not read_tokens(token_file(config.node.data_dir)):
        return Check("web service", False, "nobody is let in: neolung tokens add NAME makes a first token")
    scheme = "https" if web.tls else "http"
    return Check("web service", True, f"DICOMweb on {scheme}://{web.listen}:{web.port}/dicom-web")


def _decoders() -> Check:
    from pydicom.uid import UID

    from pipeline.codecs import prove_codecs

    proofs = prove_codecs()
    proven = [UID(syntax).keyword for syntax, proof in proofs.items() if proof.ok]
    failed = [f"{UID(syntax).keyword} ({proof.detail})" for syntax, proof in proofs.items() if not proof.ok]
    accepted = f"{counted(len(proven), 'transfer syntax', 'transfer syntaxes')} proven: {', '.join(proven)}"
    if failed:
        return Check("decoders", None, f"{accepted}. Not accepted on this machine: {'; '.join(failed)}")
    return Check("decoders", True, accepted)


def _bundles(config: Config) -> tuple[Path, ...]:
    from node.routing.router import Router

    return Router.of(config).bundles


def _bundle(folder: Path) -> Check:
    from pipeline.bundle import verify_bundle

    _, identity = verify_bundle(folder)
    digests = f"bundle {identity.digest[:12]}, every file's digest holds"
    return Check("model bundle", True, f"{identity.name} {identity.version}: {digests}")


def _active(config: Config) -> Check:
    """Look at the promoted model and the one in shadow, byte by byte."""
    from node.errors import NoLedger
    from node.models.choice import active_model, shadow_model
    from node.overview import open_ledger
    from pipeline.bundle import verify_bundle

    try:
        with open_ledger(config) as ledger:
            active, shadow = active_model(config, ledger), shadow_model(config, ledger)
    except NoLedger:
        return Check("active model", None, "that of the configuration: this node has not run yet")
    for model in (active, shadow):
        if model is not None:
            verify_bundle(model.path)
    beside = f"; in shadow: {shadow.name} ({shadow.short})" if shadow else ""
    return Check("active model", True, f"{active.name} ({active.short}){beside}")


def _destination(config: Config, destination: DestinationConfig) -> Check:
    from node.network.commitment import offers_commitment
    from node.network.sender import Sender

    Sender(destination, config.node.ae_title).echo()
    subject = f"destination {destination.name}"
    answer = f"{destination.ae_title} at {destination.host}:{destination.port} answers C-ECHO"
    if destination.storage_commitment and not offers_commitment(destination, config.node.ae_title):
        missing = "offers no Storage Commitment: its results are stored, not committed"
        return Check(subject, None, f"{answer}; {missing}. storage_commitment: false stops asking")
    return Check(subject, True, answer)
