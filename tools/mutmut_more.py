"""mutmut with two kinds of change more: a statement goes, a condition turns over. `tools.mutation` runs it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import libcst as cst
from mutmut.__main__ import cli
from mutmut.mutation.mutators import mutation_operators

#: Statements whose going says nothing: what they import is missing, or they do nothing.
_SPARED = (cst.Import, cst.ImportFrom, cst.Pass, cst.Global, cst.Nonlocal)


def without_statement(line: cst.SimpleStatementLine) -> Iterator[cst.SimpleStatementLine]:
    """The line with nothing in it, unless it is a docstring or one that is spared."""
    (first, *_) = line.body
    is_text = isinstance(first, cst.Expr) and isinstance(first.value, cst.SimpleString | cst.ConcatenatedString)
    is_declaration = isinstance(first, cst.AnnAssign) and first.value is None
    if not is_text and not is_declaration and not isinstance(first, _SPARED):
        yield line.with_changes(body=[cst.Pass()])


def turned_over(node: cst.If | cst.While) -> Iterator[cst.If | cst.While]:
    """The statement with its condition denied."""
    condition = node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    yield node.with_changes(test=cst.UnaryOperation(cst.Not(), condition))


# A list, though it is announced as a sequence.
cast("list[object]", mutation_operators).extend(
    [(cst.SimpleStatementLine, without_statement), (cst.If, turned_over), (cst.While, turned_over)]
)

if __name__ == "__main__":
    cli()
