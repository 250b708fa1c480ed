"""What members are told about decisions."""

from datetime import datetime
from enum import Enum

import strawberry

from backend import statements
from graphql_schema.communities import Language
from graphql_schema.describing import value
from graphql_schema.policies import Ground
from graphql_schema.projection import Node, column, publish, sql
from tenants.rights import Right


@strawberry.enum(description="How the post that a statement is about came to notice.")
class StatementSource(Enum):
    NOTICE = value("notice", "By a notice as Article 16 of the DSA wants it.")
    TRUSTED_FLAGGER = value("trusted_flagger", "By somebody whom a coordinator has made a trusted flagger.")
    OTHER_NOTIFICATION = value("other_notification", "By members or by the client's own system.")
    OWN_INITIATIVE = value("own_initiative", "Staff or a rule found it.")


@publish(statements.Statement, kind="statement", needs=Right.READ_CASES)
class StatementOfReasons(Node):
    """Why something was done about a post, as Article 17 of the Digital Services Act wants it. Never changed. Names in
    capitals are those of the EU's transparency database."""

    id: strawberry.ID
    text: str = column(
        description="What the member is told, in `language`: sections with a blank line between them, the first line of "
        "each its heading. Empty once the member is forgotten."
    )
    language: Language = column(description="That of the community when it was written.")
    facts: str = column(description="For the database: how it came about, in English, without personal data.")
    explanation: str = column(
        description="For the database: why the post does not go with the ground, without personal data. Empty once the "
        "member is forgotten."
    )
    ground: Ground = column(description="Whether by law or by the rules of the community.")
    reference: str = column(description="The law, or the policy with its version.")
    decision_visibility: list[str] = column(description="What became of the post; empty where nothing did.")
    decision_provision: str | None = column(description="What became of the service for the member; null: nothing.")
    decision_account: str | None = column(description="What became of the member's account; null: nothing.")
    provision_until: datetime | None = column(description="When `decisionProvision` ends; null: without end, or none.")
    account_until: datetime | None = column(description="When `decisionAccount` ends; null: without end, or none.")
    source: StatementSource = column(description="How it came to notice.")
    is_detected_automatically: bool = column(description="Whether only rules reported the post.")
    is_decided_automatically: bool = sql("false", description="Always false: a person decides.")
    territorial_scope: list[str] = column(description="Countries it applies to, as the database writes them.")
    taxonomy_code: str = column(description="The kind of harm: a `code` of `taxonomy`.")
    category: str = column(description="Of the database, from the taxonomy.")
    keywords: list[str] = column(description="Of the category; empty where it has none.")
    other_keyword: str | None = column(description="What KEYWORD_OTHER means; null for other keywords.")
    content_at: datetime = column(description="When the post was written.")
    created_at: datetime = column(description="When it was decided; what was done applies from then.")
    appeal_until: datetime = column(description="Until when the member can appeal.")
