"""The numbers that decide, each with its unit and its source."""

from datetime import timedelta
from types import MappingProxyType
from typing import Final

# Characters of what people hand in. Source: none; a page's words are read by a person.
LONGEST_LOCATION: Final = 2_000
LONGEST_REASON: Final = 2_000  # as of every report
LONGEST_NAME: Final = 200
MOST_ITEMS: Final = 20  # exact addresses in one notice
MOST_ORIGINS: Final = 20  # sites that may embed a page
MOST_URLS: Final = 500  # of one order
LONGEST_TEXT: Final = 5_000  # of what staff writes down

# How soon what is reported without a policy is due at least, by the gravest code of the group of the taxonomy it was put
# into (1 to 5). Source: reference/standards.md 10.1, one tier later: whoever ticks a box has shown nothing yet.
TIER_OF_SEVERITY: Final = MappingProxyType({1: "severe", 2: "high", 3: "medium", 4: "low", 5: "low"})
# What authorities order is due as soon as this at least. Source: reference/standards.md 10.1, floors: SEV1 and SEV2.
TIER_OF_ORDER: Final = MappingProxyType({"terrorist_content": "danger", "act": "severe", "information": "severe"})

# Regulation (EU) 2021/784: removed within an hour (Article 3(3)), preserved for six months (Article 6(2)).
REMOVED_WITHIN: Final = timedelta(hours=1)
PRESERVED_FOR: Final = timedelta(days=184)
# DSA Article 21(4): 90 calendar days, up to 180 where it is highly complex.
SETTLED_WITHIN: Final = timedelta(days=90)
SETTLED_WITHIN_IF_COMPLEX: Final = timedelta(days=180)

# DSA Article 23 counts within a reasonable time and suspends for one; its numbers are ours.
COUNTED_WITHIN: Final = timedelta(days=180)
FEWEST_UNFOUNDED: Final = 3  # before anybody is warned, and again between the warning and a suspension
LEAST_SHARE: Final = 0.5  # of all they filed meanwhile
WARNING_LASTS: Final = timedelta(days=365)  # a suspension rests on a warning no older
LONGEST_SUSPENSION: Final = timedelta(days=180)

# Names and addresses of people who reported are kept until nobody can appeal any more, and as long for what never became a
# report. Source: reference/standards.md section 9, "until case and complaint window close".
CONTACT_KEPT_FOR: Final = timedelta(days=184)
REASONS_SHOWN: Final = 100  # reports of a case whose clusters are told
