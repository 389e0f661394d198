"""Loads configurations in a folder of their own."""

from pathlib import Path

import pytest
from config_samples import ENV, Load, Refused

from callbridge.config import Config, ConfigError, load_config


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("actions.secret", "hook.secret"):
        (tmp_path / name).write_text(f"{name} value\n")
        (tmp_path / name).chmod(0o600)
    return tmp_path


@pytest.fixture
def load(folder: Path) -> Load:
    def loaded(text: str) -> Config:
        (folder / "site.yaml").write_text(text)
        return load_config(folder / "site.yaml", env=ENV)

    return loaded


@pytest.fixture
def refused(load: Load) -> Refused:
    def error_of(text: str) -> ConfigError:
        with pytest.raises(ConfigError) as caught:
            load(text)
        return caught.value

    return error_of
