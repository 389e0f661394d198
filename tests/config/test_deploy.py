"""What ops copy: the example loads, and the unit hands over the secrets that it names."""

import re
from pathlib import Path
from typing import Any

import yaml

from callbridge.config import Config, load_config
from callbridge.config.model import ConfigModel, EventName, Scope

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
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
