"""Every metric is explained, in the language of the page and with its names in the others."""

import pytest


def test_every_metric_stands_there_with_an_anchor(web):
    html = web.browser("viewer").get("/definitions").get_data(as_text=True)
    for metric in web.services.catalogue:
        assert f'id="{metric.code}"' in html


@pytest.mark.parametrize(
    ("language", "own", "other"),
    [
        ("vi", "Nhiệt độ trong buồng", "en: Temperature"),
        ("en", "Temperature inside", "vi: Nhiệt độ"),
        ("fr", "Température dans", "en: Temperature"),
    ],
)
def test_it_speaks_the_language_of_the_page_and_names_the_others(web, language, own, other):
    html = web.browser("viewer").get(f"/definitions?lang={language}").get_data(as_text=True)
    assert own in html
    assert other in html


def test_states_and_limits_are_listed(web):
    html = web.browser("viewer").get("/definitions?lang=en").get_data(as_text=True)
    assert "0 online, 1 on battery, 2 low battery" in html
    assert "5 h" in html
