"""A configuration that is wrong: every problem is named, with its line and what is allowed."""

from pathlib import Path

import pytest
from config_samples import ENV, HASH, RIGHT, Load, Refused, changed, line_of

from callbridge.config import ConfigError, dotted, load_config

AGENT = "phone: PJSIP/anna"
PRESET = "number: 030 1234567"
URL = "url: sqlite:///callbridge.db"
WSS = "wss://pbx.example:8089/ws"
CRM = '"https://crm.example/contacts?phone={caller_number}&order={data.order}"'

# what stands there, what is put there, the key that is named, words of the sentence
CASES = {
    "unknown key, near": ("wrap_up: 5", "wrapup: 5", "options.wrapup", 'did you mean "wrap_up"?'),
    "unknown key, far": ("wrap_up: 5", "colour: 5", "options.colour", "known are answer_timeout, crm_frame"),
    "unknown section": ("log: {format", "logging: {format", "logging", 'did you mean "log"?'),
    "missing": ("  - id: anna\n    name", "  - name", "agents[0].id", "is missing; it must be small letters"),
    "port too large": ("port: 5038", "port: 70000", "pbx.port", "is 70000; it must be a port, 1 to 65535"),
    "port as text": ("port: 5038", 'port: "5038"', "pbx.port", 'is text: "5038"'),
    "yes is no boolean": ("tls: false", "tls: yes", "pbx.tls", "it must be true or false"),
    "negative time": ("offer_timeout: 15", "offer_timeout: -1", "options.offer_timeout", "seconds, 1 to 600"),
    "zero time": ("offer_timeout: 15", "offer_timeout: 0", "options.offer_timeout", "is 0; it must be seconds"),
    "infinite time": ("offer_timeout: 15", "offer_timeout: .inf", "options.offer_timeout", 'is text: ".inf"'),
    "lease of a day": ("lease: 30", "lease: 86400", "pbx.lease", "seconds, 5 to 3600"),
    "wrong word": ("to_agent: soft", "to_agent: sft", "options.transfers.to_agent", "'soft' or 'hard'"),
    "id with capitals": ("id: ben", "id: Ben", "agents[1].id", "small letters, digits, _ and -"),
    "id with a line break": ("id: ben", 'id: "ben\\n"', "agents[1].id", "small letters, digits, _ and -"),
    "long id": ("id: ben", f"id: {'b' * 65}", "agents[1].id", "at most 64"),
    "no name": ("name: Ben Okafor", "name:", "agents[1].name", "is empty"),
    "name with a line break": ("name: Ben Okafor", 'name: "Ben\\r\\nAction: x"', "agents[1].name", "one line of text"),
    "list expected": ("members: [anna, ben]", "members: anna", "groups[1].members", "it must be a list"),
    "a number as member": ("members: [anna, ben]", "members: [7]", "groups[1].members[0]", "must be a mapping"),
    "mapping expected": ("log: {format: json, level: info}", "log: json", "log", "must be a mapping"),
    "unknown agent": ("members: [anna, ben]", "members: [ana]", "groups[1].members[0]", 'did you mean "anna"?'),
    "unknown agent, by key": ("agent: ben,", "agent: bn,", "groups[0].members[0].agent", 'no agent "bn"'),
    "unknown group": (", group: support", ", group: help", "presets[0].group", 'there is no group "help"'),
    "preset denied": (PRESET, "number: +4930999123", "presets[0].number", "numbers.deny has +4930999"),
    "preset outside": (PRESET, "number: +15552345678", "presets[0].number", "numbers.allow does not have it"),
    "preset outside its group's": (
        ", group: support", ", group: sales", "presets[0].number", "groups[1].numbers.allow does not have it"),
    "preset denied to its group": (f"{PRESET}, group: support", 'number: "+1 900 555 2368", group: sales',
        "presets[0].number", "premium-rate"),
    "hang-up": ("hangup: recalls", "hangup: ends", "options.transfers.hangup", "'completes' or 'recalls'"),
    "ring time": ("external_timeout: 25", "external_timeout: 0", "options.transfers.external_timeout", "1 to 600"),
    "no dial string": ('dial: "PJSIP/{number}@carrier", ', "", "outbound.dial", "is missing; it must be"),
    "caller id": ('"+49 30 5550100"', '"Anna <100>"', "outbound.caller_id", "is not a telephone number"),
    "group's prefix": ('allow: ["+1"]', 'allow: ["1"]', "groups[1].numbers.allow[0]", 'a prefix such as "+49"'),
    "emergency": (PRESET, 'number: "112"', "presets[0].number", "is an emergency number"),
    "emergency, full": (PRESET, "number: +49110", "presets[0].number", "is an emergency number"),
    "premium": (PRESET, "number: 0900 1234567", "presets[0].number", "is a premium-rate number"),
    "no number": (PRESET, "number: call me", "presets[0].number", "is not a telephone number"),
    "hostile number": (PRESET, 'number: "+4930&SIP/x"', "presets[0].number", "is not a telephone number"),
    "extension": (PRESET, 'number: "+49301234567;ext=5"', "presets[0].number", "is not a telephone number"),
    "short number": (PRESET, 'number: "+4930"', "presets[0].number", "length of a number"),
    "unknown region": ("region: DE", "region: Germany", "site.region", "ISO 3166"),
    "prefix without plus": ('["+49", "+41"]', '["+49", "0041"]', "numbers.allow[1]", 'a prefix such as "+49"'),
    "hash of something else": (HASH, "$2b$12$abc", "agents[0].password_hash", "callbridge hash-password"),
    "argon2i": (HASH, HASH.replace("argon2id", "argon2i"), "agents[0].password_hash", "argon2id"),
    "costly hash": (HASH, HASH.replace("m=65536", "m=9999999"), "agents[0].password_hash", "too long at each login"),
    "token hash": ('"sha256:' + "0" * 64, '"sha256:' + "0" * 63, "services[0].token_hash", "callbridge new-token"),
    "unknown scope": ("[calls:read, transfers:write]", "[calls:own]", "services[0].scopes[0]", "'calls:read'"),
    "no scope": ("[calls:read, transfers:write]", "[]", "services[0].scopes", "at least one scope"),
    "unknown event": ("[pop, offer.made]", "[pop, hangup]", "webhooks[0].events[1]", "'offer.made'"),
    "plain webhook": ("https://crm.example/hook", "http://crm.example/hook", "webhooks[0].url", "unencrypted"),
    "webhook with login": ("https://crm.example/hook", "https://a:b@crm.example/", "webhooks[0].url", "signature"),
    "webhook port": ("https://crm.example/hook", "https://crm.example:x/", "webhooks[0].url", "Port could not be cast"),
    "webhook of files": ("https://crm.example/hook", "file:///etc/passwd", "webhooks[0].url", "begins with https://"),
    "crm host chosen": (CRM, '"https://{data.host}/"', "options.crm_url", "not in the host"),
    "crm placeholder": (CRM, '"https://crm.example/{phone}"', "options.crm_url", "unknown placeholder {phone}"),
    "crm script": (CRM, '"javascript:alert(1)"', "options.crm_url", "http:// or https://"),
    "crm that climbs": (CRM, '"https://crm.example/a/../{call}"', "options.crm_url", "step of its path"),
    "frame of plain http": (
        "https://crm.example/support", "http://crm.example/support", "groups[0].crm_url", "is not encrypted"),
    "frame whose host is chosen": (
        CRM, '"https://{data.host}.crm.example/"', "options.crm_url", "whose page is put into the agents'"),
    "frame with a login": (CRM, '"https://a:b@crm.example/"', "options.crm_url", "browsers refuse in a frame"),
    "frame that adds a source": (CRM, "https://crm.example;x/", "options.crm_url", "a host name or an IP address"),
    "frame or not": ("crm_frame: true", "crm_frame: yes", "options.crm_frame", "it must be true or false"),
    "unknown time zone": ("Europe/Berlin", "Europe/Berlyn", "site.timezone", "an IANA time zone such as"),
    "time zone that is a folder": ("Europe/Berlin", "Europe", "site.timezone", "an IANA time zone such as"),
    "time zone elsewhere": ("Europe/Berlin", "../../etc/passwd", "site.timezone", "an IANA time zone such as"),
    "reason of the gateway": (
        "[long_break,", "[missed_offer,", "options.not_ready_reasons[0]", "which the gateway itself says"),
    "reason twice": (
        "[long_break,", "[lunch,", "options.not_ready_reasons[1].id", '"lunch" is already in line'),
    "reason in words": ("[long_break,", '["Long break",', "options.not_ready_reasons[0]", "or {id: ..., name"),
    "many reasons": ("[long_break,", f"[{', '.join(f'r{n}' for n in range(20))},", "options.not_ready_reasons",
        "a list of at most 20 reasons"),
    "store of another kind": (URL, "url: mysql://x/y", "store.url", "sqlite:///FILE or postgresql://"),
    "store in memory": (URL, 'url: "sqlite://"', "store.url", "sqlite:///FILE or postgresql://"),
    "store password": (URL, "url: postgresql://u:hunter2@h/d", "store.url", "under store.password"),
    "sqlite password": (URL, URL + "\n  password: {env: EVENTS}", "store.password", "leave store.password out"),
    "host with port": ("host: 127.0.0.1\n  port: 5038", "host: pbx:5038\n  port: 5038", "pbx.host", "without scheme"),
    "user with control character": ("callbridge-events", '"a\\r\\nb"', "pbx.events.username", "_ . @"),
    "one user for both": ("callbridge-actions", "callbridge-events", "pbx.actions.username", "two"),
    "music class": ("music_class: default", "music_class: a,b", "pbx.music_class", "musiconhold.conf"),
    "secret in the file": ("{env: EVENTS}", "hunter2", "pbx.events.secret", "write {env: NAME} or {file: path}"),
    "secret from nowhere": ("{env: EVENTS}", "{vault: x}", "pbx.events.secret", "write {env: NAME} or {file: path}"),
    "secret from both": ("{env: EVENTS}", "{env: A, file: b}", "pbx.events.secret", "write {env: NAME} or"),
    "secret without name": ("{env: EVENTS}", "{env: }", "pbx.events.secret", "env has no name"),
    "plain websocket": (WSS, "ws://pbx.example:8088/ws", "webphone.url", "browsers refuse ws:// from a page"),
    "websocket of http": (WSS, "https://pbx.example:8089/ws", "webphone.url", "begins with wss://"),
    "websocket without host": (WSS, "wss:///ws", "webphone.url", "begins with wss:// and a host"),
    "websocket with a login": (WSS, "wss://anna:x@pbx.example/ws", "webphone.url", "each agent's own"),
    "websocket with a fragment": (WSS, '"wss://pbx.example/ws#"', "webphone.url", "fragment"),
    "websocket that adds a source": (WSS, "wss://pbx.example;x/ws", "webphone.url", "a host name or an IP address"),
    "no websocket": (
        f"webphone:\n  url: {WSS}", "webphone:\n  domain: a.b", "webphone.url", "is missing; it must be such as"),
    "sip domain": (f"url: {WSS}", f"url: {WSS}\n  domain: a@b", "webphone.domain", "a host name or an IP address"),
    "stun address": ("stun:stun.example", "http://stun.example", "webphone.ice_servers[0].urls[0]", '"stun:stun.ex'),
    "stun port": ("stun:stun.example", "stun:stun.example:99999", "webphone.ice_servers[0].urls[0]", "is not a STUN"),
    "stun by tcp": ("stun:stun.example", "stun:a?transport=tcp", "webphone.ice_servers[0].urls[0]", "only turn:"),
    "turn without credential": (
        ", credential: {env: TURN}", "", "webphone.ice_servers[1]", "TURN server without username and credential"),
    "credential in the file": ("{env: TURN}", "hunter2", "webphone.ice_servers[1].credential", "write {env: NAME}"),
    "credential for stun": ("turns:turn.example:5349?transport=tcp", "stun:a", "webphone.ice_servers[1]", "no STUN"),
    "phone's password in the file": ("{env: PHONE}", "hunter2", "agents[0].webphone.password", "write {env: NAME}"),
    "phone without password": (
        "{password: {env: PHONE}}", "{username: anna}", "agents[0].webphone.password", "is missing"),
    "phone's user": ("{password: {env: PHONE}}", '{username: "a@b", password: {env: PHONE}}',
        "agents[0].webphone.username", "a username of pjsip.conf"),
    "secret that is not set": ("{env: EVENTS}", "{env: NOWHERE}", "pbx.events.secret", "NOWHERE is not set"),
    "secret file that is not there": ("{file: actions.secret}", "{file: gone}", "pbx.actions.secret", "/gone'"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "key", "words"), CASES.values(), ids=CASES.keys())
def test_given_one_wrong_value_when_loaded_then_line_key_and_cure_are_named(
    refused: Refused, old: str, new: str, key: str, words: str
) -> None:
    text = changed(old, new)
    error = refused(text)
    problem = next((each for each in error.problems if dotted(each.path) == key and words in str(each)), None)
    assert problem is not None, str(error)
    assert problem.line in range(line_of(RIGHT, old), line_of(RIGHT, old) + new.count("\n") + 1)
    assert str(problem).partition(": ")[0].endswith(f"/site.yaml:{problem.line}")
    assert "hunter2" not in str(refused(text))


PHONES = [
    "PJSIP/anna&PJSIP/ben", "PJSIP/anna/sip:x@y", "PJSIP/anna,30", "PJSIP/anna@x", "PJSIP/${CHANNEL}", "PJSIP/an na",
    "PJSIP/", "PJSIP/.x", "SIP/anna", "IAX2/anna", "DAHDI/1", "Local/s@default", "anna", '"PJSIP/anna\\nx"',
    "pjsip/anna",
]  # fmt: skip


@pytest.mark.parametrize("phone", PHONES)
def test_given_a_phone_that_could_inject_or_bypass_when_loaded_then_it_is_refused(refused: Refused, phone: str) -> None:
    (problem,) = refused(changed(AGENT, f"phone: {phone}")).problems
    assert problem.path == ("agents", 0, "phone")
    assert "PJSIP/ and the endpoint's name" in problem.allowed


DIALS = [
    "PJSIP/carrier/sip:{number}@host", "PJSIP/{number}@carrier&PJSIP/evil", "PJSIP/{number}@carrier,30",
    "PJSIP/{number}@", "PJSIP/{number}", "PJSIP/0{number}@carrier", "PJSIP/{number}{number}@carrier",
    "PJSIP/{number}@car rier", "PJSIP/{number}@${GLOBAL(x)}", "PJSIP/{number}@.x", "SIP/{number}@carrier",
    "Local/{number}@from-internal", "PJSIP/+4930@carrier", "PJSIP/{n}@carrier", "{number}",
    "PJSIP/{number}@carrier/x", "PJSIP/{number}@a@b", "PJSIP/{number}@carrier\\n", "pjsip/{number}@carrier",
]  # fmt: skip


@pytest.mark.parametrize("dial", DIALS)
def test_given_a_dial_string_that_could_lead_elsewhere_when_loaded_then_it_is_refused(
    refused: Refused, dial: str
) -> None:
    (problem,) = refused(changed('dial: "PJSIP/{number}@carrier"', f'dial: "{dial}"')).problems
    assert problem.path == ("outbound", "dial")
    assert "PJSIP/{number}@" in problem.allowed


def test_given_many_wrong_values_when_loaded_then_all_are_named_in_the_order_of_the_file(refused: Refused) -> None:
    text = changed("port: 5038", "port: x").replace("wrap_up: 5", "wrap: 5").replace("[anna, ben]", "[anna, cleo]")
    text = text.replace("phone: PJSIP/ben", "phone: SIP/ben")
    problems = refused(text).problems
    assert [problem.path[0] for problem in problems] == ["pbx", "options", "agents", "groups"]
    lines = [problem.line or 0 for problem in problems]
    assert lines == sorted(lines)
    assert len(str(refused(text)).splitlines()) == 4


TWICE = {
    "agent id": ("id: ben", "id: anna", "id: anna"),
    "phone": ("phone: PJSIP/ben", "phone: PJSIP/anna", "phone: PJSIP/anna"),
    "group id": ("id: sales", "id: support", "id: support"),
    "member": ("members: [anna, ben]", "members: [anna, ben, anna]", "members: [anna"),
}


@pytest.mark.parametrize(("old", "new", "first"), TWICE.values(), ids=TWICE.keys())
def test_given_the_same_twice_when_loaded_then_both_lines_are_named(
    refused: Refused, old: str, new: str, first: str
) -> None:
    text = changed(old, new)
    problem = next(found for found in refused(text).problems if "already" in found.what)
    assert f"is already in line {line_of(text, first)}" in problem.what
    assert problem.line == line_of(RIGHT, old)


def test_given_a_key_twice_when_loaded_then_both_lines_are_named(refused: Refused) -> None:
    (problem,) = refused(changed("  lease: 30", "  lease: 30\n  lease: 40")).problems
    line = line_of(RIGHT, "  lease: 30")
    assert str(problem).endswith(
        f"site.yaml:{line + 1}: pbx.lease: is given twice, first in line {line}; keep one of them"
    )


YAML = {
    "tab": ("  lease: 30", "\tlease: 30", "indent with spaces"),
    "anchor": ("wrap_up: 5", "wrap_up: &a 5", "an anchor (&)"),
    "alias": ("wrap_up: 5", "wrap_up: *a", "an alias (*)"),
    "merge key": ("  keep_days: 90", "  <<: {keep_days: 90}", "is not a known key"),
    "tag": ("wrap_up: 5", "wrap_up: !!python/object/apply:os.getpid []", "a tag (!)"),
    "second document": ("site:", "---\nsite:", "a second document begins"),
    "open bracket": ("[anna, ben]", "[anna, ben", "is not YAML"),
    "deep": ("[anna, ben]", "[" * 40 + "]" * 40, "nested too deeply"),
    "list as key": ("wrap_up: 5", "? [a]\n  : 5", "a key must be a word"),
    "control character": ("Ben Okafor", "Ben\x01Okafor", "control character U+0001"),
}


@pytest.mark.parametrize(("old", "new", "words"), YAML.values(), ids=YAML.keys())
def test_given_yaml_that_nobody_needs_when_loaded_then_it_is_refused_with_a_line_near(
    refused: Refused, old: str, new: str, words: str
) -> None:
    (problem, *_) = refused(changed(old, new)).problems
    assert words in str(problem)
    assert problem.line is not None
    assert line_of(RIGHT, old) <= problem.line <= line_of(RIGHT, old) + 1


def test_given_a_list_of_aliases_that_would_explode_when_loaded_then_it_is_refused_at_once(refused: Refused) -> None:
    bomb = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    assert "an anchor (&)" in str(refused(bomb))


def test_given_a_huge_file_when_loaded_then_it_is_refused_unread(refused: Refused) -> None:
    assert "a configuration has at most 1048576" in str(refused(RIGHT + "#" * 2_000_000))


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n", "just text\n"])
def test_given_no_mapping_when_loaded_then_it_says_how_one_begins(refused: Refused, text: str) -> None:
    assert "it begins with keys such as pbx: and http:" in str(refused(text))


def test_given_no_file_when_loaded_then_its_name_is_said(tmp_path: Path) -> None:
    for path, words in ((tmp_path / "gone.yaml", "no such file"), (tmp_path, "is a folder"), (Path("\0"), "\0")):
        with pytest.raises(ConfigError, match=words):
            load_config(path, env=ENV)


def test_given_bytes_that_are_no_text_when_loaded_then_the_line_is_named(folder: Path) -> None:
    (folder / "site.yaml").write_bytes(b"pbx:\n  host: \xff\n")
    with pytest.raises(ConfigError, match=r"site\.yaml:2: is not UTF-8 text"):
        load_config(folder / "site.yaml", env=ENV)


def test_given_a_webhook_on_this_machine_when_loaded_then_plain_http_is_allowed(load: Load) -> None:
    for url in ("http://127.0.0.1:9000/hook", "http://[::1]:9000/hook", "http://localhost/hook"):
        assert load(changed("https://crm.example/hook", url)).webhooks[0].url == url


def test_given_a_phone_in_the_page_but_no_way_to_the_pbx_when_loaded_then_the_agents_line_is_named(
    refused: Refused,
) -> None:
    begin, end = RIGHT.index("webphone:\n  url"), RIGHT.index("outbound:")
    for text in (RIGHT[:begin] + RIGHT[end:], RIGHT[:begin] + "webphone:\n" + RIGHT[end:]):
        (problem,) = refused(text).problems
        assert dotted(problem.path) == "agents[0].webphone"
        assert problem.line == line_of(RIGHT, "webphone: {password")
        assert "no webphone.url at the top" in problem.what


@pytest.mark.parametrize(
    "url", ["ws://127.0.0.1:8088/ws", "ws://[::1]:8088/ws", "ws://localhost/ws", "wss://10.0.0.7/"]
)
def test_given_a_websocket_on_this_machine_or_with_tls_when_loaded_then_it_is_taken(load: Load, url: str) -> None:
    found = load(changed(WSS, f'"{url}"')).webphone
    assert found is not None
    assert found.url == url


def test_given_a_frame_but_no_crm_when_loaded_then_it_says_so(refused: Refused) -> None:
    text = "\n".join(line for line in RIGHT.splitlines() if "crm_url" not in line)
    (problem,) = refused(text).problems
    assert dotted(problem.path) == "options.crm_frame"
    assert problem.line == line_of(text, "crm_frame")
