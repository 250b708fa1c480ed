"""The schema that clients see; `schema.graphql` beside it is its committed text."""

from pathlib import Path
from typing import Any, Final

import strawberry
from strawberry.schema.config import StrawberryConfig

from graphql_schema.documents import KeptDocuments
from graphql_schema.masking import MaskedErrors
from graphql_schema.projection import Execution, published_kinds
from graphql_schema.queries import Query
from graphql_schema.setting_up import SettingUp
from graphql_schema.working_cases import WorkingCases

COMMITTED: Final = Path(__file__).parent / "schema.graphql"


@strawberry.type(description="Everything that can be done. Each answers with the thing it made, or with userErrors.")
class Mutation(WorkingCases, SettingUp):
    pass


class TendSchema(strawberry.Schema):
    def process_errors(self, errors: Any, execution_context: Any = None) -> None:
        """Nothing here: client mistakes are no log lines, and bugs are logged by MaskedErrors with their id."""


schema: Final = TendSchema(
    query=Query,
    mutation=Mutation,
    types=[kind.cls for kind in published_kinds().values()],
    config=StrawberryConfig(disable_field_suggestions=True),
    extensions=[KeptDocuments, MaskedErrors],
    execution_context_class=Execution,
)
