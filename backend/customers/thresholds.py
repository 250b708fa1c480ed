"""The numbers that decide about customers: their unit, and where they come from."""

import re
from datetime import timedelta
from typing import Final

LINES_AT_ONCE: Final = 5_000  # of a list; with its problems it stays a request of a few seconds
LONGEST_LIST: Final = 5_000_000  # characters: a thousand for each line
LONGEST_NAME: Final = 200  # characters
LONGEST_ID: Final = 200
LONGEST_PLAN: Final = 100
LONGEST_REASON: Final = 200
PROBLEMS_TOLD: Final = 500  # of one list: whoever reads more of them has another list
ACCOUNTS_PER_PAGE: Final = 2_000  # whose activity is looked up by one statement
FUTURE: Final = timedelta(days=1)  # events may be told of by a clock that is ahead, and not by more
LARGEST_AMOUNT: Final = 2_000_000_000  # a month, in the smallest unit of a currency; what an integer holds
CURRENCY: Final = re.compile("[A-Z]{3}")  # of ISO 4217
LONGEST_MAIL: Final = 320  # characters of an address: RFC 3696, erratum 1690
LONGEST_WINDOW: Final = timedelta(days=1_100)  # that numbers are asked for: three years
