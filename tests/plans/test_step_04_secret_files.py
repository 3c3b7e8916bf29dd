"""The files that hold client secrets: on disk, and without Azure."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.refusal import BadInput, Refusal
from steps.step_04_app_registration.observed import SecretFiles
from steps.step_04_app_registration.secret_files import (
    SecretFile,
    has_leftovers,
    read_secret_files,
    remove_leftovers,
    remove_secret_file,
)


def write(file: Path, secret: str = "s3cret-value") -> Path:
    with SecretFile(str(file)) as part:
        part.keep(secret)
    return file


def test_a_secret_is_written_for_its_owner_only_and_recognised(tmp_path: Path) -> None:
    file = write(tmp_path / "ci.secret")
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("s3cret-value\n", 0o600)
    assert read_secret_files(str(file), {str(file)}) == SecretFiles(hint="s3c", as_written={str(file): True})
    assert [path.name for path in tmp_path.iterdir()] == ["ci.secret"]


def test_a_secret_that_is_only_shown_needs_no_file(tmp_path: Path) -> None:
    file = write(tmp_path / "ci.secret")
    assert read_secret_files("-", set()) == SecretFiles()
    assert read_secret_files("-", {str(file)}) == SecretFiles(as_written={str(file): True})


def test_a_file_that_was_changed_is_kept(tmp_path: Path) -> None:
    readable, words, gone = write(tmp_path / "a"), write(tmp_path / "b"), tmp_path / "gone"
    readable.chmod(0o644)
    words.write_text("two words")
    empty = write(tmp_path / "empty")
    empty.write_text("")
    link = tmp_path / "link"
    link.symlink_to(gone)
    paths = {str(path) for path in (readable, words, empty, gone, link)}
    assert read_secret_files(str(words), paths).as_written == {
        str(path): False for path in (readable, words, empty, link)
    }
    assert read_secret_files(str(words), paths).hint == ""
    for path in paths:
        remove_secret_file(path)
    assert all((readable.exists(), words.exists(), empty.exists(), link.is_symlink()))
    remove_secret_file(str(write(tmp_path / "c")))
    assert not (tmp_path / "c").exists()


def test_what_a_killed_run_left_is_seen_and_removed(tmp_path: Path) -> None:
    file, other = tmp_path / "ci[1].secret", tmp_path / ".ci1.secret.x.tmp"
    other.touch()
    for removes in (lambda: remove_leftovers(str(file)), lambda: write(file), lambda: remove_secret_file(str(file))):
        (tmp_path / ".ci[1].secret.abc.tmp").touch()
        assert read_secret_files(str(file), set()).leftovers == (str(file),)
        assert read_secret_files("-", {str(file)}).leftovers == (str(file),)
        removes()
        assert read_secret_files(str(file), set()).leftovers == ()
    assert other.exists()


def test_what_is_not_kept_leaves_nothing(tmp_path: Path) -> None:
    with SecretFile(str(tmp_path / "ci.secret")):
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    file = tmp_path / "missing" / "ci.secret"
    assert read_secret_files(str(tmp_path), set()).problem
    assert read_secret_files(str(file), set()).problem
    assert read_secret_files(str(tmp_path / "ci.secret"), set()) == SecretFiles(exists=False)
    with pytest.raises(Refusal) as caught, SecretFile(str(file)):
        pass
    assert (caught.value.exit_code, isinstance(caught.value, BadInput)) == (2, False)


def test_a_folder_that_took_the_files_place_is_a_refusal(tmp_path: Path) -> None:
    file = tmp_path / "ci.secret"
    with SecretFile(str(file)) as part:
        file.mkdir()
        with pytest.raises(Refusal) as caught:
            part.keep("s3cret-value")
    assert (caught.value.exit_code, [path.name for path in tmp_path.iterdir()]) == (2, ["ci.secret"])


def test_a_killed_run_is_known_by_its_temporary_file(tmp_path: Path) -> None:
    assert not has_leftovers(str(tmp_path / "ci.secret"))
    (tmp_path / ".ci.secret.x.tmp").touch()
    assert has_leftovers(str(tmp_path / "ci.secret"))
