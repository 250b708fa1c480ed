"""Who looks after which customers, what reaches them, what they go on paying, and what to write for them next."""

from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

from backend import customers, education
from backend.kit.errors import Invalid, NotAllowed, NotFound
from backend.kit.ids import parse_published
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.context import Info
from graphql_schema.customers import AccountTouch, CustomerAccount, TouchKind
from graphql_schema.describing import Input, optional, value
from graphql_schema.projection import ref
from graphql_schema.projection.declaring import NEEDS
from graphql_schema.projection.paging import bad_input
from graphql_schema.projection.serving import actor_of
from graphql_schema.staff import Staff
from graphql_schema.teaching import ContentItem
from tenants.rights import Right


@strawberry.enum(description="Whether a number says anything.")
class MeasureStatus(Enum):
    OK = value("ok", "It has a value and an interval.")
    INSUFFICIENT_DATA = value("insufficient_data", "It has a value of a single thing, and no interval.")
    NO_DATA = value("no_data", "There was nothing to count: no value, neither 0 nor 100 %.")


@strawberry.type(description="A number, with what it is made of and how sure it is.")
class Measure:
    n: int = strawberry.field(description="Of how many things it is made: accounts, or colleagues.")
    numerator: float = strawberry.field(description="A whole number; money in the currency's smallest unit.")
    denominator: float = strawberry.field(description="What it is divided by, in the same unit.")
    value: float | None = strawberry.field(description="Their quotient; null with NO_DATA.")
    low: float | None = strawberry.field(description="Lower end of the 95 % interval; null unless OK.")
    high: float | None = strawberry.field(description="Upper end of the 95 % interval; null unless OK.")
    status: MeasureStatus = strawberry.field(description="Whether it says anything.")


@strawberry.type(description="The accounts that one colleague looks after.")
class ManagedAccounts:
    staff: Staff | None = strawberry.field(description="Who it is; null for nobody, and for whoever may not see staff.")
    is_nobody: bool = strawberry.field(description="Whether nobody looks after these.")
    accounts: int = strawberry.field(description="How many there are.")
    reached: int = strawberry.field(description="Those that used something of the community.")
    touched: int = strawberry.field(description="Those that somebody was in touch with one to one.")


@strawberry.type(description="What accounts that paid at the beginning pay at the end, in one currency.")
class RevenueKept:
    currency: str = strawberry.field(description="By ISO 4217, such as EUR.")
    gross: Measure = strawberry.field(description="GRR: without what some pay more than at the beginning.")
    net: Measure = strawberry.field(description="NRR: with it. New accounts are in neither.")


@strawberry.type(description="How a client's customers are looked after, without anybody's name.")
class CustomerNumbers:
    reached: Measure = strawberry.field(description="Accounts that used something of the community.")
    touched: Measure = strawberry.field(description="Accounts that somebody was in touch with one to one.")
    digital_coverage: Measure = strawberry.field(
        description="Accounts that used something of the community and that nobody was in touch with."
    )
    accounts_per_manager: Measure = strawberry.field(
        description="How many accounts a colleague looks after who has any."
    )
    managers: list[ManagedAccounts] = strawberry.field(description="Colleague by colleague, the most accounts first.")
    revenue: list[RevenueKept] = strawberry.field(description="Each currency by itself; they are never added up.")
    unknown_amounts: int = strawberry.field(
        description="Subscriptions that ran at the beginning and whose amount nobody has said: they are in none of it."
    )


@strawberry.enum(description="Why something should be written.")
class WritingReason(Enum):
    SEARCH = value("search", "Readers looked for these words and found nothing, and would find nothing now.")
    ARTICLE = value("article", "More readers find the article unhelpful than chance explains.")


@strawberry.type(description="Something to write next, or to write anew.")
class ContentToWrite:
    reason: WritingReason = strawberry.field(description="Why it is here.")
    unserved: int = strawberry.field(description="How many readers went away without an answer: the order of the list.")
    of: int = strawberry.field(description="Of how many searches for these words, or votes about the article.")
    low: float = strawberry.field(description="Lower end of the 95 % interval of their share.")
    high: float = strawberry.field(description="Upper end of it.")
    words: str | None = strawberry.field(description="What was looked for, in alphabetical order; null of an article.")
    content: ContentItem | None = strawberry.field(description="The article or lesson; null of a search.")
    unsolved: int = strawberry.field(
        description="How many say that it did not solve what they came with; 0 of a search."
    )


@strawberry.type
class LookingAfterCustomers:
    @strawberry.field(
        description="Digital coverage and revenue kept in a window of three years at most; null for a client that is not there "
        "for you.",
        metadata={NEEDS: Right.READ_WORKSPACE},
    )
    async def customer_numbers(
        self,
        info: Info,
        workspace_id: Annotated[strawberry.ID, strawberry.argument(description="Whose customers they are.")],
        since: Annotated[datetime, strawberry.argument(description="When the window begins.")],
        until: Annotated[datetime, strawberry.argument(description="When it ends, which is no part of it.")],
    ) -> CustomerNumbers | None:
        parsed, actor = parse_published(workspace_id), actor_of(info.context)
        if parsed is None or parsed[0] != "workspace":
            return None
        try:
            found = await customers.customer_numbers(actor, parsed[1], since=since, until=until)
        except (NotAllowed, NotFound):
            return None
        except Invalid as refusal:
            raise bad_input(refusal.message) from None
        covered = found.coverage
        return CustomerNumbers(
            reached=_measure(covered.reached),
            touched=_measure(covered.touched),
            digital_coverage=_measure(covered.digital),
            accounts_per_manager=_measure(covered.per_manager),
            managers=[
                ManagedAccounts(
                    staff=None if each.membership_id is None else ref(Staff, each.membership_id),
                    is_nobody=each.membership_id is None,
                    accounts=each.accounts,
                    reached=each.reached,
                    touched=each.touched,
                )
                for each in covered.managers
            ],
            revenue=[
                RevenueKept(currency=each.currency, gross=_measure(each.gross), net=_measure(each.net))
                for each in found.revenue
            ],
            unknown_amounts=found.unknown_amounts,
        )

    @strawberry.field(
        description="What to write next for a client's readers, 50 at most, by how many went away without an answer; empty for "
        "a client that is not there for you.",
        metadata={NEEDS: Right.TEACH},
    )
    async def content_to_write(
        self,
        info: Info,
        workspace_id: Annotated[strawberry.ID, strawberry.argument(description="Whose readers they are.")],
    ) -> list[ContentToWrite]:
        parsed = parse_published(workspace_id)
        if parsed is None or parsed[0] != "workspace":
            return []
        try:
            found = await education.content_to_write(actor_of(info.context), parsed[1])
        except (NotAllowed, NotFound):
            return []
        return [
            ContentToWrite(
                reason=WritingReason(each.kind),
                unserved=each.unserved,
                of=each.of,
                low=each.low,
                high=each.high,
                words=each.words,
                content=None if each.item_id is None else ref(ContentItem, each.item_id),
                unsolved=each.unsolved,
            )
            for each in found
        ]


@strawberry.input(description="Who looks after an account.")
class AssignManagerInput:
    account_id: strawberry.ID = strawberry.field(description="Which account it is.")
    staff_id: strawberry.ID | None = optional("A colleague; nobody when left out.")


@strawberry.input(description="Somebody was in touch with an account, one to one.")
class RecordTouchInput:
    account_id: strawberry.ID = strawberry.field(description="Which account it was.")
    kind: TouchKind = strawberry.field(description="How they were in touch.")
    at: datetime = strawberry.field(description="When it was.")
    external_id: str = strawberry.field(description="Yours: told again under the same one nothing changes.")


@strawberry.type(description="The account, as it is now.")
class AssignManagerPayload:
    account: CustomerAccount | None = strawberry.field(default=None, description="Null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="The touch, as it is known.")
class RecordTouchPayload:
    touch: AccountTouch | None = strawberry.field(default=None, description="Null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class TouchingCustomers:
    @verb(AssignManagerPayload, "Say who looks after an account.", needs=Right.IMPORT)
    async def assign_manager(self, info: Info, input: Input[AssignManagerInput]) -> AssignManagerPayload:
        account = await customers.assign_manager(
            actor_of(info.context),
            uuid_of("customeraccount", input.account_id, field="accountId"),
            membership_id=optional_uuid_of("staff", input.staff_id, field="staffId"),
        )
        return AssignManagerPayload(account=ref(CustomerAccount, account.id))

    @verb(RecordTouchPayload, "Tell that somebody was in touch with an account, one to one.", needs=Right.IMPORT)
    async def record_touch(self, info: Info, input: Input[RecordTouchInput]) -> RecordTouchPayload:
        touch = await customers.record_touch(
            actor_of(info.context),
            uuid_of("customeraccount", input.account_id, field="accountId"),
            kind=input.kind.value,
            at=input.at,
            external_id=input.external_id,
        )
        return RecordTouchPayload(touch=ref(AccountTouch, touch.id))


def _measure(found: customers.Measure) -> Measure:
    return Measure(
        n=found.n,
        numerator=found.numerator,
        denominator=found.denominator,
        value=found.value,
        low=found.low,
        high=found.high,
        status=MeasureStatus(found.status),
    )
