"""After a rehearsal nothing is left to be read from the disk."""

import subprocess
import sys

SCRIPT = """
import sys
from pipeline.results import Form, make_result_objects, make_visible_object, to_part10
from pipeline.results.rehearsal import rehearse
from tests.support.analyses import ORIGIN, make_analysis

forms = [Form("pr"), Form("sc", longest_side=512), Form("pdf")]
rehearse(forms)
analysis, read = make_analysis(), []
sys.addaudithook(lambda event, values: read.append(values[0]) if event in ("open", "import") else None)
objects = make_result_objects(analysis, ORIGIN)
to_part10(objects.segmentation), to_part10(objects.report)
assert objects.overlay_png
for form in forms:
    to_part10(make_visible_object(analysis, ORIGIN, form))
assert not read, read
"""


def test_the_first_film_after_a_rehearsal_imports_and_reads_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT], capture_output=True, text=True, timeout=120
    )

    assert done.returncode == 0, done.stderr
