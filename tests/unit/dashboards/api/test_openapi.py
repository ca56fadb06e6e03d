"""openapi.json describes what there is, all of it and nothing else."""

import re

import pytest


@pytest.fixture
def described(web):
    return web.as_("screen").get("/api/v1/openapi.json").json


def test_every_route_of_the_api_is_described_and_nothing_else(web, described):
    there = set()
    for rule in web.app.url_map.iter_rules():
        if rule.rule.startswith("/api/") or rule.rule in ("/healthz", "/metrics"):
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
            there |= {(path, method.lower()) for method in rule.methods - {"HEAD", "OPTIONS"}}
    told = {(path, method) for path, methods in described["paths"].items() for method in methods}
    assert told == there


def test_every_reference_leads_somewhere(described):
    names = set(re.findall(r"#/components/schemas/(\w+)", str(described)))
    assert names
    assert names <= set(described["components"]["schemas"])


def test_every_parameter_is_described_and_taken(web, described):
    for path, methods in described["paths"].items():
        for parameter in methods.get("get", {}).get("parameters", []):
            if parameter["in"] == "query" and parameter["name"] != "view":
                assert parameter["description"]
                answer = web.as_("admin").get(f"{path}?{parameter['name']}=%21")
                told = "" if answer.status_code == 200 else answer.json["error"]["message"]
                answer.close()
                assert "no such parameter" not in told, (path, parameter["name"])


def test_values_have_the_described_fields(web, described):
    (value, *_) = web.as_("admin").get("/api/v1/latest").json["items"]
    assert list(value) == described["components"]["schemas"]["Value"]["required"]


def test_the_answers_say_which_role_it_takes(described):
    assert "`viewer`" in described["paths"]["/api/v1/series"]["get"]["description"]
    assert described["paths"]["/healthz"]["get"]["security"] == []
