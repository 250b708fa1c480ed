"""Writes `backend/safety/holidays.tsv` anew: `pip install holidays`, then `python -m infra.writing_holidays`. No part of Tend
needs that library when it runs (infra/decisions/0038)."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final

import holidays

YEARS: Final = range(2025, 2036)
TARGET: Final = Path("backend/safety/holidays.tsv")


def main() -> None:
    lines = [f"# Public holidays of {YEARS[0]} to {YEARS[-1]} after python-holidays {holidays.__version__} (MIT)."]
    for country, regions in sorted(holidays.list_supported_countries(include_aliases=False).items()):
        everywhere = _days(country, None)
        lines += _lines(country, "", everywhere)
        for region in sorted(regions):
            here = _days(country, region)
            lines += _lines(country, region, {day: name for day, name in here.items() if everywhere.get(day) != name})
            gone = sorted(day for day in everywhere if day not in here)
            # A region is named even where nothing differs: then it can be chosen.
            lines.append(f"{country}\t{region}\t\t{_written(gone)}")
    TARGET.write_text("\n".join(lines) + "\n")


def _days(country: str, region: str | None) -> Mapping[date, str]:
    return dict(holidays.country_holidays(country, subdiv=region, years=YEARS, language="en_US").items())


def _lines(country: str, region: str, days: Mapping[date, str]) -> list[str]:
    by_name = defaultdict(list)
    for day, name in sorted(days.items()):
        by_name[name.replace("\t", " ")].append(day)
    return [f"{country}\t{region}\t{name}\t{_written(dates)}" for name, dates in sorted(by_name.items())]


def _written(days: list[date]) -> str:
    return " ".join(f"{day:%Y%m%d}" for day in days)


if __name__ == "__main__":
    main()
