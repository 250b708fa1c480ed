"""Public holidays of countries and their regions, and what an agency says otherwise. Pure, of a file that Tend comes with."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Final

# Years of holidays.tsv, which infra/writing_holidays.py writes.
FIRST_YEAR: Final = 2025
LAST_YEAR: Final = 2035

_Lines = Mapping[str, tuple[tuple[str, tuple[date, ...]], ...]]


@dataclass(frozen=True, slots=True)
class Calendar:
    """The public holidays of a country or of one region of it, without `working`, and `own` days with their names."""

    country: str | None = None
    region: str = ""
    own: Mapping[date, str] = field(default_factory=dict)
    working: frozenset[date] = frozenset()

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.name_of(day) is not None

    def name_of(self, day: date) -> str | None:
        """None where it is no holiday."""
        if day in self.own:
            return self.own[day]
        if self.country is None or day in self.working:
            return None
        return public_holidays(self.country, self.region).get(day)

    def days_in(self, year: int) -> dict[date, str]:
        public = {} if self.country is None else public_holidays(self.country, self.region)
        named = {day: name for day, name in public.items() if day not in self.working} | dict(self.own)
        return {day: named[day] for day in sorted(named) if day.year == year}


@cache
def public_holidays(country: str, region: str) -> Mapping[date, str]:
    """By day, in English. Empty for what is no country; for what is no region the whole country's."""
    lines = _lines().get(country, {})
    found = dict(_days(lines.get("", ())))
    for name, days in lines.get(region, ()) if region else ():
        for day in days:
            if name:
                found[day] = name
            else:
                found.pop(day, None)
    return found


def regions_of(country: str) -> list[str] | None:
    """Codes after ISO 3166-2, without the country's; None for what is no country that Tend knows."""
    lines = _lines().get(country)
    return None if lines is None else sorted(region for region in lines if region)


def _days(lines: tuple[tuple[str, tuple[date, ...]], ...]) -> Iterator[tuple[date, str]]:
    return ((day, name) for name, days in lines for day in days)


@cache
def _lines() -> Mapping[str, _Lines]:
    """By country and region ("" is all of it); a line without a name says what is no holiday in the region."""
    found: dict[str, dict[str, tuple[tuple[str, tuple[date, ...]], ...]]] = {}
    text = files("backend.safety").joinpath("holidays.tsv").read_text(encoding="utf-8")
    for line in text.splitlines()[1:]:
        country, region, name, days = line.split("\t")
        of_region = found.setdefault(country, {}).setdefault(region, ())
        read = tuple(date(int(day[:4]), int(day[4:6]), int(day[6:])) for day in days.split())
        found[country][region] = (*of_region, (name, read))
    return found
