from pathlib import Path

import pytest
import yaml

from node.config import load_config
from node.config.loading import find_config_file
from node.config.schema import Config
from node.errors import ConfigError

NO_VARIABLES: dict[str, str] = {}


def problems(tmp_path: Path, text: str, variables: dict[str, str] | None = None) -> list[str]:
    """Load a file and give its problems, the folder left out."""
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load_config(file, variables or NO_VARIABLES)
    return [problem.replace(f"{tmp_path}/", "") for problem in raised.value.problems]


def test_an_empty_file_gives_the_defaults(tmp_path):
    (tmp_path / "config.yaml").write_text("# nothing\n", encoding="utf-8")
    config = load_config(tmp_path / "config.yaml", NO_VARIABLES)
    assert config.node.ae_title == "NEOLUNG"
    assert config.node.port == 11112
    assert config.destinations == ()


def test_an_empty_section_gives_its_defaults(tmp_path):
    (tmp_path / "config.yaml").write_text("log:\ndestinations:\n", encoding="utf-8")
    config = load_config(tmp_path / "config.yaml", NO_VARIABLES)
    assert config.log.format == "text"
    assert config.destinations == ()


def test_relative_paths_start_at_the_folder_of_the_file(tmp_path, monkeypatch):
    site = tmp_path / "site"
    site.mkdir()
    (site / "config.yaml").write_text("model: {bundle: bundles/a}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    config = load_config(Path("site/config.yaml"), NO_VARIABLES)
    assert config.node.data_dir == site / "var"
    assert config.model.bundle == site / "bundles/a"
    assert config.ledger_url == f"sqlite:///{site}/var/ledger.sqlite"


def test_a_relative_sqlite_url_starts_at_the_folder_of_the_file(tmp_path):
    (tmp_path / "config.yaml").write_text("ledger: {url: 'sqlite:///db/l.sqlite'}\n", encoding="utf-8")
    assert load_config(tmp_path / "config.yaml", {}).ledger_url == f"sqlite:///{tmp_path}/db/l.sqlite"


def test_a_postgresql_url_is_left_as_it_is(tmp_path):
    url = "postgresql+psycopg://me:secret@db/neolung"
    assert load_config(None, {"NEOLUNG_LEDGER__URL": url}).ledger_url == url


def test_without_a_file_the_defaults_hold(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_config(None, NO_VARIABLES).node.data_dir == tmp_path / "var"


def test_the_file_asked_for_wins_over_the_variable_and_that_over_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_config_file(None, NO_VARIABLES) is None
    (tmp_path / "config.yaml").touch()
    assert find_config_file(None, NO_VARIABLES) == Path("config.yaml")
    assert find_config_file(None, {"NEOLUNG_CONFIG": "/etc/a.yaml"}) == Path("/etc/a.yaml")
    assert find_config_file(Path("b.yaml"), {"NEOLUNG_CONFIG": "/etc/a.yaml"}) == Path("b.yaml")


def test_every_problem_is_told_at_once_with_its_line(tmp_path):
    text = """\
node:
  prot: 3
  port: 99999
  ae_title: "SEVENTEEN LETTERS"
access:
  peers:
    - name: x
      addresses: [300.1.1.1, 10.0.0.0/8]
      services: [stor]
work: {processes: many, batch: true}
destinations:
  - {name: a, ae_title: B, host: h, storage_commitment: "yes", retry: {max_attempts: 0}}
  - name: b
    ae_title: 'A\\B'
acces: 1
"""
    assert problems(tmp_path, text) == [
        'config.yaml:4: node.ae_title: "SEVENTEEN LETTERS" is not allowed, it has 17 characters; '
        "allowed: an AE title: 1 to 16 ASCII characters, no backslash",
        "config.yaml:3: node.port: 99999 is not allowed; "
        "allowed: a whole number from 0 to 65535; 0 takes any free port",
        'config.yaml:2: node.prot: unknown key; did you mean "port"? '
        "Known here: ae_title, data_dir, device_uid, listen, port, station_name, utc_offset",
        'config.yaml:8: access.peers[0].addresses[0]: "300.1.1.1" is not allowed, '
        "it is no address and no network; allowed: an IP address or a network as 10.1.0.0/16",
        'config.yaml:9: access.peers[0].services[0]: "stor" is not allowed; '
        "allowed: one of: echo, store, query, retrieve, commit",
        'config.yaml:10: work.processes: "many" is not allowed; '
        "allowed: one of: auto, or a whole number, 1 or more",
        "config.yaml:10: work.batch: true is not allowed; allowed: a whole number, 1 or more",
        'config.yaml:12: destinations[0].storage_commitment: "yes" is not allowed; allowed: true or false',
        "config.yaml:12: destinations[0].retry.max_attempts: 0 is not allowed; "
        "allowed: a whole number, 1 or more",
        'config.yaml:14: destinations[1].ae_title: "A\\B" is not allowed, '
        "it holds a backslash, a control character or one outside ASCII; "
        "allowed: an AE title: 1 to 16 ASCII characters, no backslash",
        "config.yaml:13: destinations[1].host is missing; needed: a host name or an IP address",
        'config.yaml:15: acces: unknown key; did you mean "access"? Known here: '
        + ", ".join(sorted(Config.model_fields)),
    ]


def test_a_text_that_yaml_takes_for_a_number_is_explained(tmp_path):
    assert problems(tmp_path, "node:\n  ae_title: 1234\n") == [
        "config.yaml:2: node.ae_title: 1234 is not allowed, it is no text for YAML: put it in quotes; "
        "allowed: an AE title: 1 to 16 ASCII characters, no backslash"
    ]


def test_a_key_that_stands_twice_is_named(tmp_path):
    text = "node:\n  port: 1\nlog:\n  level: info\nnode:\n  port: 2\n"
    assert problems(tmp_path, text)[0] == "config.yaml:5: node stands here a second time"


def test_a_destination_name_that_stands_twice_is_named(tmp_path):
    text = "destinations:\n  - {name: a, ae_title: A, host: h}\n  - {name: a, ae_title: B, host: i}\n"
    assert problems(tmp_path, text) == ["config.yaml:1: destinations: the name a is used more than once"]


def test_what_is_no_yaml_is_named_with_its_line(tmp_path):
    (problem,) = problems(tmp_path, "node:\n  port: 1\n broken: [\n")
    assert problem.startswith("config.yaml:3: not valid YAML: ")


def test_no_time_is_endless(tmp_path):
    (problem,) = problems(tmp_path, "work: {lease_s: .inf}\n")
    assert "allowed: seconds, more than 0" in problem


@pytest.mark.parametrize("text", ["- a\n- b\n", "just text\n", "3\n"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path, text):
    assert problems(tmp_path, text) == ["config.yaml:1: the file must be a mapping of sections"]


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: 1 problem\n  cannot be read: No such file"):
        load_config(tmp_path / "nowhere.yaml", NO_VARIABLES)


def test_a_list_in_the_place_of_a_section_is_refused(tmp_path):
    assert problems(tmp_path, "node: [1]\n") == [
        "config.yaml:1: node: a list is not allowed; allowed: a mapping of keys"
    ]


def test_every_key_can_be_set_from_the_environment(tmp_path):
    (tmp_path / "config.yaml").write_text(
        "node: {port: 1}\ndestinations: [{name: a, ae_title: A, host: here}]\n", encoding="utf-8"
    )
    config = load_config(
        tmp_path / "config.yaml",
        {
            "NEOLUNG_NODE__PORT": "104",
            "NEOLUNG_NODE__AE_TITLE": "0123",
            "NEOLUNG_RECEIVE__PROCESS_SECONDARY_CAPTURE": "true",
            "NEOLUNG_WORK__PROCESSES": "3",
            "NEOLUNG_LIMITS__NETWORK_TIMEOUT_S": "2.5",
            "NEOLUNG_DESTINATIONS__0__HOST": "there",
            "NEOLUNG_DESTINATIONS__0__RETRY__MAX_ATTEMPTS": "2",
            "NEOLUNG_ACCESS": "{peers: [{name: all}]}",
        },
    )
    assert config.node.port == 104
    assert config.node.ae_title == "0123"
    assert config.receive.process_secondary_capture is True
    assert config.work.processes == 3
    assert config.limits.network_timeout_s == 2.5
    assert config.destinations[0].host == "there"
    assert config.destinations[0].retry.max_attempts == 2
    assert config.access.peers[0].addresses == ()


def test_a_list_can_be_set_from_the_environment():
    value = "[{name: pacs, ae_title: PACS, host: pacs, port: 11113}]"
    assert load_config(None, {"NEOLUNG_DESTINATIONS": value}).destinations[0].port == 11113


def test_null_and_nothing_unset_a_key_from_the_environment():
    for text in ("null", ""):
        assert load_config(None, {"NEOLUNG_MODEL__BUNDLE": text}).model.bundle is None


def test_bad_values_from_the_environment_name_their_variable(tmp_path):
    variables = {
        "NEOLUNG_LIMITS__MAX_PDU_BYTES": "many",
        "NEOLUNG_NODE__AE_TITEL": "X",
        "NEOLUNG_DESTINATIONS__3__HOST": "x",
        "NEOLUNG_ACCESS__PEERS": "[",
        "NEOLUNG_NODE__PORT__X": "1",
    }
    found = problems(tmp_path, "node: {port: 1}\n", variables)
    assert found == [
        "NEOLUNG_ACCESS__PEERS: access.peers: is no YAML value",
        "NEOLUNG_DESTINATIONS__3__HOST: destinations[3].host: there is no entry 3 to change; "
        "set the whole list instead",
        "NEOLUNG_NODE__PORT__X: node.port.x: leads into a value that has no such key",
        'NEOLUNG_NODE__AE_TITEL: node.ae_titel: unknown key; did you mean "ae_title"? Known here: '
        "ae_title, data_dir, device_uid, listen, port, station_name, utc_offset",
        'NEOLUNG_LIMITS__MAX_PDU_BYTES: limits.max_pdu_bytes: "many" is not allowed; '
        "allowed: a whole number of bytes from 4096 to 1048576",
    ]


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("NEOLUNG_NODE_PORT", "NEOLUNG_NODE__PORT"),
        ("NEOLUNG_PORT", "NEOLUNG_NODE__PORT"),
        ("NEOLUNG_AE_TITLE", "NEOLUNG_NODE__AE_TITLE"),
        ("NEOLUNG_LOGLEVEL", "NEOLUNG_LOG__LEVEL"),
        ("NEOLUNG_DESTINATONS", "NEOLUNG_DESTINATIONS"),
        ("NEOLUNG_DESTINATIONS_2_HOST", "NEOLUNG_DESTINATIONS__2__HOST"),
        ("NEOLUNG_CONFIG_FILE", "NEOLUNG_CONFIG"),
        ("neolung_node__port", "NEOLUNG_NODE__PORT"),
    ],
)
def test_a_misspelt_variable_is_an_error_that_names_the_one_that_was_meant(variable, meant):
    with pytest.raises(ConfigError) as raised:
        load_config(None, {variable: "104"})
    (problem,) = raised.value.problems
    assert problem == f"{variable}: sets no key; did you mean {meant}?"


def test_a_variable_like_none_is_an_error_too(tmp_path):
    found = problems(tmp_path, "node: {port: 1}\n", {"NEOLUNG_XYZZY": "1", "NEOLUNG_NODE__PORT": "x"})
    assert found[0] == "NEOLUNG_XYZZY: sets no key; names are made as NEOLUNG_NODE__PORT"
    assert found[1].startswith("NEOLUNG_NODE__PORT: node.port: ")


def test_variables_that_kubernetes_invents_do_no_harm():
    variables = {
        "NEOLUNG_PORT": "tcp://10.0.0.1:104",
        "NEOLUNG_PORT_104_TCP": "tcp://10.0.0.1:104",
        "NEOLUNG_PORT_104_TCP_PROTO": "tcp",
        "NEOLUNG_PORT_104_TCP_PORT": "104",
        "NEOLUNG_PORT_104_TCP_ADDR": "10.0.0.1",
        "NEOLUNG_SERVICE_HOST": "10.0.0.1",
        "NEOLUNG_SERVICE_PORT": "104",
        "NEOLUNG_SERVICE_PORT_DICOM": "104",
        "NEOLUNG_DB_SERVICE_HOST": "10.0.0.2",
        "NEOLUNG_DB_PORT": "tcp://10.0.0.2:5432",
        "PATH": "/bin",
    }
    assert load_config(None, variables) == load_config(None, NO_VARIABLES)


def test_the_file_at_the_root_holds_the_defaults():
    root = Path(__file__).parents[4]
    assert load_config(root / "config.yaml", NO_VARIABLES) == load_config(None, NO_VARIABLES)


def test_yaml_that_refers_to_itself_is_refused(tmp_path):
    assert problems(tmp_path, "node: &a\n  port: *a\n")[0].startswith("config.yaml:2: node.port: ")


def test_an_ae_title_loses_its_padding():
    assert load_config(None, {"NEOLUNG_NODE__AE_TITLE": " PADDED  "}).node.ae_title == "PADDED"


def test_merged_and_repeated_mappings_are_understood(tmp_path):
    text = """\
destinations:
  - &pacs {name: a, ae_title: A, host: h}
  - {<<: *pacs, name: b}
"""
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    assert [d.name for d in load_config(tmp_path / "config.yaml", {}).destinations] == ["a", "b"]
    assert yaml.safe_load(text)["destinations"][1]["host"] == "h"
