"""Any site (`WEBHOOK`): it is asked by a signed webhook, and says itself what came of it (docs/acting.md)."""

from collections.abc import Mapping
from typing import Any, Final

import orjson
from standardwebhooks.webhooks import Webhook

from backend.acting.asking import Answer, ask
from backend.acting.looking_around import clock_finding
from backend.acting.platforms import Finding, Hand, Later, Order
from backend.kit.clock import now
from backend.kit.ids import new_id, published

CANNOT: Final[Mapping[str, str]] = {}
CONFIRMS_ITSELF: Final = True


async def is_done(_hand: Hand, _order: Order) -> bool:
    return False


async def do(hand: Hand, order: Order) -> None:
    """Under the same `webhook-id` each time: a site that has it already drops it."""
    id = published("action", order.id)
    action = {
        "id": id,
        "kind": order.kind.upper(),
        "until": order.until,
        "message": order.message,
        "reverses": order.reverses_id and {"id": published("action", order.reverses_id)},
    }
    data: dict[str, Any] = {"action": action}
    if order.post is not None:
        data["post"] = {"id": order.post}
    if order.member is not None:
        data["member"] = {"id": order.member, "handle": order.handle}
    answer = await _tell(hand, id, "action.ordered", data)
    if not 200 <= answer.status < 300:
        raise Later(f"The site does not take what it is asked ({answer.status}).")


async def findings(hand: Hand) -> list[Finding]:
    answer = await _tell(hand, f"ping_{new_id()}", "ping", {})
    if 200 <= answer.status < 300:
        return [Finding(True, "The site takes what is signed with the secret."), clock_finding(answer)]
    if answer.status in (401, 403):
        text = "The site does not believe the signature: give it the secret that `letTendAct` answered."
        return [Finding(False, text), clock_finding(answer)]
    return [Finding(False, f"The site does not take a signed `ping` ({answer.status}).")]


async def _tell(hand: Hand, id: str, type: str, data: Mapping[str, Any]) -> Answer:
    moment = now()
    body = orjson.dumps({"type": type, "timestamp": moment, "data": data})
    headers = {
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(hand.key).sign(id, moment, body.decode()),
    }
    return await ask(hand, "POST", hand.address, headers=headers, content=body)
