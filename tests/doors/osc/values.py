"""Values for the rows of the table."""

from __future__ import annotations

from midifrag.doors.osc.packets import Value
from midifrag.doors.osc.table import Address, Argument, Kind


def value_of(argument: Argument) -> Value:
    """A value that an argument may have."""
    low, high = argument.limits or (0, 1)
    examples: dict[Kind, Value] = {
        Kind.WHOLE: int(min(max(low, 1), high)),
        Kind.NUMBER: float(min(max(low, 0.5), high)),
        Kind.TEXT: "rain, ö",
        Kind.SWITCH: 1,
        Kind.PAD: "36/10",
        Kind.BANK: "next",
        Kind.VALUE: 0.25,
    }
    return examples[argument.kind]


def values_of(row: Address) -> tuple[Value, ...]:
    """A value for each argument of a row."""
    return tuple(value_of(argument) for argument in row.arguments)
