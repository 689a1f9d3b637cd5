"""Gathers what the comparison needs from ledger and object store, and shows its cases as a page."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from node.config.schema import Config
from node.errors import ModelRefused
from node.models.choice import active_model, shadow_model
from node.models.comparison import Agreement, Case, MaskReader, agree, disagreements, make_cases
from node.models.store import ModelStore, StoredModel
from node.result_uids import uid_of_result
from storage.errors import ObjectMissing
from storage.instances import find_instance
from storage.ledger import Ledger
from storage.objects import ObjectStore
from storage.shadows import count_shadows, pairs

PAGE = "comparison.html"
_PICTURES = "pictures"


@dataclass(frozen=True, slots=True)
class Compared:
    """Two bundles and the films that both judged."""

    active: StoredModel
    shadow: StoredModel
    agreement: Agreement
    cases: Sequence[Case]


def compare_models(config: Config, ledger: Ledger, wanted: str | None = None) -> Compared:
    """Compare the active bundle with one that ran, or runs, in shadow.

    Parameters
    ----------
    wanted
        Which one; None: the one in shadow now, else the only other one that ever was.

    Raises
    ------
    ModelRefused
        If there is none, or it is the active one.
    """
    active = active_model(config, ledger)
    shadow = _shadow(config, ledger, wanted, active)
    if shadow.digest == active.digest:
        raise ModelRefused(f"{active.name} is the active bundle; name another to compare it with")
    with ledger.read() as connection:
        found = list(pairs(connection, shadow.digest, active.digest))
        store = ObjectStore(config.objects_dir)
        segmentations = {}
        for pair in found:
            uid = uid_of_result(pair.active, pair.sop_instance_uid, "seg")
            stored = find_instance(connection, uid)
            if stored is not None:
                segmentations[pair.sop_instance_uid] = store.path(stored.file)
    cases = list(make_cases(found, MaskReader(segmentations, config.objects_dir)))
    return Compared(active, shadow, agree(cases), cases)


def write_page(compared: Compared, store: ObjectStore, out: Path) -> Path:
    """Write a page with the figures, and both pictures of every film with different answers.

    The pictures show films: what is burned into them stays. The page names films by SOP Instance UID.

    Raises
    ------
    ModelRefused
        If the folder holds other files: pictures of patients must not get among them unseen.
    """
    if out.is_dir() and any(out.iterdir()) and not (out / PAGE).exists():
        raise ModelRefused(f"{out} holds other files; give a new or an empty folder (--out)")
    (out / _PICTURES).mkdir(parents=True, exist_ok=True)
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>"
        for name, value in figures(compared.agreement)
    )
    cases = "".join(_case(case, store, out) for case in disagreements(compared.cases))
    page = _PAGE.format(
        active=escape(compared.active.name),
        shadow=escape(compared.shadow.name),
        rows=rows,
        cases=cases or "<p>Both give every film the same answer.</p>",
    )
    (out / PAGE).write_text(page, encoding="utf-8")
    return out / PAGE


def figures(agreement: Agreement) -> list[tuple[str, str]]:
    """Name and write the figures."""
    table = [
        (f"active {active}, shadow {shadow}", str(count))
        for (active, shadow), count in sorted(agreement.outcomes.items(), key=lambda item: -item[1])
    ]
    return [
        ("films that both judged", str(agreement.films)),
        *table,
        ("same answer", _number(agreement.agreement)),
        ("Cohen's kappa (present, absent)", _number(agreement.kappa)),
        ("probability, shadow minus active: mean", _number(agreement.mean_shift, "+.3f")),
        ("probability, shadow minus active: largest", _number(agreement.largest_shift, "+.3f")),
        ("lung masks, mean IoU", _number(agreement.mean_overlap)),
        ("lung masks, least IoU", _number(agreement.least_overlap)),
        ("seconds a film, active", _number(agreement.active_seconds)),
        ("seconds a film, shadow", _number(agreement.shadow_seconds)),
    ]


def _shadow(config: Config, ledger: Ledger, wanted: str | None, active: StoredModel) -> StoredModel:
    store = ModelStore.of(config)
    if wanted is not None:
        return store.find(wanted)
    running = shadow_model(config, ledger)
    if running is not None:
        return running
    with ledger.read() as connection:
        counted = count_shadows(connection).keys() - {active.digest}
    known = [model for model in map(store.by_digest, counted) if model is not None]
    if len(known) == 1:
        return known[0]
    trouble = "several bundles ran in shadow; name one" if known else "no other bundle ran in shadow yet"
    raise ModelRefused(f"{trouble}: neolung models shadow MODEL lets one run")


def _case(case: Case, store: ObjectStore, out: Path) -> str:
    shown = "".join(
        _picture(case, part, record.details.get("overlay"), store, out)
        for part, record in (("active", case.pair.active), ("shadow", case.pair.shadow))
    )
    overlap = "" if case.overlap is None else f", masks IoU {case.overlap:.3f}"
    return (
        f"<h2>{escape(case.pair.sop_instance_uid)}</h2><p>active: {_answer(case.pair.active)}; "
        f"shadow: {_answer(case.pair.shadow)}{overlap}</p><div>{shown}</div>"
    )


def _picture(case: Case, part: str, kept: object, store: ObjectStore, out: Path) -> str:
    if not isinstance(kept, str):
        return f"<figure><figcaption>{part}: no picture was kept</figcaption></figure>"
    name = f"{_PICTURES}/{case.pair.sop_instance_uid}-{part}.png"
    try:
        shutil.copyfile(store.path(kept), out / name)
    except FileNotFoundError as error:
        raise ObjectMissing(f"the picture {kept} is gone") from error
    return f'<figure><img src="{escape(name)}" alt="{part}"><figcaption>{part}</figcaption></figure>'


def _answer(record: object) -> str:
    outcome, probability = getattr(record, "outcome", ""), getattr(record, "probability", None)
    return escape(f"{outcome}" + (f" ({probability:.3f})" if probability is not None else ""))


def _number(value: float | None, form: str = ".3f") -> str:
    return "-" if value is None else format(value, form)


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Two models on the same films</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem }}
table {{ border-collapse: collapse }} th, td {{ border-bottom: 1px solid #ccc; padding: .3rem 1rem .3rem 0 }}
th {{ font-weight: normal; text-align: left }} div {{ display: flex; gap: 1rem }}
figure {{ margin: 0; flex: 1 }} img {{ max-width: 100% }} h2 {{ font-size: 1rem; overflow-wrap: anywhere }}
</style></head><body>
<h1>{active} (active) and {shadow} (shadow) on the same films</h1>
<p><strong>Research use only.</strong> Pictures show films; treat this folder as patient data.</p>
<table>{rows}</table>
{cases}
</body></html>
"""
