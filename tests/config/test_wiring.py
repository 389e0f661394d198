"""What the HTTP side gets of a configuration."""

from config_samples import ENV, RIGHT, Load, changed

from callbridge.domain.model.ids import AgentId
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


def test_given_the_crm_in_a_frame_when_asked_for_origins_then_the_sites_and_the_groups_each_once(load: Load) -> None:
    assert load(RIGHT).frame_origins() == ("https://crm.example",)
    text = RIGHT.replace("https://crm.example/support", "http://127.0.0.1:8000/support")
    assert load(text).frame_origins() == ("http://127.0.0.1:8000", "https://crm.example")
    text = RIGHT.replace("https://crm.example/support", '"https://[2001:db8::3]:8443/{call}" #')
    assert load(text).frame_origins() == ("https://[2001:db8::3]:8443", "https://crm.example")
    assert load(changed("crm_frame: true", "crm_frame: false")).frame_origins() == ()


def test_given_no_frame_when_a_crm_link_is_plain_http_then_it_is_still_a_link(load: Load) -> None:
    text = RIGHT.replace("crm_frame: true", "crm_frame: false").replace("https://crm.example/", "http://crm.example/")
    assert load(text.replace("http://crm.example/hook", "https://crm.example/hook")).options.crm_url is not None


def test_given_reasons_with_and_without_names_when_wired_then_each_has_one(load: Load) -> None:
    settings = web_settings(load(RIGHT))
    assert [(reason.id, reason.name) for reason in settings.not_ready_reasons] == [
        ("long_break", "Long break"),
        ("lunch", "Mittag"),
    ]
    assert (settings.timezone, settings.region, settings.crm_frame) == ("Europe/Berlin", "DE", True)


def test_given_no_reasons_said_when_wired_then_there_are_some_and_none_where_none_are_wanted(load: Load) -> None:
    line = "  not_ready_reasons: [long_break, {id: lunch, name: Mittag}]\n"
    usual = web_settings(load(changed(line, ""))).not_ready_reasons
    assert ("lunch", "Lunch") in [(reason.id, reason.name) for reason in usual]
    assert web_settings(load(changed(line, "  not_ready_reasons: []\n"))).not_ready_reasons == ()
