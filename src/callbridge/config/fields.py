"""The kinds of values that the configuration is made of, each with the sentence that says what is allowed."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from argon2 import extract_parameters
from argon2.exceptions import InvalidHash
from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from callbridge.config import urls
from callbridge.config.numbers import is_region, to_e164
from callbridge.config.secrets import Secret, read_secret
from callbridge.domain.model.agents import GATEWAY_REASONS

_WHSEC = "whsec_"


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the meaning of a configuration depends on besides its text."""

    base: Path
    """Where relative paths start: the folder of the configuration file."""
    env: Mapping[str, str] = field(repr=False)
    region: str | None = None


def surroundings(info: ValidationInfo) -> Surroundings:
    context = info.context
    if not isinstance(context, Surroundings):
        raise TypeError("a configuration is loaded with load_config")
    return context


def _secret(value: Any, info: ValidationInfo) -> Secret:
    around = surroundings(info)
    return read_secret(value, base=around.base, env=around.env)


def _long_secret(secret: Secret) -> Secret:
    if len(secret.value.encode()) < 32:
        raise ValueError("is too short; at least 32 bytes, for example from `openssl rand -hex 32`")
    return secret


def _hook_secret(secret: Secret) -> Secret:
    """With the prefix of Standard Webhooks the key is base64; any other text is taken as it is."""
    given = secret.value
    if given.startswith(_WHSEC):
        key = given.removeprefix(_WHSEC).rstrip("=")
        try:
            found = base64.b64decode(key + "=" * (-len(key) % 4), validate=True)
        except ValueError:
            found = b""
        if not found:
            raise ValueError("begins with whsec_, but base64 does not follow; take it as the receiver shows it")
    return secret


def _ami_word(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.@-]{1,64}", text):
        raise ValueError(f"is {text!r}; letters, digits and _ . @ -")
    return text


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise ValueError(f"is {text!r}; an IP address") from None


def _path(value: Any, info: ValidationInfo) -> Path:
    if not isinstance(value, str) or not value or urls.CONTROL.search(value):
        raise ValueError("is not a path; a path, relative to this file's folder or absolute")
    return surroundings(info).base / value


def _line(text: str) -> str:
    if not text.strip() or urls.CONTROL.search(text):
        raise ValueError("is empty or has a line break or control character; one line of text")
    return text.strip()


def _argon2(text: str) -> str:
    try:
        parameters = extract_parameters(text)
    except (InvalidHash, ValueError, TypeError, IndexError):
        raise ValueError("is not an argon2 hash; make one with `callbridge hash-password`") from None
    if not text.startswith("$argon2id$"):
        raise ValueError("is not of the kind argon2id; make one with `callbridge hash-password`")
    if parameters.memory_cost > 1_048_576 or parameters.time_cost > 20 or parameters.parallelism > 16:
        raise ValueError("would take too long at each login; at most 1 GiB of memory, 20 rounds, 16 lanes")
    return text


def _region(text: str) -> str:
    if not is_region(text):
        raise ValueError(f"is {text!r}; an ISO 3166 country code in capitals, such as DE")
    return text


def _timezone(name: str) -> str:
    if name != "UTC":  # which needs no database
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            known = "" if available_timezones() else " (this machine has no database of them: install tzdata)"
            raise ValueError(f"is {name!r}; an IANA time zone such as Europe/Berlin{known}") from None
    return name


def _reason(reason: str) -> str:
    if reason in GATEWAY_REASONS:
        raise ValueError(f"is {reason!r}, which the gateway itself says of an agent; choose another word")
    return reason


def _number(written: str, info: ValidationInfo) -> str:
    return to_e164(written, surroundings(info).region)


_DIAL = r"^PJSIP/\{number\}@[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
_PHONE = r"^PJSIP/[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
_PHONE_HELP = "PJSIP/ and the endpoint's name: letters, digits, _ . - (other technologies can transfer past callbridge)"

Id = Annotated[
    str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", description="small letters, digits, _ and -, at most 64")
]
# One letter or digit alone is not enough: the extensions h, i, s and t mean something else to Asterisk.
GroupId = Annotated[
    str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{1,63}$", description="small letters, digits, _ and -, 2 to 64 of them")
]
# PJSIP alone: it is where `allow_transfer=no` keeps a phone from transferring past the rules, chan_sip is gone since
# Asterisk 21, and IAX2 and DAHDI phones transfer by themselves. The characters leave nothing that a dial string knows:
# no second destination (&), option (,) or channel (/), and no dialplan function.
Phone = Annotated[str, Field(pattern=_PHONE, description=_PHONE_HELP)]
# The endpoint's characters as with Phone; the number that is put in has digits and a plus, nothing else.
Dial = Annotated[
    str, Field(pattern=_DIAL, description='"PJSIP/{number}@" and the name of the endpoint that leads outside')
]
Name = Annotated[str, Field(max_length=100, description="a name of at most 100 characters"), AfterValidator(_line)]
SecretRef = Annotated[Secret, BeforeValidator(_secret), Field(description="{env: NAME} or {file: path}")]
HookSecretRef = Annotated[SecretRef, AfterValidator(_hook_secret)]
LongSecretRef = Annotated[SecretRef, AfterValidator(_long_secret)]
AmiUser = Annotated[str, AfterValidator(_ami_word), Field(description="the name of a user in manager.conf")]
Host = Annotated[str, AfterValidator(urls.host), Field(description="a host name or an IP address")]
Port = Annotated[int, Field(ge=1, le=65535, description="a port, 1 to 65535")]
Address = Annotated[str, AfterValidator(_address), Field(description="an IP address")]
Origin = Annotated[
    str, Field(pattern=r"^https?://[A-Za-z0-9.:\[\]-]{1,260}$", description="an origin such as https://crm.example")
]
FilePath = Annotated[Path, BeforeValidator(_path), Field(description="a path, relative to this file's folder")]
Region = Annotated[str, AfterValidator(_region), Field(description="an ISO 3166 country code such as DE")]
Timezone = Annotated[str, AfterValidator(_timezone), Field(max_length=64, description="an IANA time zone")]
ReasonId = Annotated[Id, AfterValidator(_reason)]
RecordingUrl = Annotated[
    str, AfterValidator(urls.recording), Field(max_length=2000, description="an https URL with {file} in it")
]
CrmUrl = Annotated[str, AfterValidator(urls.crm), Field(max_length=2000, description="an https URL with placeholders")]
HookUrl = Annotated[str, AfterValidator(urls.webhook), Field(max_length=2000, description="an https URL")]
WebSocketUrl = Annotated[
    str, AfterValidator(urls.websocket), Field(max_length=2000, description="such as wss://pbx.example.com:8089/ws")
]
IceUrl = Annotated[
    str,
    AfterValidator(urls.ice),
    Field(max_length=300, description='such as "stun:stun.example" or "turns:turn.example"'),
]
SipUser = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", description="a username of pjsip.conf: letters, digits, _ . -"),
]
PasswordHash = Annotated[
    str, AfterValidator(_argon2), Field(max_length=500, description="an argon2 hash from `callbridge hash-password`")
]
TokenHash = Annotated[
    str, Field(pattern=r"^sha256:[0-9a-f]{64}$", description="the sha256: line that `callbridge new-token` prints")
]
Prefix = Annotated[
    str, Field(pattern=r"^\+[0-9]{0,15}$", description='a prefix such as "+49"; "+" alone is every number')
]
Number = Annotated[str, Field(max_length=40, description="a telephone number"), AfterValidator(_number)]
Flag = Annotated[bool, Field(description="true or false")]
Sessions = Annotated[int, Field(ge=1, le=50, description="a whole number, 1 to 50")]
Priority = Annotated[int, Field(ge=1, le=100, description="a whole number, 1 (asked first) to 100")]
RingTime = Annotated[float, Field(ge=1, le=600, description="seconds, 1 to 600")]
MinTalk = Annotated[float, Field(ge=0, le=60, description="seconds, 0 to 60")]
PauseTime = Annotated[float, Field(ge=0, le=86_400, description="seconds, 0 to 86400 (a day)")]
WaitTime = Annotated[float, Field(ge=1, le=86_400, description="seconds, 1 to 86400 (a day)")]
