"""Who could answer now: colleagues at work for a client, and who of them is on call."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from backend.safety.exposing import IS_CAPPED, RESTS_UNTIL
from backend.safety.setting_calendars import calendar_of
from backend.safety.taking_turns import WEEKDAYS, Layer, Override, Turns, on_call_at
from tenants.rights import CLIENT_ROLES, RIGHTS_OF, Right, Role
from tenants.scope import current

_WORKERS: Final = [role.value for role in RIGHTS_OF if Right.WORK_QUEUE in RIGHTS_OF[role]]


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody whose membership gives them something at the moment, and who works for the client. `may_respond`: they
    work cases, and hold every certificate the client asks for. `rests`: from one that was grave, or still has it.
    `is_capped`: they had as many, or for as long, as their agency lets anybody. `opted_out`: of these kinds."""

    id: UUID
    role: Role
    is_trained: bool
    rests: bool = False
    is_capped: bool = False
    opted_out: frozenset[str] = frozenset()

    @property
    def may_respond(self) -> bool:
        return self.is_trained and self.role.value in _WORKERS

    def spared_from(self, kind: str) -> str | None:
        """Why somebody else comes first for a danger of this kind: opted_out, capped or rests; None for nothing."""
        if kind in self.opted_out:
            return "opted_out"
        return "capped" if self.is_capped else "rests" if self.rests else None


@dataclass(frozen=True, slots=True)
class Staffing:
    """As of a moment. `asks_for_training`: whether the client asks for any certificate."""

    colleagues: Mapping[UUID, Colleague]
    asks_for_training: bool
    rotas: Mapping[UUID, Turns]

    def may_respond(self, membership_id: UUID) -> bool:
        found = self.colleagues.get(membership_id)
        return found is not None and found.may_respond

    def on_call(self, level: int, moment: datetime, *, rota_id: UUID | None = None) -> list[UUID]:
        """One for each rota that has somebody; of one rota, or of all."""
        asked = [turns for id, turns in self.rotas.items() if rota_id in (None, id)]
        found = [on_call_at(turns, level, moment, may=self.may_respond) for turns in asked]
        return list(dict.fromkeys(who for who in found if who is not None))

    def all_on_call(self, moment: datetime) -> list[UUID]:
        """On any level, the first level first; without rotas all responders."""
        levels = sorted({level for turns in self.rotas.values() for level in turns.levels})
        found = [who for level in levels for who in self.on_call(level, moment)] if self.rotas else self.responders
        return list(dict.fromkeys(found))

    def is_on_call(self, membership_id: UUID, moment: datetime) -> bool:
        """Without rotas: whether they are a responder."""
        if not self.rotas:
            return membership_id in self.responders
        return any(
            on_call_at(turns, level, moment, may=self.may_respond) == membership_id
            for turns in self.rotas.values()
            for level in turns.levels
        )

    @property
    def responders(self) -> list[UUID]:
        """Trained ones; where the client asks for no training, those whose role it is."""
        return [
            each.id
            for each in self.colleagues.values()
            if each.may_respond and (self.asks_for_training or each.role is Role.SAFETY_RESPONDER)
        ]

    def of_role(self, role: Role) -> list[UUID]:
        return [each.id for each in self.colleagues.values() if each.role is role]


async def staffing_of(workspace_id: UUID, *, moment: datetime, but_for: UUID | None = None) -> Staffing:
    """With the rotas of the client and those of the agency. `but_for`: an escalation that counts as nobody's load."""
    scope = current()
    rows = await scope.fetch(
        f"""select m.id, m.role, app.is_trained(m.id, $2, $3) as is_trained,
                  exists (select from responder_exposures x where x.agency_id = $1 and x.membership_id = m.id
                             and x.began_at <= $3 and {RESTS_UNTIL} > $3
                             and x.escalation_id is distinct from $5) as rests,
                  {IS_CAPPED.format(membership="m.id", moment="$3", but_for="$5")} as is_capped,
                  coalesce((select o.kinds from opt_outs o where o.agency_id = $1 and o.membership_id = m.id), '{{}}')
                    as opted_out
             from memberships m
            where m.agency_id = $1 and m.person_id is not null and m.suspended_at is null and m.role <> all($4)
              and (m.starts_at is null or m.starts_at <= $3) and (m.ends_at is null or m.ends_at > $3)
              and (m.sees_all or exists (select from assignments a where a.agency_id = $1 and a.membership_id = m.id
                                            and a.workspace_id = $2))
            order by m.created_at, m.id""",
        scope.actor.agency_id,
        workspace_id,
        moment,
        [role.value for role in CLIENT_ROLES],
        but_for,
    )
    asks: bool = await scope.fetchval(
        """select exists (select from training_requirements where agency_id = $1 and workspace_id = $2
                             and cardinality(kinds) > 0)""",
        scope.actor.agency_id,
        workspace_id,
    )
    colleagues = [
        Colleague(
            row["id"],
            Role(row["role"]),
            is_trained=row["is_trained"],
            rests=row["rests"],
            is_capped=row["is_capped"],
            opted_out=frozenset(row["opted_out"]),
        )
        for row in rows
    ]
    return Staffing({each.id: each for each in colleagues}, asks, await rotas_for(workspace_id))


async def rotas_for(workspace_id: UUID) -> dict[UUID, Turns]:
    scope = current()
    agency_id = scope.actor.agency_id
    rotas = await scope.fetch(
        """select id, time_zone from rotas where agency_id = $1 and (workspace_id = $2 or workspace_id is null)
            order by created_at, id""",
        agency_id,
        workspace_id,
    )
    ids = [row["id"] for row in rotas]
    layers = await scope.fetch(
        """select l.*, c.country, c.region, c.own_days, c.working_days
             from rota_layers l left join holiday_calendars c on c.agency_id = $1 and c.id = l.calendar_id
            where l.agency_id = $1 and l.rota_id = any($2) order by l.position, l.id""",
        agency_id,
        ids,
    )
    overrides = await scope.fetch(
        "select * from rota_overrides where agency_id = $1 and rota_id = any($2) order by id", agency_id, ids
    )
    return {
        rota["id"]: Turns(
            ZoneInfo(rota["time_zone"]),
            [_layer(row) for row in layers if row["rota_id"] == rota["id"]],
            [
                Override(row["level"], row["membership_id"], row["instead_of_id"], row["starts_at"], row["ends_at"])
                for row in overrides
                if row["rota_id"] == rota["id"]
            ],
        )
        for rota in rotas
    }


def _layer(row: Any) -> Layer:
    return Layer(
        level=row["level"],
        starts_at=row["starts_at"],
        shift_hours=row["shift_hours"],
        turns=[UUID(each) for each in row["turns"]],
        weekdays=frozenset(WEEKDAYS.index(day) for day in row["weekdays"]),
        from_minute=row["from_minute"],
        until_minute=row["until_minute"],
        ends_at=row["ends_at"],
        holidays=row["holidays"],
        calendar=frozenset() if row["calendar_id"] is None else calendar_of(row),
    )
