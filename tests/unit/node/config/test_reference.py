"""The files that are made from the schema are current, and leave no key out."""

from pathlib import Path

from node.config.crosschecks import cross_check
from node.config.documentation import documented_keys
from node.config.example import EXAMPLES, make_config_file
from node.config.marks import parse_marked
from node.config.reference import make_reference, sections
from node.config.schema import Config

ROOT = Path(__file__).parents[4]
OPENINGS = (*(f"# {name}:" for name in EXAMPLES), "#   ")


def test_the_reference_is_current():
    assert (ROOT / "docs/configuration.md").read_text(encoding="utf-8") == make_reference(), (
        "run: python -m node.config.reference > docs/configuration.md"
    )


def test_the_configuration_file_is_current():
    assert (ROOT / "config.yaml").read_text(encoding="utf-8") == make_config_file(), (
        "run: python -m node.config.example > config.yaml"
    )


def test_every_key_is_documented():
    for path, section in sections():
        undocumented = set(section.model_fields) - set(documented_keys(section))
        nested = {child.split(".")[-1] for child, _ in sections()}
        assert undocumented <= nested, f"{path}: {undocumented - nested}"


def test_every_key_stands_in_the_configuration_file_below_a_comment():
    lines = (ROOT / "config.yaml").read_text(encoding="utf-8").splitlines()
    # The example of an entry is itself a comment: without its hash signs it must be read the same way.
    opened = [line[2:] if line.startswith(OPENINGS) else line for line in lines]
    text = "\n".join(line for line in opened if line not in [f"{name}: []" for name in EXAMPLES])
    document = parse_marked(text)
    keys = {tuple(part for part in path if isinstance(part, str)) for path in document.lines}
    for path, section in sections():
        place = tuple(path.replace("[]", "").split("."))
        for name in section.model_fields:
            assert (*place, name) in keys, f"{path}.{name} is not in config.yaml"


def test_the_examples_of_entries_are_valid_ones():
    text = (ROOT / "config.yaml").read_text(encoding="utf-8")
    example = "\n".join(line[2:] for line in text.splitlines() if line.startswith(OPENINGS))
    config = Config.model_validate(parse_marked(example).value)
    for name, entry in EXAMPLES.items():
        assert [one.model_dump() for one in getattr(config, name)] == [entry.model_dump()]
    assert not list(cross_check(config))
