import sys
import warnings

import pytest

from midifrag.engine.loading.silence_output import silence_output


def test_what_packages_say_is_swallowed(capfd):
    with silence_output():
        print("hello")
        print("a bar", file=sys.stderr)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert capfd.readouterr() == ("", "")


def test_afterwards_everything_is_as_it_was(capfd):
    def fail():
        with silence_output():
            raise ValueError

    with pytest.raises(ValueError):
        fail()
    print("heard")
    assert capfd.readouterr().out == "heard\n"
    with pytest.warns(DeprecationWarning, match="new"):
        warnings.warn("new", DeprecationWarning, stacklevel=1)
