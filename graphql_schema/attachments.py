"""Pictures and files of posts. Their bytes are nowhere in the API."""

from datetime import datetime
from enum import Enum

import strawberry

from backend import evidence
from graphql_schema.describing import value
from graphql_schema.projection import Node, column, publish
from tenants.rights import Right


@strawberry.enum(description="What became of a picture or file of a post.")
class AttachmentState(Enum):
    FOUND = value("found", "Its post names it; it is being fetched.")
    STORED = value("stored", "It is here.")
    REFUSED = value("refused", "It is not kept: `problem` says why.")
    GONE = value("gone", "Its bytes are gone, from its platform or after their time here.")


@strawberry.enum(description="Why a picture or file is not kept.")
class AttachmentProblem(Enum):
    TOO_LARGE = value("too_large", "It has more than 20 MB.")
    TOO_MANY_PIXELS = value("too_many_pixels", "Unpacked, it would fill the memory: 40 million pixels is the most.")
    BROKEN_PICTURE = value("broken_picture", "It is damaged, or cut off.")
    SVG = value("svg", "It is a drawing that can hold programs.")
    WEB_PAGE = value("web_page", "There is a web page at its address, perhaps one to sign in.")
    LYING_TYPE = value("lying_type", "It is not what its platform says it is.")
    UNREACHABLE = value("unreachable", "Its server could not be reached, again and again.")


@publish(evidence.Attachment, kind="attachment", needs=Right.READ_CONTENT)
class Attachment(Node):
    """A picture or file of a post, as the platform told. Rules know it by its hashes."""

    id: strawberry.ID
    url: str = column(description="Where its platform has it.")
    name: str = column(description="What its platform calls it; empty where it does not.")
    content_type: str | None = column(
        description="What its bytes are; until they were seen, what its platform says, null where that says nothing."
    )
    state: AttachmentState = column(description="What became of it.")
    problem: AttachmentProblem | None = column(description="Why it is not kept; null unless REFUSED.")
    byte_count: int | None = column(description="Of the file; null until it was seen.")
    sha256: str | None = column(description="SHA-256 of its bytes, in hexadecimal; null until they were seen.")
    md5: str | None = column(description="MD5 of its bytes, for lists that know no other; null until they were seen.")
    pdq: str | None = column(description="PDQ of what is seen; null where it is no picture that could be read.")
    pdq_quality: int | None = column(description="0 to 100: below 50 too little is in it to be told apart.")
    created_at: datetime = column(description="When its post first named it.")
    stored_at: datetime | None = column(description="When it was fetched and hashed; null where it never was.")
