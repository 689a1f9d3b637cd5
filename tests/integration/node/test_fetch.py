"""Campaigns against real archives: what fits is fetched once, by C-MOVE or C-GET, however often asked."""

from contextlib import contextmanager
from datetime import date
from types import SimpleNamespace

import pytest
from pydicom import Dataset
from pydicom.uid import JPEGLSLossless
from pynetdicom import AE, evt
from pynetdicom.presentation import build_context

from node.config.schema import Config
from node.errors import AlreadyRunning, CampaignStopped
from node.fetch import desk
from node.fetch.criteria import Criteria
from node.network.contexts import STUDY_ROOT_FIND, STUDY_ROOT_MOVE
from node.processes.lifetime import Drain, hold_lock
from storage.campaign_studies import StudyState, count_studies, list_studies
from storage.campaigns import CampaignState, get_campaign
from storage.instances import find_instance
from storage.jobs import list_jobs
from tests.support.archive import load, running_archive
from tests.support.films import CR, DX, encode, make_film
from tests.support.network import associate, listening_node, store
from tests.support.orthanc import free_port, running_orthanc

TODAY = date(2026, 3, 31)
MARCH = Criteria(date(2026, 3, 1))

FILMS = {
    "newborn": {"StudyDate": "20260302", "PatientBirthDate": "20260301"},
    "newborn again": {"StudyDate": "20260302", "PatientBirthDate": "20260301", "SeriesNumber": "2"},
    "week": {"StudyDate": "20260310", "PatientBirthDate": "20260303"},
    "child": {"StudyDate": "20260312", "PatientBirthDate": "20200101", "PatientAge": "006Y"},
    "hand": {"StudyDate": "20260315", "PatientBirthDate": "20260310", "BodyPartExamined": "HAND"},
    "ultrasound": {"StudyDate": "20260316", "Modality": "US", "PatientBirthDate": "20260310"},
    "february": {"StudyDate": "20260215", "PatientBirthDate": "20260214"},
}


def film(name, number):
    """Make a film; those of one patient's day share their study."""
    study = "newborn" if name.startswith("newborn") else name
    uid = f"1.2.840.99999.{list(FILMS).index(study)}"
    return make_film(
        rows=64,
        columns=48,
        sop_class=DX if name == "week" else CR,
        StudyInstanceUID=uid,
        SeriesInstanceUID=f"{uid}.{number}",
        SOPInstanceUID=f"{uid}.{number}.1",
        PatientID=f"F{number}",
        **FILMS[name],
    )


ALL = [film(name, number) for number, name in enumerate(FILMS)]
UIDS = {name: made.SOPInstanceUID for name, made in zip(FILMS, ALL, strict=True)}


def orthanc(folder, port):
    return running_orthanc(folder, "NEOLUNG", port)


def archive(folder, port):
    return running_archive(folder, "NEOLUNG", port)


PACS = [
    pytest.param(orthanc, marks=pytest.mark.orthanc, id="orthanc"),
    pytest.param(archive, marks=pytest.mark.dcmtk, id="dcmqrscp"),
]


@pytest.fixture(scope="module", params=PACS)
def pacs(request, tmp_path_factory):
    """Give a loaded PACS and the port at which it believes the node to be."""
    folder, node_port = tmp_path_factory.mktemp("pacs"), free_port()
    with request.param(folder, node_port) as running:
        load(folder / "films", running.ae_title, running.port, ALL)
        yield running, node_port


@contextmanager
def fetching_node(folder, pacs, retrieve="move", node=None, **sections):
    """Start a receiver that the PACS knows, and that knows the PACS."""
    running, node_port = pacs
    destination = {
        "name": "pacs",
        "ae_title": running.ae_title,
        "host": "127.0.0.1",
        "port": running.port,
        "retrieve": retrieve,
        "calling_ae_title": "NEOLUNG",
        "retry": {"first_delay_s": 0.05},
        "storage_commitment": False,
    }
    own = {"port": node_port, **(node or {})}
    with listening_node(folder, node=own, destinations=[destination], **sections) as listening:
        yield listening


def work(node, name="march", drain=None, seen=None):
    def show(campaign, count):
        if seen is not None:
            seen(campaign, count())

    campaign, _ = desk.work_on(node.config, name, drain or Drain(), show)
    return campaign


def held(node):
    """Name the films that the node holds."""
    with node.ledger.read() as connection:
        return {name for name, uid in UIDS.items() if find_instance(connection, uid)}


def priorities(node):
    with node.ledger.read() as connection:
        return {job.priority for job in list_jobs(connection)}


def counts(node, name="march"):
    with node.ledger.read() as connection:
        return count_studies(connection, get_campaign(connection, name).campaign_id)


@pytest.mark.parametrize("retrieve", ["move", "get"])
def test_a_campaign_fetches_what_fits_and_a_repeated_one_nothing(tmp_path, pacs, retrieve):
    criteria = Criteria(date(2026, 3, 1), None, ("CR", "DX"), ("CHEST",), 28)
    with fetching_node(tmp_path, pacs, retrieve) as node:
        desk.start(node.config, "march", "pacs", criteria, TODAY)
        assert work(node).state is CampaignState.DONE
        # dcmqrscp does not say which body part it is: what nobody knows is fetched, and the gate decides.
        fitting = {"newborn", "newborn again", "week"} | ({"hand"} if pacs[0].ae_title == "QRSCP" else set())
        assert held(node) == fitting
        assert priorities(node) == {-10}
        first = counts(node)
        assert (first.found, first.failed, first.instances_fetched) == (0, 0, len(fitting))

        log = node.log.getvalue()
        desk.repeat(node.config, "march", TODAY)
        again = work(node)
        assert (again.state, again.round) == (CampaignState.DONE, 2)
        assert node.log.getvalue()[len(log) :].count("instance stored") == 0
        assert counts(node).instances_fetched == counts(node).instances_held == len(fitting)


def test_what_is_held_already_is_not_fetched_again(tmp_path, pacs):
    with fetching_node(tmp_path, pacs) as node:
        with node.associate([CR]) as association:
            assert store(association, ALL[0]).Status == 0x0000
        desk.start(node.config, "march", "pacs", MARCH, TODAY)
        work(node)
        with node.ledger.read() as connection:
            studies = list_studies(connection, get_campaign(connection, "march").campaign_id)
            by_priority = {job.key: job.priority for job in list_jobs(connection)}
    assert {(each.wanted, each.held, each.fetched) for each in studies} >= {(2, 1, 1), (1, 0, 1)}
    assert by_priority[UIDS["newborn"]] == 0
    assert by_priority[UIDS["newborn again"]] == -10


def test_a_preview_changes_nothing(tmp_path, pacs):
    with fetching_node(tmp_path, pacs) as node:
        found = list(desk.preview(node.config, "pacs", MARCH, TODAY))
        assert {each.listing.study_instance_uid for each in found} == {
            ALL[number].StudyInstanceUID for number in (0, 2, 3, 4)
        }
        assert sum(len(each.listing.missing_uids) for each in found) == 5
        assert held(node) == set()


def test_keys_narrow_the_search_at_their_own_level(tmp_path, pacs):
    with fetching_node(tmp_path, pacs) as node:
        for number, keys in enumerate(({"PatientID": "F2"}, {"SeriesNumber": "2"})):
            desk.start(node.config, f"n{number}", "pacs", Criteria(date(2026, 3, 1), keys=keys), TODAY)
            work(node, f"n{number}")
        assert held(node) == {"week", "newborn again"}


def test_a_campaign_stops_for_an_operator_and_goes_on(tmp_path, pacs):
    with fetching_node(tmp_path, pacs, fetch={"days_per_query": 10}) as node:

        def pause_after_the_first(_campaign, count):
            if count.fetched == 1:
                desk.end(node.config, "march", CampaignState.PAUSED)

        desk.start(node.config, "march", "pacs", MARCH, TODAY)
        assert work(node, seen=pause_after_the_first).state is CampaignState.PAUSED
        before = held(node)
        assert before
        assert len(before) < 5
        desk.resume(node.config, "march")
        assert work(node).state is CampaignState.DONE
        assert held(node) == {"newborn", "newborn again", "week", "child", "hand"}


def test_the_wish_to_stop_leaves_it_open(tmp_path, pacs):
    drain = Drain()
    with fetching_node(tmp_path, pacs) as node:
        desk.start(node.config, "march", "pacs", MARCH, TODAY)
        assert work(node, drain=drain, seen=lambda _, count: count.fetched and drain.request()).state is (
            CampaignState.OPEN
        )
        assert work(node).state is CampaignState.DONE


def test_two_processes_do_not_work_on_one_campaign(tmp_path, pacs):
    with fetching_node(tmp_path, pacs) as node:
        desk.start(node.config, "march", "pacs", MARCH, TODAY)
        with hold_lock(node.config.node.data_dir, "fetch march"), pytest.raises(AlreadyRunning):
            work(node)


def test_several_associations_and_a_rate_fetch_the_same(tmp_path, pacs):
    limits = {"associations": 3, "objects_per_minute": 6000, "max_waiting": 100}
    with fetching_node(tmp_path, pacs, fetch=limits) as node:
        desk.start(node.config, "march", "pacs", MARCH, TODAY)
        work(node)
        assert held(node) == {"newborn", "newborn again", "week", "child", "hand"}


def test_a_pacs_that_does_not_know_the_node_is_told_to_the_operator(tmp_path, pacs):
    limits = {"give_up_after": 2}
    with fetching_node(tmp_path, pacs, fetch=limits, node={"ae_title": "STRANGER"}) as node:
        desk.start(node.config, "march", "pacs", MARCH, TODAY)
        with pytest.raises(CampaignStopped, match="know the move destination STRANGER"):
            work(node)
        with node.ledger.read() as connection:
            campaign = get_campaign(connection, "march")
    assert campaign.state is CampaignState.OPEN
    assert "STRANGER" in campaign.error


def test_a_node_that_lets_nobody_store_is_told_to_the_operator(tmp_path, pacs):
    peers = [{"name": "all", "services": ["echo"]}]
    limits = {"max_attempts": 1, "give_up_after": 10}
    with fetching_node(tmp_path, pacs, access={"peers": peers}, fetch=limits) as node:
        desk.start(node.config, "march", "pacs", MARCH, TODAY)
        assert work(node).state is CampaignState.DONE
        with node.ledger.read() as connection:
            campaign = get_campaign(connection, "march")
            failed = list_studies(connection, campaign.campaign_id, state=StudyState.FAILED)
    assert len(failed) == 4
    assert all("access.peers" in study.error or "status" in study.error for study in failed)


def test_a_node_that_does_not_listen_is_not_asked_to_receive(tmp_path, pacs):
    with fetching_node(tmp_path, pacs) as node:
        desk.start(node.config, "march", "pacs", MARCH, TODAY)
        config = node.config
    with pytest.raises(CampaignStopped, match="neolung run"):
        desk.work_on(config, "march", Drain(), lambda *_: None)


@pytest.mark.parametrize("retrieve", ["move", "get"])
@pytest.mark.parametrize("pacs", [PACS[0]], indirect=True)
def test_compressed_films_come_as_they_are(tmp_path, pacs, retrieve):
    made = encode(
        make_film(rows=64, columns=48, StudyDate="20250505", SOPInstanceUID="1.2.840.1"), JPEGLSLossless
    )
    with associate(pacs[0].port, [build_context(CR, JPEGLSLossless)], called=pacs[0].ae_title) as association:
        assert store(association, made).Status == 0x0000
    with fetching_node(tmp_path, pacs, retrieve) as node:
        desk.start(node.config, "may", "pacs", Criteria(date(2025, 5, 1), date(2025, 5, 31)), TODAY)
        work(node, "may")
        with node.ledger.read() as connection:
            stored = find_instance(connection, "1.2.840.1")
    assert stored.transfer_syntax_uid == JPEGLSLossless


def test_what_came_by_c_get_is_in_the_audit_trail(tmp_path, pacs):
    with fetching_node(tmp_path, pacs, "get") as node:
        desk.start(node.config, "march", "pacs", Criteria(date(2026, 3, 10), date(2026, 3, 10)), TODAY)
        work(node)
        trail = b"".join(path.read_bytes() for path in node.config.audit_dir.iterdir() if path.is_file())
    # Begin Transferring DICOM Instances and DICOM Instances Transferred (PS3.15 A.5.3)
    for known in ("110102", "110104", ALL[2].StudyInstanceUID, pacs[0].ae_title):
        assert known.encode() in trail


@pytest.mark.parametrize("names_the_originator", [True, False])
def test_a_pacs_need_not_name_who_moved_the_films(tmp_path, names_the_originator):
    """Films that the PACS sends by itself at the same time keep their ordinary place in the queue."""
    wanted, other = ALL[0], ALL[3]
    with mover(names_the_originator, wanted, other) as (server, node_port):
        running = SimpleNamespace(ae_title="MOVER", port=server.server_address[1])
        with fetching_node(tmp_path, (running, node_port)) as node:
            desk.start(node.config, "march", "pacs", MARCH, TODAY)
            assert work(node).state is CampaignState.DONE
            with node.ledger.read() as connection:
                by_priority = {job.key: job.priority for job in list_jobs(connection)}
    assert by_priority == {wanted.SOPInstanceUID: -10, other.SOPInstanceUID: 0}


def list_film(event, wanted, listed_too):
    """Answer a query as a PACS that has one film, and perhaps another in its list only."""
    level = event.identifier.QueryRetrieveLevel
    answer = Dataset()
    if level == "STUDY" and event.identifier.ModalitiesInStudy != "CR":
        return
    keywords = {
        "STUDY": ["StudyDate"],
        "SERIES": ["SeriesInstanceUID", "Modality"],
        "IMAGE": ["SOPInstanceUID"],
    }
    for keyword in ("StudyInstanceUID", *keywords[level]):
        setattr(answer, keyword, wanted[keyword].value)
    yield 0xFF00, answer
    if level == "IMAGE" and listed_too:
        answer.SOPInstanceUID = listed_too
        yield 0xFF00, answer


@contextmanager
def mover(names_the_originator, wanted, other, listed_too=None):
    """Run a PACS that moves one film, and sends another of another study meanwhile."""
    node_port = free_port()

    def move(_event):
        yield ("127.0.0.1", node_port, {"contexts": [build_context(CR)]})
        yield 1
        with associate(node_port, [CR], calling="MOVER") as association:
            store(association, other)
        if names_the_originator:
            yield 0xFF00, wanted
        else:
            with associate(node_port, [CR], calling="MOVER") as association:
                store(association, wanted)
            yield 0xFF00, wanted

    entity = AE("MOVER")
    for model in (STUDY_ROOT_FIND, STUDY_ROOT_MOVE):
        entity.add_supported_context(model)
    entity.requested_contexts = [build_context(CR)]
    handlers = [(evt.EVT_C_FIND, list_film, [wanted, listed_too]), (evt.EVT_C_MOVE, move)]
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    try:
        yield server, node_port
    finally:
        server.shutdown()


def test_a_study_of_which_something_came_is_tried_again_and_holds_nothing_up(tmp_path):
    """The PACS lists two films and sends one: that one is kept, and the campaign goes on to its end."""
    limits = {"give_up_after": 1, "max_attempts": 1}
    with mover(True, ALL[0], ALL[3], listed_too="1.2.3.4") as (server, node_port):
        running = SimpleNamespace(ae_title="MOVER", port=server.server_address[1])
        with fetching_node(tmp_path, (running, node_port), fetch=limits) as node:
            desk.start(node.config, "march", "pacs", MARCH, TODAY)
            assert work(node).state is CampaignState.DONE
            with node.ledger.read() as connection:
                (study,) = list_studies(connection, get_campaign(connection, "march").campaign_id)
            assert (study.state, study.fetched) == (StudyState.FAILED, 1)
            assert study.error.startswith("1 of 2 objects did not come")


def test_a_pacs_that_is_not_there_stops_the_campaign(tmp_path):
    destination = {"name": "pacs", "ae_title": "X", "host": "127.0.0.1", "port": free_port()}
    settings = {"retry": {"first_delay_s": 0.01}, "retrieve": "get"}
    with listening_node(tmp_path, destinations=[destination | settings], fetch={"give_up_after": 3}) as node:
        desk.start(node.config, "march", "pacs", MARCH, TODAY)
        with pytest.raises(CampaignStopped, match="fetch resume march"):
            work(node)


def test_criteria_come_back_from_the_ledger_as_they_were():
    criteria = Criteria(date(2026, 1, 1), date(2026, 2, 1), ("DX",), ("CHEST",), 28, {"PatientID": "A"})
    assert Criteria.from_json(criteria.to_json()) == criteria
    assert Criteria.from_json(MARCH.to_json()) == MARCH
    assert MARCH.days(TODAY) == (date(2026, 3, 1), TODAY)
    assert Config.model_validate({}).fetch.associations == 1
