"""What is said of models that begin from no sound, and how much of a sound is changed."""

import subprocess
import sys

from midifrag.config.beginnings import cannot_begin, usual_strength


def test_a_part_that_is_made_anew_has_nothing_of_what_it_was() -> None:
    assert (usual_strength(None), usual_strength((1, 2))) == (0.6, 1.0)


def test_a_model_that_cannot_is_named_with_the_way_out() -> None:
    assert cannot_begin("open", "part", ("sound",)).startswith("open makes no part of a sound anew")
    assert cannot_begin("sketch", "part", ()).startswith("sketch cannot begin from a sound")


def test_an_engine_s_process_reads_no_set_to_know_it() -> None:
    code = "import midifrag.engine.hosting.child, sys; print({'pydantic', 'ruamel.yaml'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
