"""The page of OSC is what the table says."""

from midifrag.doors.osc.table import IN, OUT
from tools import osc_reference as reference


def test_the_page_is_current():
    written = reference.PAGE.read_text(encoding="utf-8")
    assert written == reference.page(), "run `python -m tools.osc_reference`"


def test_every_address_and_argument_has_its_line():
    outgoing, incoming = reference.page().split("## What comes in")
    for text, rows in ((outgoing, OUT), (incoming, IN)):
        for row in rows:
            _, _, section = text.partition(f"### `{row.path}`\n")
            section = section.partition("\n#")[0]
            assert row.line[1:] in section
            assert [line.split(" | ")[0] for line in section.splitlines() if line.startswith("| ")][2:] == [
                f"| {argument.name}" for argument in row.arguments
            ]


def test_limits_that_no_number_exceeds_are_not_told():
    told = reference.page()
    assert "| pad | note, or text (`i or s`) | 0 to 127 |" in told
    assert "2147483647" not in told
    assert "2.14748e+09" not in told


def test_the_patch_that_it_names_is_there():
    assert (reference.PAGE.parent / "../tests/doors/osc/slots.pd").resolve().is_file()
