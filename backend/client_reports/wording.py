"""Numbers, dates and sentences of a report in its language; the words are files in `words/`, one a language."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from backend.client_metrics import CATALOGUE, Part, Unit

_FOLDER: Final = Path(__file__).parent / "words"
LANGUAGES: Final = tuple(sorted(path.stem for path in _FOLDER.iterdir()))
_MOST_IN_MAIL: Final = 3  # of each kind: a mail is read in half a minute
Json = Mapping[str, Any]


@cache
def _words(language: str) -> Any:
    return json.loads((_FOLDER / f"{language}.json").read_text())


@cache
def _sentences() -> Mapping[str, re.Pattern[str]]:
    """By which those that are counted with a number are known again, and what stands in them."""
    return {
        name: re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>\\d+)", re.escape(english)))
        for name, english in _words("en")["sentences"].items()
    }


class Wording:
    """Values are as `Value.as_json` tells them."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.words: Any = _words(language)

    def metric(self, name: str) -> tuple[str, str]:
        """What it is called, and how it is counted."""
        own = self.words["metrics"].get(name)
        if own is not None:
            return own["title"], own["formula"]
        return CATALOGUE[name].title, CATALOGUE[name].formula

    def sentence(self, told: str | None) -> str | None:
        """As it was counted, in English, said in this language; what no file knows stays as it is."""
        for name, pattern in _sentences().items():
            found = None if told is None else pattern.search(told)
            if told is not None and found is not None:
                told = told.replace(found[0], self.words["sentences"][name].format(**found.groupdict()))
        return told

    def left_out(self, what: str) -> str:
        return str(self.words["left_out"].get(what, what))

    def source(self, table: str) -> str:
        return str(self.words["sources"].get(table, table))

    def day(self, text: str) -> str:
        """Of YYYY-MM-DD."""
        day = date.fromisoformat(text)
        return str(self.words["day"].format(day=day.day, month=self.words["months"][day.month - 1], year=day.year))

    def day_at(self, moment: str, zone: str) -> str:
        """Of a moment, where the client is."""
        return self.day(datetime.fromisoformat(moment).astimezone(ZoneInfo(zone)).date().isoformat())

    def period(self, kind: str, start: str) -> str:
        day = date.fromisoformat(start)
        month = self.words["months"][day.month - 1]
        return str(self.words[kind].format(month=month, number=(day.month + 2) // 3, year=day.year))

    def number(self, value: float, *, digits: int = 0) -> str:
        plain = f"{value:,.{digits}f}"
        swaps = {",": self.words["thousands"], ".": self.words["decimal"], "-": "−"}
        return "".join(swaps.get(letter, letter) for letter in plain)

    def amount(self, value: float, unit: str, *, is_agreed: bool = False) -> str:
        """`is_agreed`: nobody counted it, so it is as exact as it was said."""
        if unit == Unit.SHARE:
            digits = 0 if value in (0, 1) or (is_agreed and round(value * 100, 1).is_integer()) else 1
            return str(self.words["percent"].format(number=self.number(value * 100, digits=digits)))
        if unit == Unit.DIFFERENCE:
            return str(self.words["points"].format(number=self.number(value * 100, digits=1)))
        if unit == Unit.SECONDS:
            return self._time(value)
        return self.number(value, digits=2 if unit == Unit.INDEX else 0)

    def value(self, told: Json) -> str:
        if told["status"] != "OK" or told["value"] is None:
            status = "NO_DATA" if told["status"] == "OK" else told["status"]
            return str(self.words["status"][status].format(n=self.number(told["n"])))
        return self.amount(told["value"], told["unit"])

    def sure(self, told: Json) -> str:
        """From how much it was counted and how sure it is; empty where there is no more to say than the number."""
        if told["status"] != "OK" or told["value"] is None:
            return ""
        words, said = self.words["sure"], []
        part, whole = told["numerator"], told["denominator"]
        if part is not None and whole is not None and told["unit"] == Unit.SHARE:
            said.append(words["of"].format(part=self._count(part), all=self._count(whole)))
        elif told["n"] != told["value"]:
            said.append(words["from"].format(n=self.number(told["n"])))
        if told["low"] is not None and told["high"] is not None:
            low, high = self.amount(told["low"], told["unit"]), self.amount(told["high"], told["unit"])
            said.append(words["between"].format(low=low, high=high))
        if told["coverage"] is not None and told["coverage"] < 1:
            said.append(words["coverage"].format(share=self.amount(told["coverage"], Unit.SHARE)))
        return "; ".join(said)

    def part(self, metric: str, of: str, names: Mapping[str, str]) -> str:
        by = CATALOGUE[metric].by if metric in CATALOGUE else None
        if by in (Part.SEVERITY, Part.LANDMARK):
            return str(self.words["parts"][by.value].format(of=of))
        return names.get(of) or self.words["parts"].get(of, of)

    def target(self, goal: Json) -> str:
        amount = self.amount(goal["target"], goal["value"]["unit"], is_agreed=True)
        return str(self.words["goal"][goal["direction"]].format(target=amount))

    def change(self, change: Json) -> str:
        words = self.words["change"]
        said = words[change["direction"]].format(
            before=self.amount(change["before"], change["unit"]), now=self.amount(change["now"], change["unit"])
        )
        return f"{said} ({words[change['verdict']]})"

    def risk(self, risk: Json) -> str:
        words, title = self.words["risk"], self.metric(risk["metric"])[0]
        if risk["kind"] == "goal":
            goal = risk["goal"]
            return str(words["goal"].format(metric=title, target=self.target(goal), now=self.value(goal["value"])))
        return str(words["count"].format(metric=title, now=self.value(risk["value"])))

    def in_short(self, document: Json) -> str:
        """What a mail says of it: our own sentences and numbers, none of anybody's words."""
        period = self.period(document["period"]["kind"], document["period"]["start"])
        return f"{period}. {self.gist(document)}".strip()

    def gist(self, document: Json) -> str:
        """Of goals, changes and risks; empty where there are none."""
        words, judged, said = self.words["mail"], document["judged"], []
        goals = [goal for goal in judged["goals"] if goal["status"] != "unknown"]
        if goals:
            met = sum(goal["status"] == "met" for goal in goals)
            said.append(words["goals"].format(met=met, all=len(judged["goals"])))
        missed = [self.metric(goal["metric"])[0] for goal in goals if goal["status"] == "missed"]
        if missed:
            said.append(words["missed"].format(what=self._some(missed)))
        changed = [
            words["change"].format(metric=self.metric(each["metric"])[0], change=self.change(each))
            for each in judged["changes"]
        ]
        if changed:
            said.append(words["changed"].format(what=self._some(changed)))
        elif document["compared"] is not None and document["knownSince"] is None:
            said.append(words["nothing"])
        counted = [
            f"{self.metric(risk['metric'])[0]}: {self.value(risk['value'])}"
            for risk in judged["risks"]
            if risk["kind"] == "count"
        ]
        if counted:
            said.append(words["risks"].format(what=self._some(counted)))
        return " ".join(said)

    def _some(self, texts: Sequence[str]) -> str:
        more = len(texts) - _MOST_IN_MAIL
        return "; ".join([*texts[:_MOST_IN_MAIL], *([self.words["page"]["more"].format(n=more)] if more > 0 else [])])

    def _count(self, value: float) -> str:
        return self.number(value, digits=0 if value == int(value) else 1)

    def _time(self, seconds: float) -> str:
        if seconds < 60:
            return str(self.words["seconds"].format(seconds=self.number(seconds)))
        minutes = round(seconds / 60)
        hours, minutes = divmod(minutes, 60)
        if hours >= 48:
            return str(self.words["days"].format(days=self.number(hours // 24), hours=hours % 24))
        if hours:
            return str(self.words["hours"].format(hours=hours, minutes=minutes))
        return str(self.words["minutes"].format(minutes=minutes))
