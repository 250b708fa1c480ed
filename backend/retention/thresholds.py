"""The numbers that decide in studies: their unit, and where they come from."""

from typing import Final

LANDMARK_DAYS: Final = (30, 90)  # days after the start of a subscription; our own choice, each shown beside the other
SHOWN_AFTER_DAYS: Final = (182, 365)  # days after the landmark: six months and twelve
FEWEST_EVENTS: Final = 10  # in each arm; below, nothing is said. Our own choice, at least what studies may ask for
FEWEST_EVENTS_FOR_A_SIGN: Final = 10  # in a group of a stratum, of both arms: fewer point anywhere by chance
SHORTEST_HORIZON_DAYS: Final = 90
LONGEST_HORIZON_DAYS: Final = 1_825
GROUPS_PER_STRATUM: Final = 20  # the largest; all others are one more
BAND_DAYS: Final = 30  # person-time is compared month by month of a subscription: churn is not the same in all of them
POINTS_PER_CURVE: Final = 400  # of a curve as it is told; more than a chart can show
# Bands of a number; each begins where the one before ends.
ACTIVITY_BANDS: Final = ((0, "0"), (1, "1"), (2, "2–5"), (6, "6 or more"))  # posts of their own until the landmark
SIZE_BANDS: Final = ((0, "unknown"), (1, "1–10"), (11, "11–50"), (51, "51–250"), (251, "251 or more"))  # people there
TENURE_BANDS: Final = ((0, "new"), (30, "up to a year"), (365, "longer"))  # days a customer before the subscription
ACCOUNTS_PER_PAGE: Final = 20_000  # read at once: some ten megabytes
