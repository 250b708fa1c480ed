"""What happens on the platform, and to actions that have failed."""

from walks.fake_site import MOODS
from walks.scene import Scene

from backend.acting import Action, carry_out_actions, confirm_action, retry_action, settle_action
from backend.acting.carrying_out import order_of
from backend.kit.clock import now
from tenants.scope import agency_scope


class SiteVerbs(Scene):
    async def turn(self, a: int, b: int, _c: int) -> None:
        """The site is asked for whatever is due, and in b of 4 for what was to wait as well."""
        self.site.mood = MOODS[a] if a < len(MOODS) else MOODS[0]
        async with agency_scope(self.tend) as scope:
            if b % 4 == 0:
                await scope.execute(
                    "update actions set next_at = now() where workspace_id = $1 and state in ('queued', 'sent')",
                    self.client,
                )
        for _ in range(20):
            async with agency_scope(self.tend):
                if not await Action.filter(
                    workspace_id=self.client, state__in=["queued", "sent"], next_at__lte=now()
                ).exists():
                    break
                await carry_out_actions(self.tend, {"connection_id": str(self.connection)})

    async def confirm(self, _a: int, _b: int, _c: int) -> None:
        """The site says what came of what it was asked, also long after."""
        async with agency_scope(self.tend):
            for action in await Action.filter(workspace_id=self.client, state__in=["sent", "failed"]).order_by("id"):
                if action.id in self.site.done:
                    await confirm_action(self.connection, action.id, problem=None)
                elif action.id in self.site.refused:
                    await confirm_action(self.connection, action.id, problem="No.")

    async def see_to(self, a: int, _b: int, _c: int) -> None:
        """Somebody tries again what has failed, or does it by hand and says so."""
        async with agency_scope(self.people["ann"]) as scope:
            for action in await Action.filter(workspace_id=self.client, state="failed").order_by("id"):
                if a % 2:
                    await retry_action(scope.actor, action.id)
                else:
                    order = await order_of(action)
                    assert order is not None
                    self.site.really_do(order)
                    await settle_action(scope.actor, action.id, note="By hand.")

    async def come_to_rest(self) -> None:
        """Until nothing is under way any more."""
        for verb, a, b in (("see_to", 1, 0), ("turn", 0, 0), ("confirm", 0, 0)) * 2:
            await self.do(verb, a, b, 0)
