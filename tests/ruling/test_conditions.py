"""What a rule may look for, and what it says where there is nothing to go by."""

from datetime import timedelta
from typing import Any

import pytest

from backend.kit.clock import now
from backend.kit.errors import Invalid
from backend.kit.ids import new_id
from backend.ruling import conditions, reading
from backend.ruling.compiling import Actions, Entry, Ruleset
from backend.ruling.judging import FAILED, Seen, Verdict


def seen(text: str = "hello", **what: Any) -> Seen:
    at = now()
    more = what.pop("more", {})
    return Seen(**{
        "id": new_id(), "member_id": new_id(), "text": text, "posted_at": at, "is_bot": False, "is_at_risk": False,
        "first_seen_at": at - timedelta(days=30), **what,
    }, more=more)  # fmt: skip


def ruleset(*written: Any) -> Ruleset:
    return Ruleset(
        [Entry(new_id(), str(n), 1, "live", reading.read(each), Actions(), new_id()) for n, each in enumerate(written)]
    )


def says(written: Any, post: Seen) -> Verdict:
    """As a ruleset of it alone says; what it leaves out it denies."""
    answers = ruleset(written).ask(post)
    return answers[0][1] if answers else Verdict.NO


A, B = {"pattern": "aaa"}, {"pattern": "bbb"}
TELLS = {"languages": ["de"]}


@pytest.mark.parametrize(
    ("written", "text", "expected"),
    [
        ({"all": [A, B]}, "aaa bbb", True),
        ({"all": [A, B]}, "aaa", False),
        ({"any": [A, B]}, "bbb", True),
        ({"any": [A, B]}, "ccc", False),
        ({"not": A}, "aaa", False),
        ({"not": A}, "ccc", True),
        ({"all": [A, {"not": {"any": [B, {"pattern": "ccc"}]}}]}, "aaa", True),
        ({"all": [A, {"not": {"any": [B, {"pattern": "ccc"}]}}]}, "aaa ccc", False),
        ({"any": [{"all": [A, B]}, {"not": A}]}, "bbb", True),
        ({"words": {"words": ["free crypto", "loser"]}}, "You LOSER!", True),
        ({"words": {"words": ["free crypto", "loser"]}}, "losers", False),
    ],
)
def test_and_or_and_not_join_conditions_on_text(written: Any, text: str, expected: bool) -> None:
    assert (says(written, seen(text)) is Verdict.YES) is expected


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("free crypto", True),
        ("fr\u0435\u0435 \u0441rypt\u043e", True),  # Cyrillic letters
        ("fr33 crypt0", True),
        ("F\u200bR\u200bE\u200bE crypto", True),  # zero-width blanks
        ("f r e e  c r y p t o", True),
        ("f r e e c r y p t o", True),
        ("f.r.e.e c-r-y-p-t-o", True),
        ("frée crỳptö", True),
        ("𝓯𝓻𝓮𝓮 𝓬𝓻𝔂𝓹𝓽𝓸", True),
        ("ｆｒｅｅ ｃｒｙｐｔｏ", True),
        ("carefree cryptography", False),
        ("free cryptography", False),
        ("a b c of crypto", False),
    ],
)
def test_disguised_spelling_is_seen_through(text: str, found: bool) -> None:
    written = {"words": {"words": ["free crypto"], "disguised": True}}
    assert (says(written, seen(text)) is Verdict.YES) is found
    assert (says({"words": {"words": ["free crypto"]}}, seen(text)) is Verdict.YES) is (text == "free crypto")


@pytest.mark.parametrize(
    ("what", "text", "found"),
    [
        ({}, "see https://example.com/a", True),
        ({}, "see www.example.com", True),
        ({}, "see example.com/a", True),
        ({}, "mail ann@example.com, version 1.2, e.g. this", False),
        ({"hosts": ["example.com"]}, "http://user@Shop.EXAMPLE.com:8080/?q", True),
        ({"hosts": ["example.com"]}, "https://badexample.com https://example.com.evil.org", False),
        ({"hosts": ["example.com"]}, "https://evil.org/https://example.com", False),
        ({"shorteners": True}, "https://bit.ly/3x", True),
        ({"shorteners": True}, "https://example.com/bit.ly", False),
        ({"atLeast": 2}, "https://a.org https://a.org", True),
        ({"atLeast": 2}, "https://a.org", False),
        ({"hosts": ["a.org"], "shorteners": True, "atLeast": 2}, "https://x.a.org https://t.co/1 https://b.org", True),
        ({"hosts": ["a.org"], "shorteners": True, "atLeast": 3}, "https://x.a.org https://t.co/1 https://b.org", False),
    ],
)
def test_links_count_by_where_they_lead(what: Any, text: str, found: bool) -> None:
    assert (says({"links": what}, seen(text)) is Verdict.YES) is found


@pytest.mark.parametrize(
    ("what", "of_post", "found"),
    [
        ({"isBot": True}, {"is_bot": True}, True),
        ({"isBot": True}, {}, False),
        ({"isBot": False}, {}, True),
        ({"isAtRisk": True}, {"is_at_risk": True}, True),
        ({"firstSeenWithinHours": 720}, {}, True),
        ({"firstSeenWithinHours": 719}, {}, False),
        ({"postsFewerThan": 2}, {"more": {"history": [1, 2]}}, True),  # this one, and one before
        ({"postsFewerThan": 2}, {"more": {"history": [1, 2, 3]}}, False),
        ({"violationsAtLeast": 2}, {"more": {"violations": 2}}, True),
        ({"violationsAtLeast": 2}, {"more": {"violations": 1}}, False),
        ({"isBot": True, "violationsAtLeast": 2}, {"more": {"violations": 2}}, False),
    ],
)
def test_all_that_is_said_of_an_author_must_hold(what: Any, of_post: Any, found: bool) -> None:
    assert (says({"author": what}, seen(**of_post)) is Verdict.YES) is found


@pytest.mark.parametrize(
    ("written", "language", "expected"),
    [
        (TELLS, "de", Verdict.YES),
        (TELLS, "en", Verdict.NO),
        (TELLS, None, Verdict.NOT_PROVIDED),
        (TELLS, FAILED, Verdict.FAILED),
        ({"not": TELLS}, "en", Verdict.YES),
        ({"not": TELLS}, None, Verdict.NOT_PROVIDED),  # a text too short to tell is not one in another language
        ({"not": TELLS}, FAILED, Verdict.FAILED),
        ({"any": [TELLS, {"pattern": "hel"}]}, None, Verdict.YES),
        ({"all": [TELLS, {"pattern": "hel"}]}, None, Verdict.NOT_PROVIDED),
        ({"all": [TELLS, {"pattern": "xyz"}]}, FAILED, Verdict.NO),
        ({"all": [TELLS, {"media": {"bankId": f"hashbank_{new_id()}"}}]}, None, Verdict.FAILED),
    ],
)
def test_what_is_not_known_says_neither_yes_nor_no(written: Any, language: Any, expected: Verdict) -> None:
    assert says(written, seen(more={"language": language, "media": {}})) is expected


def test_what_is_not_looked_up_yet_is_asked_for_only_where_it_decides() -> None:
    assert says({"all": [TELLS, {"pattern": "hel"}]}, seen()) is Verdict.UNKNOWN
    assert says({"all": [TELLS, {"pattern": "xyz"}]}, seen()) is Verdict.NO
    assert says({"any": [TELLS, {"pattern": "hel"}]}, seen()) is Verdict.YES


@pytest.mark.parametrize(
    "written",
    [
        {"all": [{"words": {"words": ["a", "b"], "disguised": True}}, {"not": {"pattern": "x+"}}]},
        {
            "any": [
                {"links": {"hosts": ["a.org"], "shorteners": True, "atLeast": 2}},
                {"reportsAtLeast": 3},
                {"reportMassAtLeast": 2.5},
                {"flagScore": {"effect": "HIDE_POST", "sensitivity": "MEDIUM", "high": 12.5}},
            ]
        },
        {"author": {"firstSeenWithinHours": 5, "postsFewerThan": 3, "isAtRisk": True, "violationsAtLeast": 1}},
        {"languages": ["de", "fr"]},
        {"copies": {"members": 3, "withinMinutes": 60}},
        {"rate": {"atLeast": 5, "withinMinutes": 10}},
        {"media": {"bankId": f"hashbank_{new_id()}", "opinions": ["INVESTIGATION_SEED", "NEGATIVE"]}},
    ],
)
def test_conditions_are_written_as_they_were_read(written: Any) -> None:
    assert conditions.write(reading.read(written)) == written


@pytest.mark.parametrize(
    "written",
    [
        None, [], {}, "x", {"all": []}, {"any": {}}, {"all": [A], "any": [B]}, {"nothing": 1}, {"pattern": "("},
        {"pattern": 5}, {"words": {"words": []}}, {"words": {}}, {"words": {"words": ["x"] * 2_001 + ["a\x00"]}},
        {"words": {"words": [f"w{n}" for n in range(2_001)]}}, {"links": {"hosts": ["https://a.org"]}},
        {"links": {"atLeast": 0}}, {"author": {}}, {"author": {"isBot": 1}}, {"reportsAtLeast": True},
        {"reportsAtLeast": 0}, {"languages": ["xx"]}, {"languages": []}, {"copies": {"withinMinutes": 5}},
        {"copies": {"members": 2, "times": 2, "withinMinutes": 5}}, {"copies": {"times": 1, "withinMinutes": 5}},
        {"rate": {"atLeast": 101, "withinMinutes": 5}}, {"rate": {"atLeast": 5, "withinMinutes": 10_081}},
        {"rate": {"atLeast": 5}}, {"media": {"bankId": "post_1"}}, {"media": {}},
        {"not": {"not": {"not": {"not": {"not": A}}}}}, {"all": [A] * 51},
    ],
)  # fmt: skip
def test_what_is_no_tree_of_conditions_is_refused(written: Any) -> None:
    with pytest.raises(Invalid):
        reading.read(written)


def test_a_thousand_rules_say_what_each_says_alone() -> None:
    """However they are asked, all at once or one by one."""
    words = [f"word{n}" for n in range(300)]
    written: list[Any] = [{"words": {"words": [word, word + "s"]}} for word in words]
    written += [{"pattern": f"(?i)pat{n}[a-c]+t"} for n in range(100)]
    written += [{"links": {"hosts": [f"host{n}.org"]}} for n in range(100)]
    written += [
        {"all": [{"words": {"words": [word], "disguised": True}}, {"author": {"isBot": True}}]} for word in words[:50]
    ]
    written += [{"not": {"pattern": "word7"}}, {"any": [{"pattern": "x{3}"}, {"author": {"isAtRisk": True}}]}]
    together, alone = ruleset(*written), [ruleset(each) for each in written]
    texts = [
        "nothing of it", "word7 and Word250s", "w0rd7", "patacct PAT12bt", "see https://sub.host42.org/x or host7.org/",
        "xxx", "word299 word29", "",
    ]  # fmt: skip
    for text in texts:
        for is_bot in (False, True):
            found = {entry.name for entry, _ in together.ask(seen(text, is_bot=is_bot, is_at_risk=text == ""))}
            one_by_one = {
                str(n) for n, each in enumerate(alone) if each.ask(seen(text, is_bot=is_bot, is_at_risk=text == ""))
            }
            assert found == one_by_one, text


def test_as_many_words_as_rules_may_have_are_still_found() -> None:
    """RE2 compiles no filter of 50,000 words: several do."""
    many = ruleset(*({"words": {"words": [f"w{rule}x{n}" for n in range(2_000)]}} for rule in range(25)))
    assert [entry.name for entry, _ in many.ask(seen("here is W17x1999."))] == ["17"]
