"""What a study may be called, everywhere it is shown: an association, unless lots were drawn."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any, Final

from backend.retention.comparing import ARMS, Json

ASSOCIATION: Final = "association"
CAUSAL: Final = "causal"
SENTENCES: Final[Mapping[str, str]] = {
    ASSOCIATION: "An association, not an effect: nobody decided by lot who uses the community, so those who use it may "
    "differ in ways that this study does not know.",
    CAUSAL: "An effect of the offer: lots decided who was offered the community, and accounts are compared as the lots "
    "fell, whether they used it or not.",
}
WHY_NAIVE_MISLEADS: Final = (
    "Whoever left early had no time to use anything, so those who ever used it had to stay first: this comparison shows a "
    "difference even where use does nothing."
)
WHAT_PLACEBO_SAYS: Final = (
    "Used only after the landmark: no use that lies ahead can keep anybody, so a difference here is how far staying and "
    "using go together without it."
)


def grade_of(definition: Mapping[str, Any]) -> str:
    return CAUSAL if definition["isRandomised"] else ASSOCIATION


def caveats(result: Json, definition: Mapping[str, Any]) -> Iterator[str]:
    """What whoever reads the numbers must know: sentences, the gravest first."""
    told = [each for each in result["landmarks"] if each["status"] == "OK"]
    for each in result["landmarks"]:
        if each["status"] != "OK":
            yield (
                f"At day {each['landmarkDays']} nothing is compared: an arm has fewer than "
                f"{definition['fewestEvents']} accounts that left."
            )
    for each in told:
        for stratum in each["strata"]:
            if stratum["warning"]:
                yield f"At day {each['landmarkDays']}: {stratum['warning']}"
    if len({each["restrictedMean"]["difference"]["value"] > 0 for each in told}) > 1:
        yield "The landmarks disagree about the direction of the difference."
    coverage = result["coverage"]
    if coverage["linked"] < coverage["accounts"]:
        yield (
            f"{coverage['accounts'] - coverage['linked']:,} of {coverage['accounts']:,} accounts have no contact who is "
            "known in the community: what they did there is missing."
        )
    for each in told:
        if each["left"]["beforeLandmark"]:
            yield (
                f"{each['left']['beforeLandmark']:,} accounts had left or were too young on day {each['landmarkDays']} "
                "and are not in that comparison."
            )
    if not definition["isRandomised"]:
        yield "Whoever begins to use it after the landmark counts as unexposed there: a true effect looks smaller."
    if definition["outsideReasons"]:
        yield "What ended for one of the outside reasons counts as seen until then, not as churn."


def as_csv(result: Json) -> str:
    """Every curve, point by point; what it is stands in every line, so that no part of it is without."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    columns = ("t", "atRisk", "survival", "low", "high")
    writer.writerow(("comparison", "arm", "days", "at_risk", "survival", "low", "high", "evidence_grade", "sentence"))
    compared = [(f"landmark day {each['landmarkDays']}", each, "") for each in result["landmarks"]]
    for name, each, but in (*compared, ("ever against never", result["naive"], f" {WHY_NAIVE_MISLEADS}")):
        for arm in ARMS:
            for point in each.get("curves", {}).get(arm, ()):
                sentence = f"{result['sentence']}{but}"
                writer.writerow((name, arm, *(point[column] for column in columns), result["evidenceGrade"], sentence))
    return out.getvalue()
