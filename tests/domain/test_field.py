from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from service.domain.field import BadValue, in_utc, read_instant, read_month_day, read_value, read_zone
from service.domain.sequence.model.business import Business
from service.domain.sequence.names import TYPES, Shape

NEW_YORK = ZoneInfo("America/New_York")
GLOW = Business(
    "Glow", "Mia <mia@glow.example>", "Lindenweg 4", "Europe/Berlin", people=(("owner", "mia@glow.example"),)
)


@pytest.mark.parametrize(
    ("shape", "given", "kept"),
    [
        ("text", "  Ana  ", "Ana"),
        ("number", 3, 3),
        ("number", 4.5, 4.5),
        ("money", "48.10", 48.1),
        ("money", -12, -12),
        ("date", "2026-12-24", "2026-12-24"),
        ("month-day", "02-29", "02-29"),
        ("month-day", "1990-02-29", "02-29"),
        ("month-day", "--05-04", "05-04"),
        ("time", "2026-01-27 16:00", "2026-01-27T21:00:00+00:00"),
        ("time", "2026-01-27T16:00:00+01:00", "2026-01-27T16:00:00+01:00"),
        ("link", "https://glow.example/book?x=1", "https://glow.example/book?x=1"),
        ("email", "Ana@Example.org", "Ana@example.org"),
        ("phone", "+49 30 5550123", "+49 30 5550123"),
        ("person", "owner", "owner"),
        ("yes-no", False, False),
        (("email", "phone"), "phone", "phone"),
    ],
)
def test_a_value_that_fits_is_kept_as_plain_json(shape: Shape, given: object, kept: object) -> None:
    assert read_value(shape, given, GLOW, NEW_YORK) == kept


@pytest.mark.parametrize(
    ("shape", "given"),
    [
        ("text", 7),
        ("text", "x" * 2_001),
        ("number", True),
        ("number", "3"),
        ("number", float("nan")),
        ("number", 1e300),
        ("money", "much"),
        ("money", "NaN"),
        ("money", "1e999"),
        ("date", "2026-02-30"),
        ("date", "24.12.2026"),
        ("date", "20261224"),
        ("month-day", "02-30"),
        ("month-day", "13-01"),
        ("month-day", "５-４"),
        ("time", "tomorrow"),
        ("time", "0001-01-01T00:00:00"),
        ("time", "9999-12-31T23:59:59"),
        ("link", "javascript:alert(1)"),
        ("link", "https://"),
        ("link", "https://[oops"),
        ("link", "https://glow.example/a b"),
        ("link", "https://glow.example/\n"[:-1] + "\x00"),
        ("email", "ana"),
        ("phone", "call me"),
        ("person", "nobody"),
        ("yes-no", "yes"),
        (("email", "phone"), "fax"),
        (("email", "phone"), ["phone"]),
    ],
)
def test_a_value_that_does_not_fit_is_refused_in_a_sentence(shape: Shape, given: object) -> None:
    with pytest.raises(BadValue) as refused:
        read_value(shape, given, GLOW, NEW_YORK)
    assert str(refused.value).endswith(".") or "did you mean" in str(refused.value)


def test_every_type_of_the_language_can_be_read() -> None:
    for shape in TYPES:
        with pytest.raises(BadValue):
            read_value(shape, object(), GLOW, NEW_YORK)


def test_a_time_that_does_not_exist_moves_forward() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert in_utc(datetime(2026, 3, 29, 2, 30), berlin) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("name", ["Europe/Nowhere", "../../etc/passwd", "/etc/localtime", "", "America", "a\0b"])
def test_a_zone_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(BadValue):
        read_zone(name)


def test_what_is_no_text_is_no_day_and_no_zone() -> None:
    for read in (read_month_day, read_zone):
        with pytest.raises(BadValue):
            read(504)


@pytest.mark.parametrize("text", ["1700000000", "", "2026-13-01", "12:00"])
def test_a_moment_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        read_instant(text)
