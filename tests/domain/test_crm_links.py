"""CRM links: whatever a caller brings along, the link stays where its template says."""

import posixpath
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbridge.domain.lifecycle.screen_pop import check_crm_template, render_crm_url

CONTACTS = "https://crm.example/contacts/{data.id}/edit?order={data.id}#/tab/{data.id}"


def test_given_usual_values_when_rendered_then_each_is_encoded_for_its_place() -> None:
    link = render_crm_url(CONTACTS, {"data.id": "A/7 & Söhne?.x"})
    encoded = "A%2F7%20%26%20S%C3%B6hne%3F.x"
    assert link == f"https://crm.example/contacts/{encoded}/edit?order={encoded}#/tab/{encoded}"


@pytest.mark.parametrize(
    "hostile",
    [
        "..", ".", "%2e%2e", "%2E.", "../../admin", "..\\..\\admin", "..%2f..%2fadmin", "..%5cadmin", "x/../../admin",
        "%252e%252e", "x/..", "..;x", "..;/admin", "./x", "x%2f%2e%2e%2fy",
    ],
)  # fmt: skip
def test_given_steps_upwards_in_a_callers_data_when_rendered_then_there_is_no_link(hostile: str) -> None:
    assert render_crm_url("https://crm.example/contacts/{data.id}/edit", {"data.id": hostile}) is None
    assert render_crm_url("https://crm.example/#/contacts/{data.id}", {"data.id": hostile}) is None
    in_query = render_crm_url("https://crm.example/contacts?id={data.id}", {"data.id": hostile})
    assert in_query is not None
    assert in_query.startswith("https://crm.example/contacts?id=")


def test_given_two_halves_of_a_step_upwards_when_rendered_then_there_is_no_link() -> None:
    fields = {"data.a": ".", "data.b": "."}
    assert render_crm_url("https://crm.example/x/{data.a}{data.b}/y", fields) is None
    assert render_crm_url("https://crm.example/x/.{data.a}/y", fields) is None
    assert render_crm_url("https://crm.example/x/v{data.a}{data.b}2/y", fields) is not None


@given(st.text(alphabet=st.sampled_from("./\\%2eE5cCfF;?#a\t\n \ud800"), max_size=12), st.integers(0, 2))
def test_given_anything_in_the_path_when_a_server_decodes_and_resolves_it_then_it_stays_below_its_template(
    value: str, decodings: int
) -> None:
    link = render_crm_url("https://crm.example/contacts/{data.id}/edit", {"data.id": value})
    if link is None:
        return
    parts = urlsplit(link)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("https", "crm.example", "", "")
    path = parts.path
    for _ in range(decodings):
        path = unquote(path)
    assert posixpath.normpath(path.replace("\\", "/")).startswith("/contacts")
    assert posixpath.normpath(path.replace("\\", "/")).endswith("/edit")


@pytest.mark.parametrize(
    "template", ["https://crm.example/a/../{call}", "https://crm.example/./{call}", "https://a/#/../x"]
)
def test_given_a_template_with_such_steps_of_its_own_when_checked_then_it_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match="step of its path"):
        check_crm_template(template)
