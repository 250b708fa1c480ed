"""Pictures and films, known by their hashes: those of posts, and those that staff knows."""

import strawberry

from backend import ruling
from graphql_schema.answering import UserError, user_errors, uuid_of, verb
from graphql_schema.communities import Post
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from graphql_schema.rules import HashBank, HashKind, HashOpinion
from tenants.rights import Right


@strawberry.input(description="A new bank of hashes.")
class CreateHashBankInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client whose rules may use it.")
    name: str = strawberry.field(description="Unique within the client, at most 200 characters.")


@strawberry.input(description="A picture or film that staff knows.")
class KnownHashInput:
    kind: HashKind = strawberry.field(description="How it is recognised.")
    hash: str = strawberry.field(description="64 hexadecimal digits.")
    opinion: HashOpinion = strawberry.field(description="What is thought of it.")


@strawberry.input(description="Hashes for a bank; those that are there get another opinion.")
class BankHashesInput:
    bank_id: strawberry.ID = strawberry.field(description="The bank; it holds 10,000 at most.")
    hashes: list[KnownHashInput] = strawberry.field(description="1 to 1,000 of them.")
    is_enabled: bool = strawberry.field(default=True, description="False: they stay, and do not count.")


@strawberry.type(description="The bank as it is now.")
class HashBankPayload:
    bank: HashBank | None = strawberry.field(default=None, description="Which one; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="The hashes of a picture or film of a post.")
class MediumInput:
    sha256: str = strawberry.field(description="SHA-256 of the file: 64 hexadecimal digits.")
    pdq: str | None = optional("PDQ of what is seen: 64 hexadecimal digits.")
    pdq_quality: int | None = optional("What PDQ says of the picture, 0 to 100; required with `pdq`.")


@strawberry.input(description="What pictures and films a post has.")
class NoteMediaInput:
    post_id: strawberry.ID = strawberry.field(description="The post they stand in.")
    media: list[MediumInput] = strawberry.field(description="Their hashes; a post has 20 at most.")


@strawberry.type(description="The post; the client's rules look at it again.")
class NoteMediaPayload:
    post: Post | None = strawberry.field(default=None, description="Which one; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class FillingBanks:
    @verb(HashBankPayload, "Make a bank for hashes of pictures and films.", needs=Right.WRITE_POLICIES)
    async def create_hash_bank(self, info: Info, input: Input[CreateHashBankInput]) -> HashBankPayload:
        bank = await ruling.create_hash_bank(
            actor_of(info.context),
            uuid_of("workspace", input.workspace_id, field="workspaceId"),
            name=input.name,
        )
        return HashBankPayload(bank=ref(HashBank, bank.id))

    @verb(HashBankPayload, "Say what is thought of pictures and films.", needs=Right.WRITE_POLICIES)
    async def bank_hashes(self, info: Info, input: Input[BankHashesInput]) -> HashBankPayload:
        bank = await ruling.bank_hashes(
            actor_of(info.context),
            uuid_of("hashbank", input.bank_id, field="bankId"),
            [ruling.Known(each.kind.value, each.hash, each.opinion.value) for each in input.hashes],
            is_enabled=input.is_enabled,
        )
        return HashBankPayload(bank=ref(HashBank, bank.id))

    @verb(NoteMediaPayload, "Tell the hashes of a post's pictures and films.", needs=Right.IMPORT)
    async def note_media(self, info: Info, input: Input[NoteMediaInput]) -> NoteMediaPayload:
        post = await ruling.note_media(
            actor_of(info.context),
            uuid_of("post", input.post_id, field="postId"),
            [
                ruling.Medium(
                    each.sha256, each.pdq or None, each.pdq_quality if type(each.pdq_quality) is int else None
                )
                for each in input.media
            ],
        )
        return NoteMediaPayload(post=ref(Post, post.id))
