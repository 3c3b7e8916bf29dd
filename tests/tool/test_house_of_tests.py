"""The rules of the house for the tests themselves: no wait without a bound, and few words of the product."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.support.world import ROOT

TESTS = sorted((ROOT / "tests").rglob("*.py"))
THESE = [file for file in TESTS if "emulator" not in str(file.relative_to(ROOT))]
"""All but the tests of the embedded Azure, which says Azure's words and waits by other means."""
SCREENS = {
    "test_prompts.py",
    "test_interruptions.py",
    "test_screens.py",
    "test_bootstrap.py",
    "test_installation.py",
    "test_older_python.py",
}
"""The tests of what is on the screen: of questions, of runs, and of what is said before the requirements are there."""
MOST = 60
"""Asserts in the tests of the screens that may quote words."""
WORDS = re.compile(r"[A-Za-z]\S* \S*[A-Za-z]")
"""Two words side by side."""
COMMAND = re.compile(r"\s*(az |deploy\.py |deploy --|--)")
"""The beginning of what is no prose: commands and flags, which users copy and scripts contain."""
STATES = {"already done", "needs you"}
"""Values of `outcome` in JSON and of `state` in the state file."""
LOOPS = {
    "until",
    "_receive",
    "wait",
    "wait_for_change",
    "end",
    "kill_what_is_left",
    "run",
    "until_replicated",
    "walk",
    "refusals",
}
LOOPS |= {"try_all", "work", "_reached"}  # of the mutation tests: until a queue or a list is empty
"""The functions whose `while` has a bound of its own: seconds, tries, or what is in a list."""


def quotes(node: ast.expr | None) -> bool:
    """Whether words of the product are in it: two words side by side, but for commands, flags and states."""
    found = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)] if node else []
    texts = [text for text in found if isinstance(text, str) and text not in STATES]
    return any(WORDS.search(text) and not COMMAND.match(text) for text in texts)


def asserts_of_words(function: ast.AST) -> Iterator[ast.Assert]:
    """Yield the asserts that quote words.

    Those are left of `in`, at either side of `==`, or given to startswith, endswith or count: written there, or
    written in a table of `parametrize` whose column is named there.
    """
    columns = {name for name, wordy in _columns(function) if wordy}
    for node in ast.walk(function):
        if isinstance(node, ast.Assert) and any(quotes(part) or _named(part) & columns for part in _sought(node.test)):
            yield node


def _sought(test: ast.expr) -> Iterator[ast.expr]:
    for node in ast.walk(test):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            for before, operator, after in zip(sides, node.ops, sides[1:], strict=False):
                if isinstance(operator, ast.In | ast.NotIn):
                    yield before
                elif isinstance(operator, ast.Eq | ast.NotEq):
                    yield from (before, after)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith((".startswith", ".endswith", ".count")):
            yield from node.args


def _named(node: ast.expr) -> set[str]:
    return {node.id} if isinstance(node, ast.Name) else set()


def _columns(function: ast.AST) -> Iterator[tuple[str, bool]]:
    """Yield the columns of the tables of a test, and whether words are in them."""
    for table in getattr(function, "decorator_list", ()):
        if (
            not isinstance(table, ast.Call)
            or len(table.args) < 2
            or not ast.unparse(table).startswith("pytest.mark.par")
        ):
            continue
        head, rows = ast.literal_eval(table.args[0]), getattr(table.args[1], "elts", [])
        names = [head] if isinstance(head, str) else list(head)
        for number, name in enumerate(names):
            cells = rows if isinstance(head, str) else [row.elts[number] for row in rows if hasattr(row, "elts")]
            yield name, any(quotes(cell) for cell in cells)


def functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_words_are_quoted_in_the_tests_of_the_screens_alone() -> None:
    quoting = {file: len({one.lineno for part in functions(file) for one in asserts_of_words(part)}) for file in THESE}
    kept = {ROOT / "tests/az", ROOT / "tests/plans"}  # words of az; and of the facts that a pure test makes up itself
    counts = {file: count for file, count in quoting.items() if count and not kept.intersection(file.parents)}
    found = Counter({file.name: count for file, count in counts.items()})
    assert not {name: count for name, count in found.items() if name not in SCREENS}
    assert sum(found.values()) <= MOST


LOOPS |= {
    "test_pages_follow_each_other",
    "test_a_truncated_answer_promises_more_than_it_holds",
    "every",
    "main",
    "kill_what_is_left",
    "communicate",
}


def _is_wait_for(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or len(node.args) != 2:
        return False
    return str(getattr(node.func, "attr", getattr(node.func, "id", ""))).endswith("wait_for")


def test_every_wait_has_a_bound() -> None:
    """`subprocess.run` has a timeout, `wait` and `communicate` have an argument, a loop that asks again is `until`."""
    found: list[str] = []
    for file in TESTS:
        for function in functions(file):
            bounded = {inner for call in ast.walk(function) if _is_wait_for(call) for inner in ast.walk(call)}
            for node in ast.walk(function):
                if node in bounded:
                    continue
                where = f"{file.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
                if isinstance(node, ast.While) and function.name not in LOOPS:
                    found.append(f"{where} a loop")
                elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    given = {word.arg for word in node.keywords} | ({"timeout"} if node.args else set())
                    if node.func.attr in ("wait", "communicate", "join") and not given:
                        found.append(f"{where} {node.func.attr}")
                    run = node.func.attr in ("run", "check_output") and ast.unparse(node.func.value) == "subprocess"
                    if run and "timeout" not in {word.arg for word in node.keywords}:
                        found.append(f"{where} {ast.unparse(node.func)}")
    assert not found, "\n".join(found)
