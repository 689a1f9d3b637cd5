"""A node without a GPU is installed without torch (docs/decisions/0001): serving must not import it."""

import subprocess
import sys
from pathlib import Path

FORBIDDEN = (
    "torch",
    "torchvision",
    "timm",
    "segmentation_models_pytorch",
    "onnx",
    "ray",
    "psycopg",
    "accelerate",
)

SCRIPT = """
import sys, tempfile
sys.modules.update(dict.fromkeys({forbidden}))  # None there means: not installed
from pathlib import Path
from pydicom import dcmread
from node.config.loading import load_config
from node.demo.story import FILMS
from node.offline import OfflineAnalyser
import node.composition.serving, node.composition.working, node.composition.delivering, node.cli

config = Path(tempfile.mkdtemp()) / "config.yaml"
config.write_text("node:\\n  data_dir: var\\n")
film = dcmread(FILMS / "child-clear.dcm")
print(OfflineAnalyser(load_config(config)).analyse(film).outcome)
"""


def test_a_film_is_judged_where_none_of_the_extras_is_installed() -> None:
    script = SCRIPT.format(forbidden=set(FORBIDDEN))
    root = Path(__file__).parents[2]

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=root, check=False
    )

    assert done.stdout.strip() in {"present", "absent"}, done.stderr


def test_training_without_the_extra_says_which_one_is_missing(tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['torch'] = None; import train.cli; "
        f"sys.argv = ['neolung-train', 'classify', '--run', {str(tmp_path)!r}]; train.cli.main()"
    )
    root = Path(__file__).parents[2]

    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root, check=False)

    assert done.returncode == 1
    assert "pip install -e '.[train]'" in done.stderr
    assert "Traceback" not in done.stderr
