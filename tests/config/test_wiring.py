"""What the HTTP side gets of a configuration."""

from config_samples import ENV, RIGHT, Load, changed

from callbridge.domain.ids import AgentId
from callbridge.wiring import web_settings

ANNA = AgentId("anna")


def test_given_a_phone_in_the_page_when_wired_then_it_signs_in_as_its_endpoint_at_the_pbx(load: Load) -> None:
    phones = web_settings(load(RIGHT)).phones
    assert list(phones) == [ANNA], "Ben has a desk phone"
    phone = phones[ANNA]
    assert (phone.url, phone.uri, phone.username) == ("wss://pbx.example:8089/ws", "sip:anna@pbx.example", "anna")
    assert phone.password == ENV["PHONE"]
    stun, turn = phone.ice_servers
    assert (stun.urls, stun.username) == (("stun:stun.example", "stun:[2001:db8::1]:3478"), None)
    assert (turn.username, turn.credential) == ("callbridge", ENV["TURN"])


def test_given_another_user_and_domain_when_wired_then_the_address_keeps_the_endpoint(load: Load) -> None:
    text = changed("{password: {env: PHONE}}", "{username: anna-auth, password: {env: PHONE}}")
    text = text.replace("url: wss://pbx.example:8089/ws", 'url: "wss://[2001:db8::2]:8089/ws"')
    phone = web_settings(load(text)).phones[ANNA]
    assert (phone.uri, phone.username) == ("sip:anna@[2001:db8::2]", "anna-auth")
    with_domain = text.replace("  ice_servers:", "  domain: voice.example\n  ice_servers:")
    assert web_settings(load(with_domain)).phones[ANNA].uri == "sip:anna@voice.example"


def test_given_secrets_when_the_settings_are_shown_then_none_is_in_them(load: Load) -> None:
    config = load(RIGHT)
    settings = web_settings(config)
    shown = f"{config!r} {settings!r} {settings.phones[ANNA]!r}"
    for secret in ENV.values():
        assert secret not in shown
