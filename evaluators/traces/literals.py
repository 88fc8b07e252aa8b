"""Read Python literals of untrusted text without running it.

Public scorers hand answers to ``ast.literal_eval`` or even ``eval``. The first is safe and is used
here; of what the second runs, only arithmetic with numbers is calculated.
"""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable
from typing import Any

LARGEST_INTEGER = 1 << 14_000
"""Beyond it, arithmetic on integers is refused; Python reads at most 4,300 digits."""
_OPERATIONS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


class LiteralError(ValueError):
    """The text is not a literal."""


def read_literal(text: str, *, arithmetic: bool = False) -> Any:
    """Return the value of a literal: numbers, strings, constants, lists, tuples, dicts and sets.

    Args:
        text: Anything; the time is linear in its length.
        arithmetic: Also evaluate ``+ - * / // %`` between numbers.

    Raises:
        LiteralError: It is anything else, or nests deeper than Python reads.
        ArithmeticError: A division by zero, a number too large.

    >>> read_literal("[(1, .5), [1_000, -2e1]]  # a comment")
    [(1, 0.5), [1000, -20.0]]
    >>> read_literal("[[0.25 * 640, 2]]", arithmetic=True)
    [[160.0, 2]]
    """
    try:
        with warnings.catch_warnings(action="ignore"):  # about escapes in strings of an answer
            tree = ast.parse(text.lstrip(" \t"), mode="eval")
        return ast.literal_eval(_Calculator().visit(tree) if arithmetic else tree)
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError) as error:
        raise LiteralError(f"not a literal: {error}") from None


class _Calculator(ast.NodeTransformer):
    """Replaces operations between numbers by their results."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.Constant:
        operation = _OPERATIONS.get(type(node.op))
        if operation is None:
            raise LiteralError(f"an operator {type(node.op).__name__}")
        result = operation(self._number(node.left), self._number(node.right))
        if isinstance(result, int) and abs(result) > LARGEST_INTEGER:
            raise OverflowError("an integer of too many digits")
        return ast.Constant(result)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.Constant:
        value = self._number(node.operand)
        if not isinstance(node.op, ast.UAdd | ast.USub):
            raise LiteralError(f"an operator {type(node.op).__name__}")
        return ast.Constant(-value if isinstance(node.op, ast.USub) else +value)

    def _number(self, node: ast.expr) -> Any:
        value = getattr(self.visit(node), "value", None)
        if not isinstance(value, int | float | complex):
            raise LiteralError("an operator between what is not numbers")
        return value
