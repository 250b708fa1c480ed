"""Who has to file what: by whose the service is, what it is, and how large its provider is and was."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

import pytest
from filing.conftest import a_provider, a_service

from backend.filing import DUTIES, Duty, ProviderEntity, Service, duties_of
from backend.kit.ids import new_id

DAY = date(2026, 6, 1)
SECTION_3 = {"COMPLAINTS", "DISPUTES", "TRUSTED_FLAGGERS", "MISUSE", "PLATFORM_REPORT", "RECIPIENTS", "UPLOADS"}
ALWAYS = {"CONTACT_POINTS", "TERMS"}
HOSTING = {"NOTICES", "STATEMENTS", "SUSPICIONS"}


def owed(provider: dict[str, Any], service: dict[str, Any], on: date = DAY) -> set[str]:
    return {duty.name for duty in found(provider, service, on) if duty.is_owed}


def found(provider: dict[str, Any], service: dict[str, Any], on: date = DAY) -> Sequence[Duty]:
    whose = ProviderEntity(agency_id=new_id(), **asdict(a_provider(**provider)))
    return duties_of(whose, Service(agency_id=new_id(), **asdict(a_service(**service))), on=on)


def test_a_platform_of_the_client_owes_all_but_what_very_large_ones_do() -> None:
    assert owed({}, {}) == set(DUTIES) - {"HALF_YEARLY_REPORT"}
    assert owed({}, {"kind": "vlop"}) == set(DUTIES)


def test_a_community_on_somebody_elses_platform_owes_nothing() -> None:
    assert owed({"is_client": False, "statutory_name": "Discord Netherlands BV"}, {}) == set()


def test_a_closed_space_takes_notices_and_states_reasons_and_uploads_nothing() -> None:
    closed = owed({}, {"kind": "hosting", "is_public": False})
    assert closed == ALWAYS | HOSTING | {"TRANSPARENCY_REPORT"}
    assert owed({}, {"kind": "intermediary", "is_public": False}) == ALWAYS | {"TRANSPARENCY_REPORT"}


@pytest.mark.parametrize("size", ["micro", "small"])
def test_micro_and_small_ones_are_free_of_reports_and_section_3_and_of_nothing_else(size: str) -> None:
    assert owed({"size_class": size}, {}) == ALWAYS | HOSTING
    assert owed({"size_class": size}, {"kind": "vlop"}) == set(DUTIES), "size frees no very large platform"


def test_section_3_begins_twelve_months_after_the_status_was_lost_and_reports_at_once() -> None:
    grown = {"size_class": "medium", "size_class_since": "2026-03-31", "size_class_lost_on": "2026-03-31"}
    assert owed(grown, {}, date(2026, 3, 30)) == ALWAYS | HOSTING
    assert owed(grown, {}, date(2026, 3, 31)) == ALWAYS | HOSTING | {"TRANSPARENCY_REPORT"}
    assert owed(grown, {}, date(2027, 3, 30)) == ALWAYS | HOSTING | {"TRANSPARENCY_REPORT"}
    assert owed(grown, {}, date(2027, 3, 31)) >= SECTION_3
    leap = {"size_class": "medium", "size_class_since": "2028-02-29", "size_class_lost_on": "2028-02-29"}
    assert "UPLOADS" not in owed(leap, {}, date(2029, 2, 27))
    assert "UPLOADS" in owed(leap, {}, date(2029, 2, 28))


def test_who_became_small_was_not_before() -> None:
    shrunk = {"size_class": "small", "size_class_since": "2026-05-01"}
    assert "UPLOADS" in owed(shrunk, {}, date(2026, 4, 30))
    assert "UPLOADS" not in owed(shrunk, {}, date(2026, 5, 1))


def test_every_duty_says_its_article_and_why() -> None:
    named = {duty.name: duty for duty in found({}, {})}
    assert (named["UPLOADS"].article, named["UPLOADS"].because) == (
        "24(5)",
        "A provider of online platforms sends statements to the Commission's database.",
    )
    assert named["HALF_YEARLY_REPORT"].because.startswith("Only a provider of a very large online platform")
