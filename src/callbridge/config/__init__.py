"""The configuration: one YAML file, typed. A wrong one is refused with every problem's line, key and cure."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from callbridge.config import yaml_lines
from callbridge.config.errors import ConfigError, Problem, dotted
from callbridge.config.fields import Surroundings
from callbridge.config.model import (
    ConfigModel,
    Http,
    Log,
    Login,
    OptionsSection,
    Outbound,
    Pbx,
    Service,
    Site,
    Store,
    Webhook,
)
from callbridge.config.page_references import check_page
from callbridge.config.people import AgentSection, GroupSection, Numbers, PresetSection, WebPhoneSection
from callbridge.config.references import check_references, region_of
from callbridge.config.secrets import Secret
from callbridge.config.sentences import sentence
from callbridge.config.to_domain import to_settings
from callbridge.config.urls import is_loopback
from callbridge.domain.model.settings import Settings

__all__ = [
    "AgentSection",
    "Config",
    "ConfigError",
    "GroupSection",
    "Http",
    "Log",
    "Login",
    "Numbers",
    "OptionsSection",
    "Outbound",
    "Pbx",
    "PresetSection",
    "Problem",
    "Secret",
    "Service",
    "Site",
    "Store",
    "WebPhoneSection",
    "Webhook",
    "dotted",
    "is_loopback",
    "load_config",
    "parse_config",
]


class Config(ConfigModel):
    """A configuration that may be used."""

    def to_settings(self) -> Settings:
        """What the engine decides by."""
        return to_settings(self)


def load_config(path: Path, *, env: Mapping[str, str] | None = None) -> Config:
    """Reads the file and the secrets that it names.

    `env` stands in for the process's environment. Raises ConfigError, and nothing else, with every problem at once.
    """
    return load_with_lines(path, env=env)[0]


def load_with_lines(path: Path, *, env: Mapping[str, str] | None = None) -> tuple[Config, yaml_lines.Document]:
    """Like `load_config`, with the lines, for whoever has more to say about the file."""
    try:
        if not path.is_file():
            reason = "is a folder, not a file" if path.is_dir() else "there is no such file"
            raise ConfigError([Problem(file=str(path), line=None, what=reason, allowed="name one with --config")])
        with path.open("rb") as file:
            text = file.read(yaml_lines.MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigError([Problem(file=str(path), line=None, what=f"cannot be read: {reason}")]) from None
    return parse_config(text, file=str(path), base=path.parent.absolute(), env=os.environ if env is None else env)


def parse_config(text: bytes, *, file: str, base: Path, env: Mapping[str, str]) -> tuple[Config, yaml_lines.Document]:
    """`file` is only named in errors; relative paths start at `base`. Raises ConfigError, and nothing else."""
    document = yaml_lines.parse(text, file)
    data = document.data
    if not isinstance(data, dict):
        what = "is empty" if data is None else "is not a mapping"
        raise ConfigError([Problem(file=file, line=1, what=what, allowed="it begins with keys such as pbx: and http:")])
    # A section with everything commented out is a section that is not there.
    data = {key: value for key, value in data.items() if value is not None or key not in Config.model_fields}
    findings = [*check_references(document), *check_page(document)]
    config = None
    try:
        config = Config.model_validate(data, context=Surroundings(base=base, env=env, region=region_of(data)))
    except ValidationError as error:
        details = error.errors(include_url=False)
        findings += [sentence(detail, Config, data) for detail in details]
    if findings or config is None:
        raise ConfigError(
            Problem(file=file, line=document.line(path), path=path, what=what, allowed=allowed)
            for path, what, allowed in findings
        )
    return config, document
