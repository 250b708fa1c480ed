// From the bearer token to the settings that row-level security reads: one query per request, nothing remembered.
import { createHash } from "node:crypto";

class Refused extends Error {
  statusCode = 401;
}

export const makeEnter = (pool) => async (request) => {
  const [kind, token] = (request.headers.authorization ?? "").split(" ");
  if (kind !== "Bearer" || !token) throw new Refused("UNAUTHENTICATED");
  const { rows } = await pool.query({
    name: "enter",
    text: "select agency_id, sees_all, workspaces from postgraphile_private.enter($1)",
    values: [createHash("sha256").update(token).digest()],
  });
  if (rows.length !== 1) throw new Refused("UNAUTHENTICATED");
  const [{ agency_id, sees_all, workspaces }] = rows;
  return sees_all
    ? { "app.agency_id": agency_id, "app.sees_all": "on" }
    : { "app.agency_id": agency_id, "app.workspaces": workspaces };
};
