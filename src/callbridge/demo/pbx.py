"""The lab's PBX: callbridge's own dialplan and AMI users, set up as ops do it on theirs."""

import fcntl
import re
import secrets
import socket
import struct
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from callbridge.check.phones import OPUS_CODECS
from callbridge.demo.instance import (
    AMI_PORT,
    HTTP_PORT,
    SIP_PORT,
    AmiUser,
    AsteriskInstance,
    InstanceFiles,
    manager_conf,
)
from callbridge.demo.module_lists import LAB_PBX_MODULES
from callbridge.demo.provision import AsteriskProgram
from callbridge.demo.tones import FALLBACK_TONE, HOLD_TONE, write_tone

TRUNK = "carrier"
"""The trunk's endpoint: outside numbers are dialled as `PJSIP/<number>@carrier`."""
ECHO_NUMBER = "5559999"
"""Dialled from outside, it sends each caller's own voice back: the control that shows that a test can hear."""
SILENCE_NUMBER = "5559998"
"""Dialled from outside, it answers and says nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """An agent's phone as the PBX knows it."""

    name: str
    password: str
    web: bool = False
    """A phone in a web page, which registers by WebSocket; the phone bank does not play it."""
    foreign: bool = False
    """A desk phone that somebody else plays than the phone bank."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InsidePhone:
    """A phone of the PBX that is no agent's, known by its address: it may transfer, and dials by `from-inside`."""

    name: str
    address: str

    @property
    def number(self) -> str:
        """What it shows as its own."""
        return f"+493099900{self.address.rpartition('.')[2]}"


def shipped_files() -> Traversable:
    """The folder of Asterisk configuration that callbridge ships: in the installed package, else in the checkout."""
    packaged = resources.files("callbridge") / "asterisk"
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[3] / "asterisk"


class Pbx(AsteriskInstance):
    """An Asterisk with agents' endpoints, a trunk, and callbridge's files in its dialplan and manager.conf."""

    def __init__(
        self,
        program: AsteriskProgram,
        folder: Path,
        *,
        address: str,
        carrier_address: str,
        endpoints: Sequence[Endpoint],
        inside: Sequence[InsidePhone] = (),
        dids: Mapping[str, str],
        dialplan: str = "",
        indications: str = "",
        verbose: int = 0,
    ) -> None:
        """`dids` maps a dialled number to a group's id; `dialplan` is appended to extensions.conf as it is.

        `indications` is the whole indications.conf, where it is not the usual one.
        """
        self.events_user = AmiUser(name="callbridge-events", secret=secrets.token_hex(16))
        self.actions_user = AmiUser(name="callbridge-actions", secret=secrets.token_hex(16))
        lab_user = AmiUser(name="lab", secret=secrets.token_hex(16))
        shipped_manager = self._manager()
        configs = {
            "extensions.conf": _extensions(dids) + dialplan,
            "extensions-callbridge.conf": (shipped_files() / "extensions-callbridge.conf").read_text(),
            "manager.conf": _manager_general(address, lab_user, shipped_manager),
            "manager-callbridge.conf": shipped_manager,
            "pjsip.conf": _pjsip(address, carrier_address, endpoints, inside, _agent_templates(program.modules)),
            "musiconhold.conf": "[default]\nmode=files\ndirectory={dir}/sounds/moh\n",
            "http.conf": f"[general]\nenabled=yes\nbindaddr={address}\nbindport={HTTP_PORT}\n",
            "confbridge.conf": "[general]\n",
            "queues.conf": "[general]\n",
            "rtp.conf": _rtp(address),
        }
        if indications:
            configs["indications.conf"] = indications
        files = InstanceFiles(
            name="pbx", address=address, modules=modules(), configs=configs, verbose=verbose, lab_user=lab_user
        )
        super().__init__(program, folder, files)
        write_tone(self.folder / "sounds/moh/hold.ulaw", HOLD_TONE)
        write_tone(self.folder / "sounds/fallback.ulaw", FALLBACK_TONE)

    @property
    def ami_port(self) -> int:
        return AMI_PORT

    @property
    def web_phone_url(self) -> str:
        """Where a phone in a web page connects; browsers trust plain `ws` to a loopback address."""
        return f"ws://{self.address}:{HTTP_PORT}/ws"

    @property
    def recordings(self) -> Path:
        return self.folder / "recordings"

    def _manager(self) -> str:
        shipped = (shipped_files() / "manager-callbridge.conf").read_text()
        shipped = shipped.replace("CHANGE-ME-EVENTS", self.events_user.secret)
        return shipped.replace("CHANGE-ME-ACTIONS", self.actions_user.secret)


def _manager_general(address: str, lab_user: AmiUser, shipped: str) -> str:
    # What ops merge into [general] by hand stands in the shipped file's comments; taken from there it cannot differ.
    merged = re.search(r"^;\s*(channelvars\s*=.*)$", shipped, re.MULTILINE)
    general, rest = manager_conf(address, [lab_user]).split("\n", 1)
    return "\n".join([general, merged[1] if merged else "", rest, '#include "manager-callbridge.conf"\n'])


def _extensions(dids: Mapping[str, str]) -> str:
    lines = ["[general]", "static=yes", "[globals]", '#include "extensions-callbridge.conf"', "[from-carrier]"]
    for number, group in dids.items():
        lines += [f"exten => {number},1,Gosub(callbridge-clean,s,1)", " same => n,Set(CALLBRIDGE_CALLED=${EXTEN})"]
        lines += [f" same => n,Goto(callbridge,{group},1)"]
    lines += [f"exten => {ECHO_NUMBER},1,Answer()", " same => n,Echo()"]
    lines += [f"exten => {SILENCE_NUMBER},1,Answer()", " same => n,Wait(3600)"]
    lines += [
        "[callbridge-site-fallback]",
        "exten => s,1,Answer()",
        " same => n(again),Playback({dir}/sounds/fallback)",
    ]
    return "\n".join([*lines, " same => n,Goto(again)"]) + "\n"


def _pjsip(
    address: str, carrier_address: str, endpoints: Sequence[Endpoint], inside: Sequence[InsidePhone], templates: str
) -> str:
    return f"""\
[global]
type=global
; The carrier is known by its address, phones by their name.
endpoint_identifier_order=ip,username
[transport-udp]
type=transport
protocol=udp
bind={address}:{SIP_PORT}
[transport-ws]
type=transport
protocol=ws
bind={address}

{templates}
[lab](!)
; Without it Asterisk would look up the host's name, which can take seconds.
media_address={address}
bind_rtp_to_media_address=yes
[login](!)
type=auth
auth_type=userpass
[place](!)
type=aor
max_contacts=1
remove_existing=yes
{"".join(_agent(endpoint) for endpoint in endpoints)}{"".join(_inside(phone) for phone in inside)}
[{TRUNK}](lab)
type=endpoint
context=from-carrier
message_context=callbridge-refused
transport=transport-udp
disallow=all
allow=ulaw
aors={TRUNK}
direct_media=no
allow_transfer=no
set_var=FORWARD_CONTEXT=callbridge-refused
trust_id_inbound=yes
trust_id_outbound=yes
send_pai=yes
[{TRUNK}]
type=aor
contact=sip:{carrier_address}:{SIP_PORT}
[{TRUNK}]
type=identify
endpoint={TRUNK}
match={carrier_address}
"""


def _agent_templates(installed: Set[str]) -> str:
    """What callbridge tells ops to give every agent's endpoint, so that the lab tries exactly that."""
    shipped = (shipped_files() / "pjsip-callbridge.conf.example").read_text()
    sections = re.split(r"^(?=\[)", shipped, flags=re.MULTILINE)
    templates = "".join(section for section in sections if re.match(r"\[callbridge-\w+\]\(!", section))
    # As the comment there says: Asterisk's own source has no codec for it.
    return templates if set(OPUS_CODECS) & installed else templates.replace("opus,ulaw", "ulaw")


def _agent(endpoint: Endpoint) -> str:
    name = endpoint.name
    return f"""
[{name}](callbridge-{"web" if endpoint.web else "desk"},lab)
auth={name}
aors={name}
[{name}](login)
username={name}
password={endpoint.password}
[{name}](place)
"""


def _inside(phone: InsidePhone) -> str:
    name = phone.name
    return f"""
[{name}](lab)
type=endpoint
context=from-inside
transport=transport-udp
disallow=all
allow=ulaw
aors={name}
callerid={name.title()} <{phone.number}>
direct_media=no
; Many sites let their own phones say who has them.
trust_id_inbound=yes
[{name}]
type=aor
contact=sip:{name}@{phone.address}:{SIP_PORT}
[{name}]
type=identify
endpoint={name}
match={phone.address}
"""


def modules() -> tuple[str, ...]:
    """What ops are told to load, and what only the lab needs: so a module that the shipped list lacks is missed."""
    shipped = (shipped_files() / "modules-callbridge.txt").read_text()
    return (*re.findall(r"^(\w+)\.so", shipped, re.MULTILINE), *LAB_PBX_MODULES)


def _rtp(address: str) -> str:
    lines = ["[general]", "rtpstart=20000", "rtpend=24999", "icesupport=yes", "[ice_host_candidates]"]
    # Asterisk never offers a loopback address to a web page's phone by itself; it does in place of these.
    return "\n".join([*lines, *(f"{own} => {address}" for own in _own_addresses())]) + "\n"


def _own_addresses() -> Iterator[str]:
    """The IPv4 address of each network interface except loopback; see SIOCGIFADDR in netdevice(7)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        for _, name in socket.if_nameindex():
            try:
                answer = fcntl.ioctl(asked, 0x8915, struct.pack("256s", name.encode()[:15]))
            except OSError:
                continue
            if not (found := socket.inet_ntoa(answer[20:24])).startswith("127."):
                yield found
