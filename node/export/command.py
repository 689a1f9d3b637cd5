"""``neolung export``, from what a person typed to a finished folder."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from node.composition.auditing import make_auditor
from node.config.schema import Config
from node.days import local_midnight
from node.errors import ExportRefused
from node.export.borders import Borders, read_borders
from node.export.exporter import Exporter
from node.export.making import DeIdentified, Identified, Method
from node.export.objects import Rules
from node.export.recording import record_begin, record_end
from node.export.report import Report
from node.export.selection import Selection, select
from node.export.sitekey import load_key
from node.gating import gate_settings
from node.overview import open_ledger
from node.printing import progress
from storage.objects import ObjectStore

KEY_NAME = "export.key"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person typed.

    Attributes
    ----------
    since, until
        First and last day of receipt, local.
    borders
        As `read_borders` takes it; empty: none.
    key
        File of the site's key; None: in the data folder.
    """

    since: date | None = None
    until: date | None = None
    judged: bool = False
    annotated: bool = False
    borders: str = ""
    key: Path | None = None
    identified: bool = False


def export(config: Config, folder: Path, wish: Wish) -> Report:
    """Write a training set of the node's own films.

    Raises
    ------
    ExportRefused, ExportFailed
        If it cannot begin, or did not come to its end.
    NoLedger
        If the node has not run yet.
    """
    since, until = local_midnight(wish.since), local_midnight(wish.until, days=1)
    selection = Selection(since, until, wish.judged, wish.annotated)
    with open_ledger(config) as ledger:
        method = _method(config, wish)
        films = select(ledger, selection)
        if not films:
            raise ExportRefused("no film of the ledger is as you ask; 'neolung studies' lists what there is")
        mode = "IDENTIFIED" if wish.identified else "de-identified"
        record_begin(ledger, make_auditor(config), films, folder, mode)
        report = Exporter(ObjectStore(config.objects_dir), method, progress).write(films, folder)
        record_end(ledger, report.films, folder, mode)
    return report


def _method(config: Config, wish: Wish) -> Method:
    borders = read_borders(wish.borders) if wish.borders else Borders()
    rules = Rules(gate_settings(config), borders)
    if not wish.identified:
        if wish.key is not None and not wish.key.exists():
            raise ExportRefused(
                f"{wish.key} does not exist; name the secret that was used before, make one with "
                "'openssl rand -hex 32', or leave --key out: the node has a secret of its own"
            )
        return DeIdentified(load_key(wish.key or config.node.data_dir / KEY_NAME), rules)
    if borders:
        raise ExportRefused("--identified copies films as they came; leave --black-borders out")
    return Identified(rules)
