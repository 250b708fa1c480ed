"""Advisory locks: what each protects, and the number that keeps it apart from the others.

Taken by `scope.lock` of something that has a name (an agency, an export), and held until the scope's transaction ends.
Two names may have one hash: then one waits without need, and nothing else. Never change a number: while a version is
being replaced by the next, both must take the same lock.
"""

from typing import Final

RELAYING: Final = 7302  # of an agency: one relay at a time sends its jobs
CHAINING: Final = 7303  # of an agency: one job at a time links entries of the journal
ANCHORING: Final = 7304  # of an agency: one job at a time writes anchors of the journal
WRITING_FILES: Final = 7305  # of an agency, shared: a file is being written; alone: somebody is being forgotten
WRITING_EXPORT: Final = 7305  # of an export: one job at a time writes its file
SENDING: Final = 7306  # of a message of notices: it is sent once
ROUTING: Final = 7308  # of a workspace: one version of its routing at a time
ACTING: Final = (
    7307  # of a connection: one action at a time is under way there; of a post or a member: taken back one by one
)
ESCALATING: Final = 7309  # of what an escalation is about: two who raise it at once raise one
CAPPING: Final = 7320  # of a rule with a limit: one job at a time counts what it has done today
COUNTING: Final = 0  # of a workspace's tally: one job at a time corrects it
CUSTOMERS: Final = 7330  # of a workspace: one list of customers at a time is taken in
LANE: Final = 7400  # of a webhook endpoint, plus the number of a lane: one delivery at a time goes through it

# Of other forms. A kept answer (backend/idempotency) is locked by what it is looked up by, without a number.
WRITING: Final = 7_306  # two integers, of an agency, shared: somebody writes; alone: it is taken back to a moment
MIGRATING: Final = 7_302_551  # one integer, of the whole installation and of a session: one process migrates
