"""The page's types are those of the API."""

from page_types import MARK, digest


def test_given_the_api_as_it_is_when_compared_then_the_page_has_its_types() -> None:
    assert MARK.read_text().strip() == digest(), "the API has changed: run `make page-types` and commit the result"
