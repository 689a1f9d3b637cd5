"""The registry of model bundles: list, show, add, promote, rollback, shadow, compare."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.options import ConfigOption, JsonOption

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.config.schema import Config
    from node.models.store import StoredModel
    from storage.ledger import Ledger

models = typer.Typer(
    help="Model bundles: list, show, add, promote, rollback, shadow, compare.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)
Wanted = Annotated[
    str,
    typer.Argument(metavar="MODEL", help="Name and version, name, or first digits of the digest."),
]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept with the decision. No patient data.")]


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    app.add_typer(models, name="models")


@models.command(name="list", epilog="Example: neolung models list")
def list_models(config: ConfigOption = None, json: JsonOption = False) -> None:
    """List the bundles of this node: which one is active, which one runs in shadow."""
    from node.config.loading import load_config
    from node.models.choice import roles_of_models
    from node.overview import open_ledger
    from node.printing import show_json, show_table

    settings = load_config(config)
    with open_ledger(settings) as ledger:
        found = roles_of_models(settings, ledger)
    rows = [
        (
            one.digest[:12],
            one.name,
            one.model.manifest.created if one.model else None,
            one.role,
            _verdict(one.model) if one.model else f"DAMAGED: {one.trouble}",
        )
        for one in found
    ]
    if json:
        keys = ("digest", "name", "created", "role", "comparison")
        named = [dict(zip(keys, row, strict=True)) for row in rows]
        show_json([row | {"digest": one.digest} for row, one in zip(named, found, strict=True)])
    else:
        show_table("Models", ("digest", "name and version", "made", "role", "comparison"), rows)


@models.command(epilog="Example: neolung models show 3f9a2c")
def show(wanted: Wanted, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Show one bundle: what it learnt from, its operating point, its comparison with the one before."""
    from node.config.loading import load_config
    from node.models.store import ModelStore
    from node.printing import show_json, show_table

    model = ModelStore.of(load_config(config)).find(wanted)
    if json:
        show_json({"digest": model.digest, "path": str(model.path), **model.manifest.model_dump(mode="json")})
        return
    show_table(f"{model.name}", ("", ""), _facts(model))


@models.command(epilog="Example: neolung models add candidate/")
def add(
    folder: Annotated[Path, typer.Argument(help="Folder of the bundle.", exists=True, file_okay=False)],
    config: ConfigOption = None,
) -> None:
    """Take a bundle in: every file is checked against its digest, the networks answer their self-test."""
    from node.config.loading import load_config
    from node.folders import make_data_folder
    from node.models.store import ModelStore
    from pipeline.bundle.evidence import read_evidence

    settings = load_config(config)
    make_data_folder(settings.node.data_dir)
    evidence = read_evidence(folder)
    model = ModelStore.of(settings).add(folder)
    doubt = "" if evidence is None or evidence.passes else " (its comparison fails: that needs a reason)"
    typer.echo(
        f"{model.name} ({model.short}) is in the registry; to make it active: neolung models promote "
        f"{model.short}{doubt}"
    )


@models.command(epilog="Example: neolung models promote 3f9a2c")
def promote(
    wanted: Wanted,
    override: Annotated[
        bool,
        typer.Option("--override", help="Although its comparison does not speak for it; needs --reason."),
    ] = False,
    reason: Reason = "",
    config: ConfigOption = None,
) -> None:
    """Let a bundle take the active one's place; a running node follows within seconds."""
    from node.composition.auditing import record_software
    from node.config.loading import load_config
    from node.models.promotion import Registrar

    settings = load_config(config)
    with _ledger_of(settings) as ledger:
        model = Registrar(settings, ledger).promote(wanted, override=override, reason=reason)
    record_software(settings, f"model {model.name} ({model.short}) made active")
    typer.echo(f"{model.name} ({model.short}) is active; to go back: neolung models rollback")
    _tell_where(settings, model)


@models.command(epilog="Example: neolung models rollback --reason 'too many false alarms'")
def rollback(reason: Reason = "", config: ConfigOption = None) -> None:
    """Go back to the bundle that was active before."""
    from node.composition.auditing import record_software
    from node.config.loading import load_config
    from node.models.promotion import Registrar

    settings = load_config(config)
    with _ledger_of(settings) as ledger:
        model = Registrar(settings, ledger).roll_back(reason=reason)
    record_software(settings, f"model {model.name} ({model.short}) made active again")
    typer.echo(f"{model.name} ({model.short}) is active again")


@models.command(epilog="Example: neolung models shadow 3f9a2c")
def shadow(
    wanted: Annotated[str | None, typer.Argument(metavar="MODEL", help="As for promote.")] = None,
    off: Annotated[bool, typer.Option("--off", help="No bundle runs in shadow any more.")] = False,
    reason: Reason = "",
    config: ConfigOption = None,
) -> None:
    """Let a bundle judge the same films beside the active one; nothing that it says leaves the node."""
    from node.composition.auditing import record_software
    from node.config.loading import load_config
    from node.models.promotion import Registrar

    if off == (wanted is not None):
        raise typer.BadParameter("name a model, or give --off")
    settings = load_config(config)
    with _ledger_of(settings) as ledger:
        model = Registrar(settings, ledger).shadow(wanted, reason=reason)
    record_software(settings, f"model in shadow: {f'{model.name} ({model.short})' if model else 'none'}")
    typer.echo(f"{model.name} ({model.short}) runs in shadow" if model else "no bundle runs in shadow")
    if model is not None:
        _tell_where(settings, model)


@models.command(epilog="Example: neolung models compare --out compared/")
def compare(
    wanted: Annotated[str | None, typer.Argument(metavar="MODEL", help="That ran in shadow.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for a page with the pictures of films judged differently.")
    ] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Compare the active bundle with the one in shadow: agreement, films judged differently, time."""
    from node.config.loading import load_config
    from node.models.compared import compare_models, figures, write_page
    from node.models.comparison import disagreements
    from node.overview import open_ledger
    from node.printing import show_json, show_table
    from storage.objects import ObjectStore

    settings = load_config(config)
    with open_ledger(settings) as ledger:
        compared = compare_models(settings, ledger, wanted)
    if json:
        uids = [case.pair.sop_instance_uid for case in disagreements(compared.cases)]
        show_json({"figures": dict(figures(compared.agreement)), "judged_differently": uids})
    else:
        show_table(
            f"{compared.active.name} (active) and {compared.shadow.name} (shadow)",
            ("", ""),
            figures(compared.agreement),
        )
    if out is not None:
        typer.echo(f"page: {write_page(compared, ObjectStore(settings.objects_dir), out)}", err=json)


def _ledger_of(settings: "Config") -> "closing[Ledger]":
    from node.composition.stores import open_stores

    return closing(open_stores(settings)[0])


def _tell_where(settings: "Config", model: "StoredModel") -> None:
    """Say of the configuration's bundle that it works from a folder which the registry does not keep."""
    from node.models.store import ModelStore

    if not ModelStore.of(settings).keeps(model):
        typer.echo(f"it works from {model.path}; to keep a copy of its own: neolung models add {model.path}")


def _verdict(model: "StoredModel") -> str:
    from pipeline.bundle.evidence import read_evidence
    from pipeline.errors import BundleError

    try:
        evidence = read_evidence(model.path)
    except BundleError as error:
        return f"DAMAGED: {error}"
    if evidence is None:
        return ""
    marks = f" ({', '.join(evidence.marks)})" if evidence.marks else ""
    return f"{'passes' if evidence.passes else 'fails'} against {evidence.against_name}{marks}"


def _facts(model: "StoredModel") -> "Iterator[tuple[str, str]]":
    from pipeline.bundle.evidence import read_evidence

    manifest = model.manifest
    yield "digest", model.digest
    yield "folder", str(model.path)
    yield "made", manifest.created
    yield "segmenter", f"{manifest.segmenter.architecture.encoder}, {manifest.segmenter.device_uid}"
    yield "classifier", f"{manifest.classifier.architecture.backbone}, {manifest.classifier.device_uid}"
    yield "threshold", f"{manifest.classifier.threshold:g}"
    for name, value in manifest.training.items():
        if isinstance(value, str):
            yield name, value
    for source in manifest.data:
        yield "learnt from", f"{source.title} ({source.licence}): {source.used_for}"
    evidence = read_evidence(model.path)
    for sentence in evidence.sentences if evidence else ():
        yield "comparison", sentence
    yield "use", manifest.disclaimer
