"""Models in files: which are read, in which encodings, and what is wrong with them."""

from __future__ import annotations

import codecs
import json
from pathlib import Path
from typing import Any

import pytest

from engine.refusal import BadInput
from steps.step_10_models.inputs import DesiredModels
from steps.step_10_models.model_files import read_models
from tests.plans.facts import TARGET


def content(name: str, **more: Any) -> dict[str, Any]:
    return {"@id": f"dtmi:test:{name};1", "@type": "Interface", **more}


def written(file: Path, value: Any) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(value, indent=2), encoding="utf-8")
    return file


def problem(*paths: Path) -> str:
    with pytest.raises(BadInput) as refused:
        read_models(paths)
    assert refused.value.exit_code == 2
    return refused.value.why


def names(*paths: Path) -> list[str]:
    return [model.id.rpartition(":")[2] for model in read_models(paths)]


def test_a_folder_has_its_json_and_dtdl_files_in_folders_too(tmp_path: Path) -> None:
    written(tmp_path / "b.dtdl", content("B"))
    written(tmp_path / "a.JSON", [content("A1"), content("A2")])
    written(tmp_path / "deep/er/c.json", content("C"))
    written(tmp_path / "deep/.git/hidden.json", content("Hidden"))
    written(tmp_path / ".hidden.json", content("Hidden"))
    written(tmp_path / "notes.txt", "no model")
    (tmp_path / "folder.json").mkdir()
    assert names(tmp_path) == ["A1;1", "A2;1", "B;1", "C;1"] == names(tmp_path, tmp_path / "b.dtdl")
    versions = written(tmp_path / "v.model", [content("V"), {**content("V"), "@id": "dtmi:test:V;2"}])
    assert names(versions, tmp_path / "b.dtdl") == ["V;1", "V;2", "B;1"]


def test_the_files_are_read_once_in_a_run(tmp_path: Path) -> None:
    desired = DesiredModels(TARGET, (written(tmp_path / "a.json", content("A")),))
    before = desired.models
    written(tmp_path / "a.json", content("Changed"))
    assert [model.id for model in desired.models] == ["dtmi:test:A;1"] == [model.id for model in before]
    assert DesiredModels(TARGET, None).models == ()


def test_a_model_has_its_file_and_line(tmp_path: Path) -> None:
    file = written(tmp_path / "a.json", [content("A"), content("B")])
    first, second = read_models([file])
    assert (first.where, second.where) == (f"{file}, line 3", f"{file}, line 7")
    file.write_text("\n" + json.dumps(content("A")))
    assert [model.line for model in read_models([file])] == [2]
    file.write_text(json.dumps(content("A")).replace("dtmi", "\\u0064tmi"))
    (odd,) = read_models([file])
    assert (odd.id, odd.where) == ("dtmi:test:A;1", str(file))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_files_as_editors_and_shells_write_them(tmp_path: Path, encoding: str) -> None:
    before = codecs.BOM_UTF16_BE if encoding == "utf-16-be" else b""
    file = tmp_path / "a.json"
    file.write_bytes(before + json.dumps(content("A", displayName="Räume"), ensure_ascii=False).encode(encoding))
    (model,) = read_models([file])
    assert model.content["displayName"] == "Räume"


def test_what_is_wrong_is_told_by_file_and_line(tmp_path: Path) -> None:
    torn = tmp_path / "torn.json"
    torn.write_text('{\n "@id": "dtmi:test:A;1",\n}')
    assert f"{torn}, line 3" in problem(torn)
    latin = tmp_path / "latin.json"
    latin.write_bytes(b'{"@id": "\xe4"}')
    deep = tmp_path / "deep.json"
    deep.write_text("[" * 100_000)
    settings = written(tmp_path / "package.json", {"name": "x" * 50})
    for file in (latin, deep, settings, tmp_path / "missing.json", written(tmp_path / "n.json", [None])):
        assert str(file) in problem(file)
    assert len(problem(tmp_path).splitlines()) == 5
    (tmp_path / "empty").mkdir()
    assert str(tmp_path / "empty") in problem(tmp_path / "empty")
    for number in range(12):
        (tmp_path / f"empty/{number}.json").write_text("")
    assert len(problem(tmp_path / "empty").splitlines()) == 11


def test_an_id_that_is_no_dtmi_is_told_with_its_line_where_that_is_known(tmp_path: Path) -> None:
    file = written(tmp_path / "a.json", [content("A"), {**content("B"), "@id": "urn:b"}])
    assert f"{file}, line 7" in problem(file)
    file.write_text('{"@id": "\\u0075rn:b"}')
    assert f"{file}, line" not in problem(file)


@pytest.mark.parametrize(("length", "is_whole"), [(1, True), (38, True), (39, False), (60, False)])
def test_what_is_no_model_is_shown_up_to_40_characters(tmp_path: Path, length: int, *, is_whole: bool) -> None:
    """A folder may have large files that are none, as of a package."""
    told = problem(written(tmp_path / "a.json", ["é" * length]))
    assert told.count("é") == min(length, 39)  # after the quotation mark
    assert (f'"{"é" * length}"' in told, "..." in told) == (is_whole, not is_whole)


def test_of_the_names_of_an_object_the_one_that_is_there_twice_is_told(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text('{"@id": "dtmi:test:A;1", "description": "a", "comment": "b", "comment": "c"}')
    assert ["comment" in problem(file), "description" in problem(file), "@id" in problem(file)] == [True, False, False]


@pytest.mark.parametrize(
    "text",
    [
        '{"@id": "dtmi:test:A;1", "x": NaN}',
        '{"@id": "dtmi:test:A;1", "x": [-Infinity]}',
        '{"@id": "dtmi:test:A;1", "@id": "dtmi:test:B;1"}',
        '{"@id": "dtmi:test:A;1", "contents": [{"name": "a", "name": "b"}]}',
    ],
)
def test_what_only_python_reads_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.json"
    file.write_text(text)
    assert str(file) in problem(file)


@pytest.mark.parametrize(
    ("identifier", "fits"),
    [
        ("dtmi:com:example:Room;1", True),
        ("dtmi:com:example:Room_2:a1;12.3", True),
        ("dtmi:com:example:Room", True),  # as version 3 of the language allows
        ("dtmi:com:example:Room;0", False),
        ("dtmi:com:example:Room_;1", False),
        ("dtmi:com:1room;1", False),
        ("dtmi:com:Räume;1", False),
        ("urn:com:example:Room;1", False),
        ("dtmi:com:example:Room;1\n", False),
        ("", False),
    ],
)
def test_an_id_is_a_dtmi(tmp_path: Path, identifier: str, fits: bool) -> None:
    file = written(tmp_path / "a.json", {**content("A"), "@id": identifier})
    if fits:
        assert [model.id for model in read_models([file])] == [identifier]
    else:
        assert str(file) in problem(file)


def test_an_id_has_one_content(tmp_path: Path) -> None:
    one = written(tmp_path / "one.json", content("A", displayName="a", description="b"))
    two = written(tmp_path / "two.json", content("A", description="b", displayName="a"))
    assert names(one, two) == ["A;1"]
    written(two, content("A", displayName="other"))
    for paths in ((one, two), (two, one)):
        assert all(str(path) in problem(*paths) for path in paths)
