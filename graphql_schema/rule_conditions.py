"""What a rule looks for, as it is given: a tree of inputs, each of which says exactly one thing."""

from dataclasses import fields
from enum import Enum
from typing import Any

import strawberry
from strawberry.utils.str_converters import to_camel_case

from graphql_schema.describing import optional, value
from graphql_schema.rules import HashOpinion

_MINUTES = "So long before the post, 1 to 10,080 minutes, which is a week; the post itself counts as well."


@strawberry.input(description="Whole words, in any case; one of them is enough.")
class WordsInput:
    words: list[str] = strawberry.field(description="At most 2,000 in the whole rule, of 200 characters each.")
    disguised: bool | None = optional(
        "True: also where they are spelt to pass: look-alike letters, digits for letters, blanks and invisible characters."
    )


@strawberry.input(
    description="Links in the text, by where they lead as written. Without hosts and shorteners any link counts."
)
class LinksInput:
    hosts: list[str] | None = optional("To one of these hosts or what lies below it, such as example.com; 500 at most.")
    shorteners: bool | None = optional("True: also to services that hide where a link leads, such as bit.ly.")
    at_least: int | None = optional("So many of them, 1 to 100; 1 when left out.")


@strawberry.input(description="Whoever wrote it, when they did; all that is given must hold.")
class AuthorInput:
    first_seen_within_hours: int | None = optional("Tend saw them first at most so many hours before.")
    posts_fewer_than: int | None = optional("They had written fewer posts than this before, 1 to 100.")
    is_at_risk: bool | None = optional("Whether they are marked as a minor or otherwise at risk.")
    is_bot: bool | None = optional("Whether it is a program that posts.")
    violations_at_least: int | None = optional("So many other posts of theirs had been found to be violations.")


@strawberry.input(description="The same text, or nearly, posted again: give either `members` or `times`.")
class CopiesInput:
    members: int | None = optional("By so many different members, 2 to 200.")
    times: int | None = optional("So often, 2 to 200.")
    within_minutes: int = strawberry.field(description=_MINUTES)


@strawberry.input(description="How much the author writes.")
class RateInput:
    at_least: int = strawberry.field(description="So many posts, 1 to 100.")
    within_minutes: int = strawberry.field(description=_MINUTES)


@strawberry.input(description="A picture or film that staff knows, where hashes of the post's media are given.")
class MediaInput:
    bank_id: strawberry.ID = strawberry.field(description="The bank of hashes it is in.")
    opinions: list[HashOpinion] | None = optional("With one of these opinions; NEGATIVE when left out.")


@strawberry.enum(description="What Discourse does by itself once a post, a member or a topic is flagged enough.")
class FlagEffect(Enum):
    HIDE_POST = value("hide_post", "Members see it no more until somebody looks.")
    SILENCE_NEW_MEMBER = value("silence_new_member", "The author, where they are new, cannot write.")
    CLOSE_TOPIC = value("close_topic", "Nobody can answer there any more.")


@strawberry.enum(description="How soon: a setting of the forum.")
class FlagSensitivity(Enum):
    LOW = value("low", "Late: at all of the high score.")
    MEDIUM = value("medium", "At two thirds of it.")
    HIGH = value("high", "Soon: at a third of it.")


@strawberry.input(
    description="The open flags of the post, scored as Discourse does by trust level and record, reach what it acts at."
)
class FlagScoreInput:
    effect: FlagEffect = strawberry.field(description="What it would do.")
    sensitivity: FlagSensitivity = strawberry.field(description="How soon it would.")
    high: float | None = optional(
        "The score that the forum has learned to call high; 12.5, as for a new one, when left out."
    )


@strawberry.input(
    one_of=True,
    description="One condition, or several of them within each other: 5 deep, 50 of them at most. What there is nothing to go "
    "by for (a text too short for its language) says neither yes nor no, under `not` either.",
)
class ConditionInput:
    all: list["ConditionInput"] | None = optional("Each of these holds.")
    any: list["ConditionInput"] | None = optional("One of these holds.")
    not_: "ConditionInput | None" = strawberry.field(
        name="not", default=strawberry.UNSET, description="This does not hold."
    )
    words: WordsInput | None = optional("Words in the text.")
    pattern: str | None = optional(
        "An RE2 pattern matches in the text: without look-around and back-references, at most 2,000 characters."
    )
    links: LinksInput | None = optional("Links in the text.")
    author: AuthorInput | None = optional("About whoever wrote it.")
    reports_at_least: int | None = optional("So many people have reported it since it was last decided, 1 to 1,000.")
    report_mass_at_least: float | None = optional(
        "Its open reports by people weigh so much together: 1 each from somebody unknown, up to 2 from who is always right, "
        "less the more of them come together. Above 0, up to 10,000."
    )
    flag_score: FlagScoreInput | None = optional("What Discourse would do by itself.")
    languages: list[str] | None = optional(
        "Written in one of these languages, by two letters of ISO 639-1; needs a sentence of twenty letters."
    )
    copies: CopiesInput | None = optional("Posted before, by the same or by others.")
    rate: RateInput | None = optional("How much its author writes.")
    media: MediaInput | None = optional("Pictures and films.")


def as_json(given: Any) -> Any:
    """An input as JSON, as it was given; what was left out is left out."""
    if isinstance(given, Enum):
        return given.name
    if isinstance(given, list):
        return [as_json(each) for each in given]
    if not hasattr(given, "__strawberry_definition__"):
        return given
    names = {each.python_name: each.graphql_name for each in given.__strawberry_definition__.fields}
    return {
        names[each.name] or to_camel_case(each.name): as_json(value)
        for each in fields(given)
        if (value := getattr(given, each.name)) is not strawberry.UNSET and value is not None
    }
