"""Registries of model bundles for tests, with a real ledger beside them.

>>> with open_site(folder) as site: ...
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from node.config.schema import Config
from node.models.choice import active_model
from node.models.promotion import Registrar
from node.models.store import ModelStore, StoredModel
from pipeline.bundle.evidence import DEMANDED, EVIDENCE_NAME, OUTLINES, Difference, Evidence
from pipeline.bundle.manifest import MANIFEST_NAME, sha256_of
from storage.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Site:
    """A node's registry."""

    config: Config
    ledger: Ledger
    store: ModelStore
    registrar: Registrar

    @property
    def active(self) -> StoredModel:
        return active_model(self.config, self.ledger)

    def promote(self, model: StoredModel) -> None:
        self.registrar.promote(model.short, override=True, reason="test")


@contextmanager
def open_site(folder: Path, bundle: Path | None = None) -> Iterator[Site]:
    """Make the registry of a node whose configuration names a bundle, or none."""
    sections = {
        "node": {"data_dir": str(folder / "var")},
        "model": {"bundle": str(bundle) if bundle else None},
    }
    config = Config.model_validate(sections, context={"base": folder})
    config.node.data_dir.mkdir(exist_ok=True)
    with closing(Ledger.open(config.ledger_url)) as ledger:
        yield Site(config, ledger, ModelStore.of(config), Registrar(config, ledger))


def figure(name: str, *, holds: bool = True, films: int = 100) -> Difference:
    """Make a figure of a comparison that was measured."""
    low = -0.01 if holds else -0.1
    return Difference(figure=name, films=films, difference=0.0, low=low, high=0.1, margin=0.02, holds=holds)


def with_evidence(
    bundle: Path,
    out: Path,
    against: str,
    *,
    passes: bool = True,
    figures: tuple[str, ...] = (*DEMANDED, OUTLINES),
) -> Path:
    """Copy a bundle and put a comparison into it, as a retraining does."""
    shutil.copytree(bundle, out)
    evidence = Evidence(
        passes=passes,
        against=against,
        against_name="the one before",
        films=100,
        patients=90,
        locked_digest="0" * 64,
        marks=("SYNTHETIC",),
        sentences=(f"auroc: new minus old +0.01: {'holds' if passes else 'fails'}",),
        differences=tuple(figure(name, holds=passes) for name in figures),
    )
    content = evidence.model_dump_json().encode()
    (out / EVIDENCE_NAME).write_bytes(content)
    manifest = json.loads((out / MANIFEST_NAME).read_text(encoding="utf-8"))
    manifest["files"].append(
        {"name": EVIDENCE_NAME, "sha256": sha256_of(content), "size_bytes": len(content)}
    )
    (out / MANIFEST_NAME).write_text(json.dumps(manifest), encoding="utf-8")
    return out


def flip(file: Path) -> None:
    """Change the last byte of a file."""
    file.chmod(0o644)
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
