"""Options that the table of generation parameters makes."""

import click
import pytest
from click.testing import CliRunner

from midifrag.commands.parameter_options import given, with_parameter_options
from midifrag.config.parameters import RequestParameters, names_of
from midifrag.errors import ConfigurationError


@click.command()
@with_parameter_options
def command(**typed):
    click.echo(repr({name: value for name, value in typed.items() if value is not None}))


def test_there_is_an_option_for_each_parameter_with_its_limits_in_its_help():
    text = CliRunner().invoke(command, ["--help"], terminal_width=200).output
    options = [line.split()[0].rstrip(",") for line in text.splitlines() if line.strip().startswith("--")]
    assert {f"--{name.replace('_', '-')}" for name in names_of(RequestParameters)} <= set(options)
    assert "(0.1 to 380 s)" in text


def test_options_have_the_types_of_their_parameters_and_other_names():
    result = CliRunner().invoke(command, ["--steps", "8", "--cfg", "3", "--seconds", "2.5", "--sampler", "pingpong"])
    assert result.output == "{'steps': 8, 'cfg_scale': 3.0, 'seconds': 2.5, 'sampler': 'pingpong'}\n"
    assert CliRunner().invoke(command, ["--steps", "many"]).exit_code == 2


def test_only_what_was_typed_is_given_and_a_random_seed_is_none():
    assert given({"steps": 8, "seconds": None, "seed": -1}) == {"steps": 8}
    assert given({"seed": 7}) == {"seed": 7}


def test_how_much_of_another_prompt_is_a_number_where_there_is_no_hand():
    assert given({"morph": "0.50 to glass"}) == {"morph": "0.5 to glass"}
    with pytest.raises(ConfigurationError, match="command line: --morph: velocity is a hand's"):
        given({"morph": "velocity to glass"})


def test_what_is_beyond_its_limits_is_said_with_its_option():
    with pytest.raises(ConfigurationError) as caught:
        given({"steps": 0, "cfg_scale": 99.0})
    assert str(caught.value).splitlines() == [
        "command line: --steps: 0 is below 1",
        "command line: --cfg-scale: 99 is above 30",
    ]
