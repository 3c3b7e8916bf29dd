"""The state file under everything that can happen to a file: never silently overwritten, never lost."""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.commands.status import show_status
from state.document import StateRefused, parse
from state.file_store import StateFile
from tests.support.processes import Done, Process, ended
from tests.support.tool import SUBSCRIPTION, Tool
from tests.support.waiting import until
from tests.support.world import Emulator

SLOW = {"method": "PUT", "path": "digitalTwinsInstances/[^/]+$", "do": "delay:1"}
"""Long enough to stop the run in the middle."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A state file as a run leaves it."""
    folder = tmp_path_factory.mktemp("written")
    with Emulator(folder / "azure") as azure:
        tool = Tool(azure, folder / "work")
        assert tool.deploy().code == 0
        return tool.state_file.read_bytes()


def stop_under_way(azure: Emulator, process: Process) -> None:
    """Stop the run for a while, in the middle of creating the instance."""

    def creates() -> bool:
        assert process.poll() is None, ended(process).text
        return any(one["method"] == "PUT" and "digitalTwins" in one["path"] for one in azure.requests()["log"])

    until(creates, "the instance's creation", seconds=60)
    process.send_signal(signal.SIGSTOP)


def go_on(process: Process) -> Done:
    """Let it go on, to its end."""
    process.send_signal(signal.SIGCONT)
    return ended(process)


def test_torn_at_every_byte(written: bytes, tmp_path: Path) -> None:
    file = StateFile(tmp_path / "torn.json")
    for length in range(len(written) - 1):  # the last byte is a line break
        with pytest.raises(StateRefused, match="torn"):
            parse(written[:length].decode(), file.path)
        if length % 100 == 0:
            file.path.write_bytes(written[:length])
            with pytest.raises(StateRefused, match="torn"):
                file.read()
            assert file.path.read_bytes() == written[:length]


def spoiled(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield a document for each value in it and each wrong type, with where it is."""

    def walk(part: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        for key, inner in part.items() if isinstance(part, dict) else enumerate(part):
            yield (*path, key)
            if isinstance(inner, dict | list):
                yield from walk(inner, (*path, key))

    for *above, last in walk(value, ()):
        values: tuple[Any, ...] = (None, 7, -1.5, True, "x", [], [[]], {}, {"a": {}})
        for wrong in values:
            copy = json.loads(json.dumps(value))
            inner = copy
            for key in above:
                inner = inner[key]
            inner[last] = wrong
            yield f"{'.'.join(map(str, [*above, last]))} = {wrong}", copy


def test_a_value_of_any_other_type_is_refused_or_shown(
    written: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "spoiled.json"
    refused = 0
    for where, document in spoiled(json.loads(written)):
        text = json.dumps(document)
        file.write_text(text)
        code = show_status(file, as_json=False)
        assert code in (0, 2), where
        assert file.read_text() == text
        if code:
            refused += 1
            assert capsys.readouterr().err.strip(), where
        else:
            parse(text, file)
    assert refused > 100


@pytest.mark.parametrize("what", ["tenant", "subscription"])
def test_another_ones_file_is_refused(azure: Emulator, tool: Tool, written: bytes, what: str) -> None:
    document = json.loads(written)
    document["belongs_to"][what] = "00000000-0000-4000-8000-00000000dead"
    document["inputs"].pop(what, None)
    tool.state_file.write_text(json.dumps(document))
    before = tool.state_file.read_bytes()
    done = tool.run("--yes", f"--{what}", json.loads(written)["belongs_to"][what])
    assert done.code == 2, done.text
    assert "00000000-0000-4000-8000-00000000dead" in done.stderr
    assert tool.state_file.read_bytes() == before
    assert not [one for one in azure.requests()["log"] if one["method"] in ("PUT", "PATCH", "DELETE")]


class Powerless(Tool):
    """Permissions count for it: they don't for root, who is given what else root may do."""

    def command(self, *arguments: str) -> list[str]:
        if os.geteuid():
            return super().command(*arguments)
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            pytest.skip("root may write everywhere, and there is no setpriv to take that away")
        return [setpriv, "--bounding-set=-dac_override", *super().command(*arguments)]


@pytest.mark.parametrize("what", ["file", "folder"])
def test_read_only(azure: Emulator, tmp_path: Path, written: bytes, what: str) -> None:
    tool = Powerless(azure, tmp_path / "work")
    tool.state_file.write_bytes(written)
    guarded, mode = (tool.state_file, 0o400) if what == "file" else (tool.folder, 0o500)
    before = guarded.stat().st_mode
    guarded.chmod(mode)
    done, status = tool.run("--yes"), tool.run("status")
    guarded.chmod(before)
    assert done.code == 2, done.text
    assert guarded.name in done.stderr
    assert "--state" in done.stderr
    assert status.code == 0
    assert tool.state_file.read_bytes() == written
    assert azure.requests()["total"] == 0


class FullDisk(Tool):
    """No file of its can grow beyond `room` bytes, as on a disk that is full."""

    room = 0

    def command(self, *arguments: str) -> list[str]:
        limit = f"import os, resource, sys; resource.setrlimit({resource.RLIMIT_FSIZE}, ({self.room}, {self.room}))"
        return [sys.executable, "-c", f"{limit}; os.execv(sys.argv[1], sys.argv[1:])", *super().command(*arguments)]


@pytest.mark.parametrize("room", [100, 1500])
def test_a_full_disk(azure: Emulator, tmp_path: Path, room: int) -> None:
    """Too full for anything, or full in the middle of the run: what is there stays whole, and the next run goes on."""
    tool = FullDisk(azure, tmp_path / "work")
    tool.room = room
    done = tool.deploy()
    assert done.code == 2, done.text
    assert os.strerror(errno.EFBIG) in done.stderr
    assert "Traceback" not in done.text
    assert "Logging" not in done.text
    if tool.state_file.exists():
        assert StateFile(tool.state_file).read()
    assert not list(tool.folder.glob(".*.tmp"))
    again = Tool(azure, tool.folder).deploy()
    assert again.code == 0, again.text
    assert len(azure.inventory()["digitalTwinsInstances"]) == 1


@pytest.mark.parametrize("there", [True, False], ids=["to a file", "to nothing yet"])
def test_a_link_is_followed_and_kept(tool: Tool, written: bytes, *, there: bool) -> None:
    real = tool.folder / "kept elsewhere"
    real.mkdir()
    if there:
        (real / "real.json").write_bytes(written)
    tool.state_file.symlink_to(real / "real.json")
    assert tool.deploy().code == 0
    assert tool.state_file.is_symlink()
    assert StateFile(real / "real.json").read()
    assert [file.name for file in real.iterdir()] == ["real.json"]


def test_something_else_changes_it_during_the_run(azure: Emulator, tool: Tool) -> None:
    azure.faults(SLOW)
    process = tool.start("--yes", "--subscription", SUBSCRIPTION)
    stop_under_way(azure, process)
    changed = json.dumps({**tool.state, "team": "factory"})
    tool.state_file.write_text(changed)
    done = go_on(process)
    assert done.code == 2, done.text
    assert "deploy.state.json" in done.stderr
    assert tool.state_file.read_text() == changed
    again = tool.run("--yes")
    assert again.code == 0, again.text
    assert tool.state["team"] == "factory"


def test_two_hosts_over_a_folder_whose_locks_do_not_reach_that_far(azure: Emulator, tool: Tool) -> None:
    """The first run's lock is out of the second's sight: both write to Azure, and no file is lost."""
    azure.faults(SLOW)
    first = tool.start("--yes", "--subscription", SUBSCRIPTION)
    stop_under_way(azure, first)
    StateFile(tool.state_file).lock_path.unlink()
    second = tool.run("--yes")
    assert second.code == 0, second.text
    done = go_on(first)
    assert done.code == 2, done.text
    assert "deploy.state.json" in done.stderr
    again = tool.run("--yes")
    assert again.code == 0, again.text
    there = azure.inventory()
    assert len(there["digitalTwinsInstances"]) == 1
    assert len([one for one in there["applications"] if one["displayName"].startswith("adt-")]) == 1
