"""A configuration that is right, and small tools to make it wrong."""

from collections.abc import Callable

from callbridge.config import Config, ConfigError

ENV = {"EVENTS": "listen-secret", "TOKENS": "0123456789abcdef" * 2, "PHONE": "phone-secret", "TURN": "turn-secret"}

HASH = "$argon2id$v=19$m=65536,t=3,p=4$GONNVCulY0i9WYIgyS7Dbw$PBlHffGv5r6t+Lf1m9j6ltcM2abf2ibsuUvSZV8sYuc"  # of "x"

RIGHT = f"""\
pbx:
  host: 127.0.0.1
  port: 5038
  tls: false
  events:  {{username: callbridge-events,  secret: {{env: EVENTS}}}}
  actions: {{username: callbridge-actions, secret: {{file: actions.secret}}}}
  lease: 30
  music_class: default
http:
  host: 127.0.0.1
  port: 8180
  token_secret: {{env: TOKENS}}
  token_lifetime: 900
store:
  url: sqlite:///callbridge.db
  keep_days: 90
site:
  region: DE
  timezone: Europe/Berlin
options:
  transfers:
    enabled: true
    to_agent: soft
    max_wait: 60
    supervised: false
    four_way: true
    hangup: recalls
    externals_may_stay: true
    external_timeout: 25
  offer_timeout: 15
  answer_timeout: 25
  wrap_up: 5
  reject_pause: 40
  max_sessions: 2
  record_consultations: true
  crm_frame: true
  not_ready_reasons: [long_break, {{id: lunch, name: Mittag}}]
  crm_url: "https://crm.example/contacts?phone={{caller_number}}&order={{data.order}}"
numbers:
  allow: ["+49", "+41"]
  deny: ["+4930999"]
agents:
  - id: anna
    name: Anna Schmidt
    phone: PJSIP/anna
    password_hash: {HASH}
    max_sessions: 1
    skills: {{windows: 3}}
    supervisor: true
    webphone: {{password: {{env: PHONE}}}}
  - id: ben
    name: Ben Okafor
    phone: PJSIP/ben
    skills: {{windows: 1, linux: 2}}
groups:
  - id: support
    name: Windows Support
    members: [{{agent: ben, priority: 5}}]
    skill: windows
    max_wait: 600
    crm_url: https://crm.example/support/{{call}}
  - id: sales
    name: Sales
    members: [anna, ben]
    numbers: {{allow: ["+1"], deny: ["+1900"]}}
webphone:
  url: wss://pbx.example:8089/ws
  ice_servers:
    - urls: ["stun:stun.example", "stun:[2001:db8::1]:3478"]
    - {{urls: ["turns:turn.example:5349?transport=tcp"], username: callbridge, credential: {{env: TURN}}}}
outbound: {{dial: "PJSIP/{{number}}@carrier", caller_id: "+49 30 5550100"}}
presets:
  - {{id: hotline, name: Vendor hotline, number: 030 1234567, group: support}}
services:
  - name: crm
    token_hash: "sha256:{"0" * 64}"
    scopes: [calls:read, transfers:write]
webhooks:
  - {{name: crm, url: "https://crm.example/hook", secret: {{file: hook.secret}}, events: [pop, offer.made]}}
log: {{format: json, level: info}}
"""

Load = Callable[[str], Config]
Refused = Callable[[str], ConfigError]


def line_of(text: str, part: str) -> int:
    """The line, counted from 1, in which `part` first stands."""
    return text[: text.index(part)].count("\n") + 1


def changed(old: str, new: str) -> str:
    """The right configuration with one piece replaced."""
    assert RIGHT.count(old) == 1, f"{old!r} must stand once"
    return RIGHT.replace(old, new)
