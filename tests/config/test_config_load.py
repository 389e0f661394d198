"""A configuration that is right: what it becomes."""

from pathlib import Path

import pytest
from config_samples import ENV, RIGHT, Load, changed

from callbridge.config import load_config
from callbridge.domain.model.ids import AgentId, GroupId, PresetId
from callbridge.domain.model.settings import AgentTransferRule, Member, NumberRules

ANNA, BEN = AgentId("anna"), AgentId("ben")


def test_given_every_key_when_loaded_then_the_engine_has_the_same_options(load: Load) -> None:
    options = load(RIGHT).to_settings().options
    assert options.transfers_enabled
    assert options.agent_transfer is AgentTransferRule.SOFT
    assert (options.offer_timeout, options.answer_timeout) == (15, 25)
    assert (options.wrap_up, options.reject_pause, options.transfer_max_wait) == (5, 40, 60)
    assert options.crm_url == "https://crm.example/contacts?phone={caller_number}&order={data.order}"


def test_given_supervised_transfers_when_loaded_then_the_engine_has_what_the_administrator_decided(load: Load) -> None:
    options = load(RIGHT).to_settings().options
    assert (options.supervised_enabled, options.four_way, options.hangup_completes) == (False, True, False)
    assert (options.externals_may_stay, options.external_timeout, options.record_consultations) == (True, 25, True)
    assert options.outbound_dial == "PJSIP/{number}@carrier"
    assert options.outbound_caller_id == "+49305550100"


def test_given_rules_for_numbers_when_loaded_then_the_sites_and_a_groups_own(load: Load) -> None:
    settings = load(RIGHT).to_settings()
    assert settings.numbers == NumberRules(allow=("+49", "+41"), deny=("+4930999",))
    assert settings.groups[GroupId("sales")].numbers == NumberRules(allow=("+1",), deny=("+1900",))
    assert settings.groups[GroupId("support")].numbers is None


def test_given_no_outbound_section_when_loaded_then_nothing_is_called_outside(load: Load) -> None:
    text = "\n".join(line for line in RIGHT.splitlines() if not line.startswith("outbound:"))
    assert load(text).to_settings().options.outbound_dial is None
    assert load(text + "\noutbound:\n").to_settings().options.outbound_dial is None


def test_given_a_group_with_rules_when_a_preset_is_its_own_then_these_count(load: Load) -> None:
    text = changed("number: 030 1234567, group: support", "number: +12125552368, group: sales")
    assert load(text).to_settings().presets[PresetId("hotline")].number == "+12125552368"


def test_given_an_agent_without_max_sessions_when_loaded_then_the_options_one_counts(load: Load) -> None:
    agents = load(RIGHT).to_settings().agents
    assert (agents[ANNA].max_sessions, agents[BEN].max_sessions) == (1, 2)
    assert agents[ANNA].phone == "PJSIP/anna"


def test_given_members_and_a_skill_when_loaded_then_the_named_priority_wins_and_the_skilled_join(load: Load) -> None:
    group = load(RIGHT).to_settings().groups[GroupId("support")]
    assert group.members == (Member(agent=BEN, priority=5), Member(agent=ANNA, priority=3))
    assert group.max_wait == 600


def test_given_a_national_preset_when_loaded_then_its_number_is_e164(load: Load) -> None:
    preset = load(RIGHT).to_settings().presets[PresetId("hotline")]
    assert preset.number == "+49301234567"
    assert preset.group == "support"


def test_given_only_what_must_be_there_when_loaded_then_the_rest_has_defaults(load: Load, folder: Path) -> None:
    text = """
pbx:
  events:  {username: a, secret: {env: EVENTS}}
  actions: {username: b, secret: {file: actions.secret}}
http:
  token_secret: {env: TOKENS}
presets:
"""
    config = load(text)
    assert (config.pbx.host, config.pbx.port, config.pbx.lease) == ("127.0.0.1", 5038, 30)
    assert config.store.url == f"sqlite:///{folder}/callbridge.db"
    assert config.presets == []
    assert config.numbers.refusal("+49301234567") == "numbers.allow is empty"


def test_given_a_relative_file_when_loaded_from_elsewhere_then_it_starts_at_the_configuration(load: Load) -> None:
    assert load(RIGHT).pbx.actions.secret.value == "actions.secret value"


def test_given_a_relative_path_to_the_configuration_when_loaded_then_paths_are_absolute(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "site.yaml").write_text(RIGHT)
    monkeypatch.chdir(folder)
    assert load_config(Path("site.yaml"), env=ENV).store.url == f"sqlite:///{folder}/callbridge.db"


def test_given_norway_when_loaded_then_it_is_a_region_and_not_false(load: Load) -> None:
    text = changed("region: DE", "region: NO").replace("030 1234567", '"+49301234567"')
    assert load(text).site.region == "NO"


def test_given_prefixes_without_quotes_when_loaded_then_they_keep_their_plus(load: Load) -> None:
    assert load(changed('["+49", "+41"]', "[+49, +41]")).numbers.allow == ["+49", "+41"]


def test_given_a_postgresql_store_when_asked_for_its_engine_url_then_the_password_is_escaped(
    load: Load, folder: Path
) -> None:
    (folder / "db.secret").write_text("p@ss/w:rd")
    (folder / "db.secret").chmod(0o600)
    config = load(
        changed("sqlite:///callbridge.db", "postgresql://gate@db.example:5433/calls\n  password: {file: db.secret}")
    )
    assert config.store.url == "postgresql://gate@db.example:5433/calls"
    assert config.store.engine_url() == "postgresql+psycopg://gate:p%40ss%2Fw%3Ard@db.example:5433/calls"


def test_given_allowed_and_denied_prefixes_when_a_number_is_asked_for_then_deny_wins(load: Load) -> None:
    numbers = load(RIGHT).numbers
    assert numbers.refusal("+4930123456") is None
    assert numbers.refusal("+4930999123") == "numbers.deny has +4930999"
    assert numbers.refusal("+15551234567") == "numbers.allow has only +49, +41"


def test_given_secrets_when_the_configuration_is_shown_then_no_value_is_in_it(load: Load) -> None:
    shown = repr(load(RIGHT))
    assert "listen-secret" not in shown
    assert "actions.secret value" not in shown
    assert "environment variable EVENTS" in shown


def test_given_every_secret_when_listed_then_each_has_its_place(load: Load) -> None:
    assert [path for path, _ in load(RIGHT).secrets()] == [
        ("pbx", "events", "secret"),
        ("pbx", "actions", "secret"),
        ("http", "token_secret"),
        ("webphone", "ice_servers", 1, "credential"),
        ("agents", 0, "webphone", "password"),
        ("webhooks", 0, "secret"),
    ]
