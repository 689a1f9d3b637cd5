"""A public viewer, Cornerstone3D in headless Chromium, opens a film with its SEG from the node.

``make viewer`` installs what it needs; elsewhere it is skipped, and counted.
"""

import json
import subprocess
from pathlib import Path
from shutil import which
from urllib.parse import urlencode

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread

from node.web.tokens import add_token, token_file
from tests.support.node import run_neolung
from tests.support.web import web_node

HERE = Path(__file__).parent
FILM = Path("node/demo/films/phantom-rds-2.dcm").resolve()


@pytest.mark.viewer
@pytest.mark.slow
def test_a_viewer_lays_the_lungs_over_the_film(tmp_path: Path) -> None:
    assert run_neolung("analyse", str(FILM), "--out", str(tmp_path / "results")).returncode == 0
    results = [dcmread(path) for path in (tmp_path / "results").rglob("*.dcm")]
    subprocess.run(["npm", "run", "-s", "build"], cwd=HERE, check=True)
    sections = {"web": {"authentication": "token", "origins": ["*"]}}
    with web_node(tmp_path / "node", **sections) as web:
        token = add_token(token_file(web.config.node.data_dir), "viewer", ["read", "store"])
        web.http.headers["Authorization"] = f"Bearer {token}"
        film = dcmread(FILM)
        assert web.stow(film, *results).status_code == 200

        query = {"dicomweb": web.base, "study": film.StudyInstanceUID, "token": token}
        picture = tmp_path / "viewer.png"
        command = ["node", "shot.mjs", str(which("chromium")), urlencode(query), str(picture)]
        shown = json.loads(subprocess.run(command, cwd=HERE, check=True, stdout=subprocess.PIPE).stdout)

    (segmentation,) = (each for each in results if each.Modality == "SEG")
    assert "error" not in shown, shown
    assert (shown["rows"], shown["columns"]) == (film.Rows, film.Columns)
    assert shown["counts"] == [int(lung.sum()) for lung in segmentation.pixel_array]
    assert _coloured_share(picture) > 0.05


def _coloured_share(picture: Path) -> float:
    """Give the part of a picture that is not grey: the lungs' overlay."""
    pixels = np.asarray(Image.open(picture).convert("RGB")).astype(int)
    return float((np.ptp(pixels, axis=2) > 20).mean())
