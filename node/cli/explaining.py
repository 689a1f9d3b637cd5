"""The command that says which way a film would go, and why."""

import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from node.cli.options import ConfigOption, JsonOption

if TYPE_CHECKING:
    from node.routing.explanation import Explanation
    from pipeline.values import Analysis
    from storage.routing import RoutingRecord

_UID = re.compile(r"[0-9]+(\.[0-9]+)+")


def add_to(app: typer.Typer) -> None:
    """Register this module's command."""
    app.command(epilog="Example: neolung explain film.dcm --calling NICU1 --address 10.3.0.7")(explain)


def explain(
    film: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="A DICOM file; or the SOP Instance UID of a film that the node has, for what was decided.",
            show_default=False,
        ),
    ],
    calling: Annotated[str, typer.Option(help="AE title that would send it.", show_default=False)] = "",
    called: Annotated[
        str, typer.Option(help="AE title that it would call; else that of the node.", show_default=False)
    ] = "",
    address: Annotated[str, typer.Option(help="Address it would come from.", show_default=False)] = "",
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Say which route a film takes, condition by condition, what the gate decides, and who gets what."""
    if _UID.fullmatch(film) and not Path(film).exists():
        _explain_received(film, config, json=json)
    else:
        _explain_file(Path(film), (calling, called, address), config, json=json)


def _explain_file(film: Path, sender: tuple[str, str, str], config: Path | None, *, json: bool) -> None:
    """Decide about a film as the node would when it came now."""
    from node.cli.films import read_film
    from node.config.loading import load_config
    from node.models.choice import serving_bundle
    from node.offline import OfflineAnalyser
    from node.printing import show_json
    from node.routing.explanation import explain_routes, objects_for
    from node.routing.values import Sender

    settings = load_config(config)
    analyser = OfflineAnalyser(settings)
    dataset = read_film(film)
    calling, called, address = sender
    found = explain_routes(
        settings,
        dataset,
        Sender(calling, called or settings.node.ae_title, address),
        serving_bundle(settings),
    )
    bundle = found.decision.bundle
    analysis = analyser.analyse(dataset, bundle) if found.is_analysed else None
    gets = {name: list(kinds) for name, kinds in objects_for(settings, found.decision, analysis).items()}
    if json:
        show_json(_routes_json(found) | _analysis_json(analysis) | {"destinations": gets})
        return
    _show_routes(found)
    if analysis is not None:
        _show_analysis(film.name, analysis)
        typer.echo(f"Bundle: {bundle}. Priority: {found.priority}.")
        sent = [f"{name} ({', '.join(kinds) or 'nothing'})" for name, kinds in gets.items()]
        typer.echo(f"Results go to: {', '.join(sent) or 'nowhere; they stay on the node'}.")
        typer.echo(analyser.disclaimer(bundle))


def _explain_received(uid: str, config: Path | None, *, json: bool) -> None:
    """Show what was decided about a film when it came and when it was analysed."""
    from node.config.loading import load_config
    from node.errors import NoSuchFilm
    from node.overview import open_ledger
    from node.printing import show_json, show_table
    from storage.instances import find_instance
    from storage.routing import list_routing

    with open_ledger(load_config(config)) as ledger, ledger.read() as connection:
        instance = find_instance(connection, uid)
        if instance is None:
            raise NoSuchFilm(f"{uid}: the node has no such film, and there is no such file")
        records = list_routing(connection, instance.instance_id)
    if json:
        show_json([asdict(record) for record in records])
        return
    columns = ("decided at", "when", "route", "destinations", "why")
    show_table(f"Decisions about {uid}", columns, [_decision_row(record) for record in records])


def _decision_row(record: "RoutingRecord") -> tuple[object, ...]:
    verdicts: Any = record.decision.get("verdicts")
    why = [
        f"{verdict['route']}: {one['condition']}: {'yes' if one['met'] else 'no'}"
        for verdict in verdicts
        for one in verdict["conditions"]
    ]
    names: Any = record.decision.get("destinations")
    at = f"{record.decided_at:%Y-%m-%d %H:%M:%S}"
    return at, record.stage, record.route, ", ".join(names) or "nobody", "; ".join(why)


def _show_routes(found: "Explanation") -> None:
    from node.printing import show_table

    rows = [
        (route.route, one.condition, "yes" if one.is_met else "no", one.seen)
        for route in found.routes
        for one in route.conditions
    ]
    rows += [(route.route, "every film", "yes", "") for route in found.routes if not route.conditions]
    order = [route.route for route in found.routes]
    if rows:
        ordered = sorted(rows, key=lambda row: order.index(row[0]))
        show_table("Routes, the first that matches wins", ("route", "condition", "met", "seen"), ordered)
    if rows or not found.is_film:
        typer.echo(found.summary)
    if found.waits_s:
        typer.echo(f"It would wait up to {found.waits_s:g} s for another image of its exposure.")


def _show_analysis(name: str, analysis: "Analysis") -> None:
    from node.printing import show_table

    rows = [(verdict.rule, verdict.verdict, verdict.detail) for verdict in analysis.verdicts]
    show_table(f"Rules of the gate for {name}", ("rule", "verdict", "what was seen"), rows)
    typer.echo(f"Outcome: {analysis.outcome}. {analysis.explanation}".rstrip())


def _routes_json(found: "Explanation") -> dict[str, object]:
    decision = found.decision
    return {
        "route": decision.route or None,
        "routes": [route.as_record() for route in found.routes],
        "process": found.is_analysed,
        "shadow": decision.shadow,
        "priority": found.priority,
        "bundle": str(decision.bundle),
        "waits_s": found.waits_s,
    }


def _analysis_json(analysis: "Analysis | None") -> dict[str, object]:
    if analysis is None:
        return {"outcome": None, "explanation": "", "rules": []}
    rules = [{"rule": v.rule, "verdict": v.verdict, "detail": v.detail} for v in analysis.verdicts]
    return {"outcome": analysis.outcome, "explanation": analysis.explanation, "rules": rules}
