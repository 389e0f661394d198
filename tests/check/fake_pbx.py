"""A PBX on paper: answers what the checks ask as Asterisk 22 was seen to answer."""

from collections.abc import Mapping, Sequence

from callbridge.ami.errors import ActionRefused
from callbridge.ami.framing import Message
from callbridge.check.logins import NEEDED, NEEDED_HERE
from callbridge.check.shipped import contexts, modules

Headers = Mapping[str, str | Sequence[str]]


class FakePbx:
    """Everything is right until a test changes it."""

    def __init__(self) -> None:
        self.version = "22.10.1"
        self.variables: dict[str, str] = {
            "EPOCH": "1000",
            "DIALPLAN_EXISTS(callbridge-site-fallback,s,1)": "1",
            "IFMODULE(func_module.so)": "1",
            "IFMODULE(app_chanspy.so)": "1",
        }
        for module in modules():
            self.variables[f"IFMODULE({module})"] = "1"
        self.dialplan: list[Message] = [
            {"Context": context, "Extension": "s", "Application": application, "AppData": ""}
            for context, applications in contexts().items()
            for application in applications
        ]
        self.enters("support")
        self.permitted = dict.fromkeys((*NEEDED, *NEEDED_HERE), "call,all") | {"Ping": "<none>"}
        self.channels: list[Message] = []
        self.asked: list[str] = []
        self.phone("anna")

    def enters(self, group: str) -> None:
        data = f"callbridge,{group},1"
        row: Message = {"Context": "from-trunk", "Extension": "4930123", "Application": "Goto", "AppData": data}
        self.dialplan.append(row)

    def phone(self, name: str, *, state: str = "NOT_INUSE", transfer: str = "false", redirect: str = "user") -> None:
        self.variables[f"DEVICE_STATE(PJSIP/{name})"] = state
        self.variables[f"PJSIP_ENDPOINT({name},context)"] = "callbridge-agents"
        self.variables[f"PJSIP_ENDPOINT({name},allow_transfer)"] = transfer
        self.variables[f"PJSIP_ENDPOINT({name},redirect_method)"] = redirect
        self.endpoint(name, direct_media="false", rtp_timeout="30", rtp_timeout_hold="300", aors=name)
        self.registered(name, "192.0.2.7:5060")

    def phone_in_a_page(self, name: str, **changes: str) -> None:
        """As pjsip-callbridge.conf.example has it, except for the changes."""
        self.phone(name)
        right = {"rtp_timeout": "15", "rtp_timeout_hold": "15", "webrtc": "yes", "media_encryption": "dtls"}
        self.endpoint(name, **right | {"send_connected_line": "no", "allow": "(opus|ulaw)"} | changes)
        self.variables["IFMODULE(codec_opus_open_source.so)"] = "1"

    def endpoint(self, name: str, **settings: str) -> None:
        self.variables |= {f"PJSIP_ENDPOINT({name},{field})": value for field, value in settings.items()}

    def registered(self, name: str, *contacts: str) -> None:
        dialled = "&".join(f"PJSIP/{name}/sip:{name}@{contact}" for contact in contacts)
        self.variables[f"PJSIP_DIAL_CONTACTS({name})"] = dialled

    async def action(self, name: str, headers: Headers | None = None) -> Message:
        self.asked.append(name)
        if name == "ListCommands":
            listed = {action: f"Does something.  (Priv: {classes})" for action, classes in self.permitted.items()}
            return {"Response": "Success", **listed}
        if name not in self.permitted:
            raise ActionRefused(name, "Permission denied")
        if name == "CoreSettings":
            return {"Response": "Success", "AsteriskVersion": self.version}
        assert name == "Getvar"
        asked = str((headers or {})["Variable"])
        return {"Response": "Success", "Variable": asked, "Value": self.variables.get(asked, "")}

    async def list_action(self, name: str, headers: Headers | None = None) -> list[Message]:
        self.asked.append(name)
        if name == "ShowDialPlan" and name in self.permitted:
            return self.dialplan
        if name in ("CoreShowChannels", "DeviceStateList"):
            return self.channels if name == "CoreShowChannels" else []
        raise ActionRefused(name, "Permission denied")
