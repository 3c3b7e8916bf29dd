"""The cases of every store, for the state file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stores.bench import Bench
from tests.stores.cases import CASES
from tests.stores.files import FileBench


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_a_state_file(case: Callable[[Bench], None], tmp_path: Path) -> None:
    case(FileBench(tmp_path))
