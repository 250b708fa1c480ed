"""Public holidays of countries and their regions, and what an agency says otherwise. Pure, of a file that Tend comes with."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Final

# Years of holidays.tsv, which infra/writing_holidays.py writes.
FIRST_YEAR: Final = 2025
LAST_YEAR: Final = 2035
_COUNTRY: Final = re.compile(r"[A-Z]{2}")


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


@lru_cache(maxsize=1_000)
def public_holidays(country: str, region: str) -> Mapping[date, str]:
    """By day, in English. Empty for what is no country; for what is no region the whole country's."""
    found: dict[date, str] = {}
    for of, name, days in _lines(country):
        for day in days if of in ("", region) else ():
            if name:
                found[day] = name
            else:
                found.pop(day, None)  # a day that is none in the region
    return found


def regions_of(country: str) -> list[str] | None:
    """Codes after ISO 3166-2, without the country's; None for what is no country that Tend knows."""
    lines = _lines(country)
    return sorted({region for region, _, _ in lines if region}) if lines else None


@lru_cache(maxsize=1_000)
def _lines(country: str) -> Sequence[tuple[str, str, Sequence[date]]]:
    """Region ("" is all of it), name and days; those of the whole country first, and of a region what is none there last."""
    if not _COUNTRY.fullmatch(country):
        return ()
    text = files("backend.safety").joinpath("holidays.tsv").read_text(encoding="utf-8")
    found = [line.split("\t") for line in text.splitlines() if line.startswith(f"{country}\t")]
    return [(region, name, [date.fromisoformat(day) for day in days.split()]) for _, region, name, days in found]
