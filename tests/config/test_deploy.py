"""What ops copy: the example loads, the unit hands over the secrets that it names, and the images can be built."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from callbridge import __version__
from callbridge.config import Config, load_config
from callbridge.config.model import ConfigModel, EventName, Scope

PROJECT = Path(__file__).resolve().parents[2]
DEPLOY = PROJECT / "deploy"
EXAMPLE = DEPLOY / "callbridge.example.yaml"


def secret_names() -> set[str]:
    lines = (line.partition("#")[0] for line in EXAMPLE.read_text().splitlines())
    return {name for line in lines for name in re.findall(r"\{file: ([\w.]+)}", line)}


def example(folder: Path) -> Config:
    for name in secret_names():
        (folder / name).write_text("0123456789abcdef" * 4)
    (folder / "callbridge.yaml").write_text(EXAMPLE.read_text())
    return load_config(folder / "callbridge.yaml", env={})


def test_given_the_example_when_loaded_then_it_is_right_and_has_every_section(tmp_path: Path) -> None:
    config = example(tmp_path)
    assert set(yaml.safe_load(EXAMPLE.read_text())) == set(ConfigModel.model_fields)
    assert config.to_settings().presets
    assert set(config.services[0].scopes) == set(Scope.__args__)
    assert set(config.webhooks[0].events) == set(EventName.__args__)


def test_given_the_example_when_read_then_every_key_that_there_is_stands_in_it() -> None:
    text = EXAMPLE.read_text()
    missing = {
        f"{name}.{key}"
        for name, field in ConfigModel.model_fields.items()
        for key in getattr(field.annotation, "model_fields", {})
        if not re.search(rf"^  (# )?{key}:", text, re.MULTILINE) and name != "log"
    }
    assert missing == set()


def test_given_the_unit_when_read_then_it_hands_over_each_secret_of_the_example() -> None:
    unit = (DEPLOY / "callbridge.service").read_text()
    assert set(re.findall(r"^LoadCredential=([\w.]+):/etc/callbridge/\1$", unit, re.MULTILINE)) == secret_names()


def test_given_the_unit_when_read_then_systemd_starts_it_again_whatever_ended_it() -> None:
    unit, _, service = (DEPLOY / "callbridge.service").read_text().partition("[Service]")
    assert "\nStartLimitIntervalSec=0\n" in unit
    assert "\nRestart=always\n" in service


def test_given_compose_when_read_then_it_hands_over_each_secret_of_the_example() -> None:
    compose: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    assert set(compose["services"]["callbridge"]["secrets"]) == set(compose["secrets"]) == secret_names()


# ---------------------------------------------------------------- images


def copied(dockerfile: str) -> list[str]:
    """What it copies from the project's folder."""
    lines = re.findall(r"^COPY (?!--from)(.+)$", (DEPLOY / dockerfile).read_text(), re.MULTILINE)
    return [source.removeprefix("./") for line in lines for source in line.split()[:-1]]


def let_through(path: str) -> bool:
    """By Dockerfile.dockerignore, as Docker reads it: the last line counts that fits the path or a folder above it."""
    kept = True
    for line in (DEPLOY / "Dockerfile.dockerignore").read_text().split():
        pattern = re.escape(line.removeprefix("!")).replace(r"\*\*/", "(.*/)?").replace(r"\*", "[^/]*")
        if re.fullmatch(f"{pattern}(/.*)?", path):
            kept = line.startswith("!")
    return kept


def test_given_the_image_s_recipe_when_read_then_all_that_it_copies_is_there_and_not_ignored() -> None:
    names = copied("Dockerfile")
    assert {"pyproject.toml", "src", "asterisk"} <= set(names)
    assert [name for name in names if not (PROJECT / name).exists()] == []
    assert [name for name in names if not let_through(name)] == []
    assert let_through("src/callbridge/desktop/bundle.py")
    left_out = ("src/callbridge/desktop/page/node_modules/x/y.js", "src/callbridge/__pycache__/app.pyc", ".git/config")
    assert [path for path in left_out if let_through(path)] == []


def test_given_the_asterisk_image_s_recipe_when_read_then_it_copies_nothing() -> None:
    """It is built with deploy/ alone, which has no list of what to leave out."""
    assert copied("Dockerfile.asterisk") == []


@pytest.mark.parametrize("dockerfile", ["Dockerfile", "Dockerfile.asterisk"])
def test_given_a_recipe_when_read_then_every_stage_begins_with_the_base_that_can_be_chosen(dockerfile: str) -> None:
    text = (DEPLOY / dockerfile).read_text()
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert re.search(r"^ARG BASE=\S+:\S+$", text, re.MULTILINE)
    assert set(bases) == {"${BASE}"}


def test_given_only_what_the_image_copies_when_installed_then_the_command_says_its_version(tmp_path: Path) -> None:
    """The recipe's own steps; packages are taken from here, and so is the page, which `make` builds before."""
    context = tmp_path / "src"
    context.mkdir()
    for name in copied("Dockerfile"):
        copy_into(context, name)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path), str(context)]
    subprocess.run(build, check=True, env={**os.environ, "CALLBRIDGE_PAGE_LATER": "1"})
    (wheel,) = tmp_path.glob("*.whl")
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    subprocess.run([*pip, "--python", str(venv), "install", "--no-deps", "--no-index", str(wheel)], check=True)
    said = subprocess.run([venv / "bin/callbridge", "--version"], check=True, capture_output=True, text=True)
    assert said.stdout == f"callbridge {__version__}\n"
    inside = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "callbridge/asterisk/extensions-callbridge.conf",
        "callbridge/desktop/dist/index.html",
        "callbridge/store/migrations/versions/0001_calls.py",
    } <= inside


def copy_into(context: Path, name: str) -> None:
    if (PROJECT / name).is_dir():
        ignored = shutil.ignore_patterns("__pycache__", "node_modules")
        shutil.copytree(PROJECT / name, context / name, ignore=ignored)
    else:
        shutil.copy(PROJECT / name, context / name)
