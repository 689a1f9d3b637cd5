"""``process_batch`` with the bundle that ships: films of every kind in, stored results or reasons out."""

import pickle
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.config import IGNORE
from pydicom.dataelem import DataElement
from pydicom.uid import CTImageStorage, JPEG2000Lossless, JPEGLSLossless, RLELossless

from node.config.schema import Config
from node.gating import gate_settings
from node.routing.router import Router
from node.routing.values import Sender
from node.work.analysis import AnalysisSettings, analyse_films, process_batch, warm_up
from node.work.executor import SlotExecutor
from node.work.models import ModelSettings
from node.work.retry import Failure
from node.work.slot import Seat
from node.work.values import Film, FilmFailure, FilmResult
from node.work.wishes import Wishes
from pipeline.values import Outcome
from storage.objects import ObjectStore
from storage.values import Role
from tests.support.analyses import make_analysis
from tests.support.films import encode, make_film, part10_bytes

RECEIVED_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
SENDER = Sender("MODALITY", "NEOLUNG", "127.0.0.1")


def invented(outcome: Outcome) -> Any:
    """Give models of any bundle that judge every film alike."""
    return lambda _bundle: lambda films, _known: [make_analysis(outcome, film) for film in films]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> AnalysisSettings:
    return AnalysisSettings(
        router=Router.of(Config()),
        models=ModelSettings(gate_settings(Config()), "cpu", 1),
        objects_dir=tmp_path_factory.mktemp("objects"),
        device_uid="2.25.1",
        station_name="TEST",
        utc_offset="+0000",
    )


def stored(settings: AnalysisSettings, content: bytes, *, is_last_attempt: bool = False) -> Film:
    file = ObjectStore(settings.objects_dir).write(content)
    return Film(1, "2.25.7", file, RECEIVED_AT, SENDER, is_last_attempt=is_last_attempt)


def film(settings: AnalysisSettings, **header: Any) -> Film:
    return stored(settings, part10_bytes(make_film(**header)))


def test_good_bad_and_odd_films_of_one_batch_each_get_their_own_outcome(settings: AnalysisSettings) -> None:
    good = make_film(rows=256, columns=210)
    batch = [
        stored(settings, part10_bytes(good)),
        stored(settings, b"no DICOM at all"),
        film(settings, rows=256, columns=210, PatientBirthDate="19700101", PatientAge="054Y"),
        film(settings, rows=256, columns=210, sop_class=CTImageStorage),
        stored(settings, part10_bytes(good)[:-5000]),
    ]
    results = process_batch(settings, batch)

    judged, no_dicom, adult, ct, truncated = results
    assert isinstance(judged, FilmResult)
    assert judged.record.outcome in ("present", "absent", "not assessable")
    assert isinstance(no_dicom, FilmFailure)
    assert no_dicom.failure is Failure.PERMANENT
    assert isinstance(adult, FilmResult)
    assert (adult.record.outcome, [made.role for made in adult.instances]) == ("not eligible", [Role.REPORT])
    assert isinstance(ct, FilmFailure)
    assert ct.failure is Failure.PERMANENT
    assert isinstance(truncated, FilmResult)
    assert truncated.record.outcome == "not assessable"
    assert pickle.loads(pickle.dumps(results)) == results


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless, RLELossless])
def test_a_compressed_film_that_is_cut_off_gets_a_report_that_says_so(
    settings: AnalysisSettings, syntax: str
) -> None:
    whole = part10_bytes(encode(make_film(rows=256, columns=210), syntax))

    (result,) = process_batch(settings, [stored(settings, whole[: len(whole) * 2 // 3])])

    assert isinstance(result, FilmResult)
    assert result.record.outcome == "not assessable"
    assert [made.role for made in result.instances] == [Role.REPORT]


def test_an_engine_process_writes_nothing_of_what_the_header_of_a_film_says(
    settings: AnalysisSettings, capfd: pytest.CaptureFixture[str]
) -> None:
    odd = make_film(rows=256, columns=210)
    odd.add(DataElement("SpecificCharacterSet", "CS", "HUSH", validation_mode=IGNORE))
    executor = SlotExecutor([Seat("0")], partial(warm_up, settings))
    try:
        (result,) = executor.submit(process_batch, settings, [stored(settings, part10_bytes(odd))]).result(60)
    finally:
        executor.shutdown()

    assert isinstance(result, FilmResult)
    assert "HUSH" not in capfd.readouterr().err


def test_a_second_run_makes_the_same_files(settings: AnalysisSettings) -> None:
    one = film(settings, rows=256, columns=210)
    first, second = process_batch(settings, [one])[0], process_batch(settings, [one])[0]

    assert isinstance(first, FilmResult)
    assert isinstance(second, FilmResult)
    assert first.instances == second.instances


def test_results_can_be_read_back_and_name_their_film(settings: AnalysisSettings) -> None:
    dataset = make_film(rows=256, columns=210)
    (result,) = process_batch(settings, [stored(settings, part10_bytes(dataset))])
    assert isinstance(result, FilmResult)

    report = result.instances[-1]
    read = dcmread(BytesIO(ObjectStore(settings.objects_dir).read(report.file)))

    assert report.role is Role.REPORT
    assert report.attributes["SOPInstanceUID"] == read.SOPInstanceUID
    assert report.attributes["StudyInstanceUID"] == dataset.StudyInstanceUID
    assert report.transfer_syntax_uid == read.file_meta.TransferSyntaxUID


def test_a_lost_file_may_come_back_and_a_damaged_one_does_not(settings: AnalysisSettings) -> None:
    lost = film(settings, rows=64, columns=52)
    damaged = film(settings, rows=64, columns=53)
    ObjectStore(settings.objects_dir).path(lost.file).unlink()
    ObjectStore(settings.objects_dir).path(damaged.file).write_bytes(b"rot")

    results = process_batch(settings, [lost, damaged])

    assert [result.failure for result in results if isinstance(result, FilmFailure)] == [
        Failure.PASSING,
        Failure.PERMANENT,
    ]


@pytest.mark.parametrize("is_last_attempt", [False, True])
def test_a_software_failure_is_reported_only_when_there_is_no_further_try(
    settings: AnalysisSettings, is_last_attempt: bool
) -> None:
    dataset = make_film(rows=64, columns=52)
    one = stored(settings, part10_bytes(dataset), is_last_attempt=is_last_attempt)

    (result,) = analyse_films(settings, [one], invented(Outcome.FAILED))

    assert isinstance(result, FilmResult if is_last_attempt else FilmFailure)


def settings_for(folder: Path, *destinations: dict[str, Any], **results: bool) -> AnalysisSettings:
    whole = [
        {"name": f"d{number}", "ae_title": "PACS", "host": "h", **destination}
        for number, destination in enumerate(destinations)
    ]
    config = Config.model_validate({"destinations": whole, "results": results})
    return AnalysisSettings(
        router=Router.of(config),
        models=ModelSettings(gate_settings(config)),
        objects_dir=folder,
        device_uid="2.25.1",
        station_name="TEST",
        utc_offset="+0000",
        wishes=Wishes.of(config),
    )


def made_for(settings: AnalysisSettings, outcome: Outcome = Outcome.PRESENT) -> list[tuple[str, str, int]]:
    one = stored(settings, part10_bytes(make_film(rows=64, columns=52)))
    (result,) = analyse_films(settings, [one], invented(outcome))
    assert isinstance(result, FilmResult)
    assert len({made.attributes["SOPInstanceUID"] for made in result.instances}) == len(result.instances)
    return [(made.form.kind, made.form.charset, made.form.longest_side) for made in result.instances]


def test_both_character_sets_make_instances_of_their_own_and_one_picture(tmp_path: Path) -> None:
    both = settings_for(tmp_path, {"charset": "source"}, {"charset": "utf-8"})

    assert made_for(both) == [
        ("seg", "source", 0),
        ("sr", "source", 0),
        ("seg", "utf-8", 0),
        ("sr", "utf-8", 0),
    ]
    assert len(list(tmp_path.rglob("*.png"))) == 1


def test_only_what_some_destination_wants_is_made_and_each_form_once(tmp_path: Path) -> None:
    asked = settings_for(
        tmp_path,
        {"send": ["sc", "pr"], "sc_longest_side": 512},
        {"send": ["sc"], "sc_longest_side": 512, "shadow": True},
        {"send": ["sr", "sc"]},
        {"send": ["pdf"], "charset": "source"},
    )

    assert made_for(asked) == [
        ("seg", "source", 0),
        ("sr", "source", 0),
        ("seg", "utf-8", 0),
        ("sr", "utf-8", 0),
        ("pdf", "source", 0),
        ("pr", "utf-8", 0),
        ("sc", "utf-8", 512),
        ("sc", "utf-8", 2048),
    ]


def test_a_film_that_was_not_judged_has_no_seg_and_no_presentation_state(tmp_path: Path) -> None:
    asked = settings_for(tmp_path, {"send": ["seg", "sr", "pr", "sc", "pdf"]})

    for outcome in (Outcome.NOT_ELIGIBLE, Outcome.NOT_ASSESSABLE):
        assert [kind for kind, _, _ in made_for(asked, outcome)] == ["sr", "pdf", "sc"]


def test_what_is_never_sent_is_not_made(tmp_path: Path) -> None:
    asked = settings_for(tmp_path, {"send": ["sr", "sc", "pdf"]}, send_not_eligible=False)

    assert [kind for kind, _, _ in made_for(asked, Outcome.NOT_ELIGIBLE)] == ["sr"]
    assert [kind for kind, _, _ in made_for(asked, Outcome.NOT_ASSESSABLE)] == ["sr", "pdf", "sc"]


def test_without_pictures_none_is_kept(tmp_path: Path) -> None:
    without = AnalysisSettings(
        router=Router.of(Config()),
        models=ModelSettings(gate_settings(Config())),
        objects_dir=tmp_path,
        device_uid="2.25.1",
        station_name="TEST",
        utc_offset="+0000",
        keep_overlay=False,
    )
    one = stored(without, part10_bytes(make_film(rows=64, columns=52)))

    (result,) = analyse_films(without, [one], invented(Outcome.PRESENT))

    assert isinstance(result, FilmResult)
    assert result.record.details["overlay"] is None
    assert not list(tmp_path.rglob("*.png"))
