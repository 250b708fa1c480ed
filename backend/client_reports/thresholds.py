"""Numbers that decide, with their unit and where they come from. Without a source they are our own choice."""

from datetime import timedelta
from typing import Final

LONGEST_WORDS: Final = 5_000  # characters of the lead's words on one section: two minutes of reading, at most
MOST_GOALS: Final = 20
MOST_DEFINITIONS: Final = 20  # of one client
LARGEST_LOGO: Final = 300_000  # characters of base64 that are taken in
LOGO_PIXELS: Final = (480, 160)  # twice the size at which it is shown, for screens that are finer
LARGEST_SIDE: Final = 4_000  # pixels of what is taken in: more of them are a bomb

SHORTEST_PASSWORD: Final = 10  # characters. Source: NIST SP 800-63B asks for 8 of whoever may try as slowly as here
TRIES: Final = 5  # of a password, within TRIES_WITHIN
TRIES_WITHIN: Final = timedelta(minutes=15)
# scrypt: 32 MB and a tenth of a second for a try. Source: OWASP Password Storage Cheat Sheet (N=2^15, r=8, p=3 or dearer
# where attempts are not limited; here they are).
SCRYPT: Final = {"n": 2**15, "r": 8, "p": 1}
USUAL_LIFE: Final = timedelta(days=30)  # of a link
LONGEST_LIFE: Final = timedelta(days=366)
MOST_LINKS: Final = 50  # of one report
PASSED_FOR: Final = 3_600  # seconds in which a browser is not asked for the password again
FILE_SECONDS: Final = 600  # that a link to a file works
FORGIVEN: Final = timedelta(minutes=1)  # the same reader, the same form: one line in the log
