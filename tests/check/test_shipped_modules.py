"""The shipped list of modules has all that the shipped dialplan uses: what is missing would end callers' calls."""

import re

import pytest

from callbridge.check.shipped import modules as starred
from callbridge.demo.module_lists import LAB_PBX_MODULES
from callbridge.demo.pbx import modules, shipped_files

CORE = ""
"""Built into Asterisk itself: no module can be missing."""

APPLICATIONS = {
    **dict.fromkeys(
        ("Answer", "Background", "Bridge", "Congestion", "Goto", "GotoIf", "Hangup", "MSet", "Ringing", "Set", "Wait"),
        CORE,
    ),
    "BridgeAdd": "app_bridgeaddchan",
    "BridgeWait": "app_bridgewait",
    "ChanSpy": "app_chanspy",
    "Dial": "app_dial",
    "ExecIf": "app_exec",
    "Gosub": "app_stack",
    "MixMonitor": "app_mixmonitor",
    "MusicOnHold": "res_musiconhold",
    "Playtones": "app_playtones",
    "Return": "app_stack",
    "StopMixMonitor": "app_mixmonitor",
    "StopPlaytones": "app_playtones",
    "TryExec": "app_exec",
    "UserEvent": "app_userevent",
}
FUNCTIONS = {
    "CALLERID": "func_callerid",
    "CHANNEL": "func_channel",
    "CONNECTEDLINE": "func_callerid",
    "DIALPLAN_EXISTS": "func_dialplan",
    "FILTER": "func_strings",
    "GLOBAL": "func_global",
    "GLOBAL_DELETE": "func_global",
    "IF": "func_logic",
    "IFMODULE": "func_module",
    "IMPORT": "func_logic",
    "LEN": "func_strings",
    "PJSIP_ENDPOINT": "func_pjsip_endpoint",
    "REGEX": "func_strings",
    "TIMEOUT": "func_timeout",
    "TOLOWER": "func_strings",
    "VOLUME": "func_volume",
}
SPARED = {"app_chanspy", "app_dial", "app_mixmonitor", "app_playtones"}
"""Applications that no caller needs: Dial is between agents, the others are asked for with IFMODULE."""


def steps() -> list[str]:
    """Every step of the dialplan, `Application(arguments)`."""
    text = (shipped_files() / "extensions-callbridge.conf").read_text()
    found = re.findall(r"^\s*(?:exten\s*=>\s*[^,]+,[^,]+|same\s*=>\s*[^,]+),(\w+\(.*)$", text, re.MULTILINE)
    assert len(found) == len(re.findall(r"^\s*(?:exten|same)\s*=>", text, re.MULTILINE))
    return found


def applications() -> set[str]:
    run = {step.partition("(")[0] for step in steps()}
    inner = {
        name
        for step in steps()
        if step.startswith(("ExecIf(", "TryExec("))
        for name in re.findall(r"(?:[?:]|TryExec\()(\w+)\(", step)
    }
    return run | inner


def functions() -> set[str]:
    text = "\n".join(steps())
    return {*re.findall(r"\$\{([A-Z_]+)\(", text), *re.findall(r"\bSet\(([A-Z_]+)\(", text)}


def test_given_the_dialplan_when_read_then_what_it_uses_is_found() -> None:
    assert {"ExecIf", "MixMonitor", "BridgeWait", "Return"} <= applications()
    assert {"CALLERID", "TIMEOUT", "IFMODULE", "GLOBAL", "IF"} <= functions()


@pytest.mark.parametrize("name", sorted(applications()))
def test_given_an_application_of_the_dialplan_then_its_module_is_in_the_shipped_list(name: str) -> None:
    assert name in APPLICATIONS, f"which module has the application {name}?"
    module = APPLICATIONS[name]
    assert module == CORE or module in shipped()
    if module != CORE and module not in SPARED:
        assert f"{module}.so" in starred(), f"{module}.so needs a star: without {name} the call ends"


@pytest.mark.parametrize("name", sorted(functions()))
def test_given_a_function_of_the_dialplan_then_its_module_is_in_the_shipped_list(name: str) -> None:
    assert name in FUNCTIONS, f"which module has the function {name}?"
    assert FUNCTIONS[name] in shipped()


def shipped() -> set[str]:
    text = (shipped_files() / "modules-callbridge.txt").read_text()
    return set(re.findall(r"^(\w+)\.so", text, re.MULTILINE))


def test_given_the_lab_then_it_loads_the_shipped_list_and_never_hides_what_is_missing_in_it() -> None:
    assert set(modules()) == shipped() | set(LAB_PBX_MODULES)
    assert len(modules()) == len(set(modules()))
    assert not set(LAB_PBX_MODULES) & (shipped() | {*APPLICATIONS.values(), *FUNCTIONS.values()})
