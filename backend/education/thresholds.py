"""Numbers that decide about training."""

from typing import Final

MOST_KINDS: Final = 20  # of certificates that a client asks for
LONGEST_DAYS: Final = 3_660  # that a certificate is valid
WARNED_DAYS: Final = (30, 14, 7, 1)  # before it ends; weeks, so that a course can still be taken
LONGEST_CONTENT: Final = 100_000  # characters of an article or a lesson
LARGEST_PICTURE: Final = 8 << 20  # bytes, as it comes
LONGEST_SIDE: Final = 2_400  # pixels of a picture as it is kept: twice as many as a wide column of text has
MOST_PICTURES: Final = 20_000  # of a client
UPLOAD_SECONDS: Final = 900  # that the link to send a picture by is open
LOOK_SECONDS: Final = 600  # that somebody who writes sees a picture by a link
UNUSED_DAYS: Final = 30  # that a picture is kept which no text names
PURGED_AT_ONCE: Final = 200  # pictures of a client that a job deletes, before it lets others go on
WORDS_PER_MINUTE: Final = 238  # read silently: Brysbaert 2019, doi:10.1016/j.jml.2019.104047
CHARACTERS_PER_MINUTE: Final = 255  # of scripts without blanks: Chinese in IReST, doi:10.1167/iovs.11-8284
MOST_AUTHORS: Final = 20  # of an article
MOST_FOUND: Final = 20  # articles that a search answers with
MOST_LESSONS: Final = 100  # of a course
MOST_PREREQUISITES: Final = 20  # of a course
MOST_COURSES: Final = 50  # of a learning path
MOST_QUESTIONS: Final = 200  # of a quiz
MOST_CHOICES: Final = 10  # of a question
RENEWED_DAYS: Final = 30  # before a certificate ends, whoever needs it is enrolled again
MOST_SUGGESTED: Final = 50  # things to write next
FEWEST_VOTES: Final = 5  # about an article before anything is made of them
UNHELPFUL_SHARE: Final = 0.2  # that the lower end of the interval has to pass: one reader in five; ours
