from dataclasses import fields
from typing import Any

import pytest
from codegpt_server.settings import Settings, parse_settings, section_of


def test_there_are_at_most_twelve() -> None:
    assert len(fields(Settings)) == 12


def test_what_is_valid_is_taken() -> None:
    given = {
        "model": "org/name",
        "enabled": False,
        "disabled_languages": ["markdown", "c"],
        "confidence": 1,
        "candidates": 5.0,
        "wait_s": 2,
        "trusted": True,
    }
    settings, problems = parse_settings(given, Settings())
    assert problems == []
    assert settings == Settings(
        model="org/name",
        enabled=False,
        disabled_languages=("markdown", "c"),
        confidence=1.0,
        candidates=5,
        wait_s=2.0,
        trusted=True,
    )
    assert (type(settings.confidence), type(settings.candidates)) == (float, int)


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("model", 3, "a text"),
        ("enabled", "yes", "true or false"),
        ("enabled", 1, "true or false"),
        ("disabled_languages", "python", "a list of languages, such as c, cpp, go"),
        ("disabled_languages", [1], "a list of languages, such as c, cpp, go"),
        ("confidence", 1.1, "a number from 0 to 1"),
        ("confidence", True, "a number from 0 to 1"),
        ("confidence", float("nan"), "a number from 0 to 1"),
        ("candidates", 0, "a whole number from 1 to 8"),
        ("candidates", 2.5, "a whole number from 1 to 8"),
        ("max_lines", 10**30, "a whole number from 1 to 200"),
        ("timeout_s", "soon", "a number of seconds from 0.05 to 3600"),
        ("wait_s", 0, "a number of seconds from 0.05 to 3600"),
        ("wait_s", None, "a number of seconds from 0.05 to 3600"),
    ],
)
def test_what_is_invalid_is_named_and_the_default_stands(name: str, value: Any, wanted: str) -> None:
    parsed = parse_settings({name: value}, Settings())
    assert parsed == (Settings(), [f"setting {name!r} must be {wanted}"])


@pytest.mark.parametrize("given", [[], "x", 3, True])
def test_what_is_no_object_is_named(given: Any) -> None:
    assert parse_settings(given, Settings()) == (Settings(), ["the settings must be a JSON object"])


def test_trust_comes_at_the_start_alone() -> None:
    settings, problems = parse_settings({"trusted": True, "candidates": 2}, Settings(), live=True)
    assert (settings.trusted, settings.candidates) == (False, 2)
    assert problems == ["setting 'trusted' counts at the start alone, in initializationOptions"]
    assert parse_settings({"trusted": True}, Settings(trusted=True), live=True) == (Settings(trusted=True), [])


@pytest.mark.parametrize(
    ("said", "ours"),
    [
        ({"codegpt": {"enabled": False}, "other": {}}, {"enabled": False}),
        ({"enabled": False}, {"enabled": False}),
        ({"codegpt": None}, None),
        ({"other": {"x": 1}}, None),
        ({}, None),
        (None, None),
        ([], None),
    ],
)
def test_our_section_of_what_an_editor_says(said: Any, ours: Any) -> None:
    assert section_of(said) == ours
