// What the test gave on stdin, and a fetch that keeps what was sent and answered.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

export const given = JSON.parse(readFileSync(0, "utf8"));
export const headers = { Authorization: `Bearer ${given.token}` };
export const sha256 = (text) => createHash("sha256").update(text).digest("hex");

const exchanges = [];

export async function recording(input, init) {
  const answer = await fetch(input, init);
  const sent = init.body ? JSON.parse(init.body) : Object.fromEntries(new URL(input).searchParams);
  const { errors = [] } = await answer.clone().json();
  exchanges.push({
    method: init.method,
    text: "query" in sent,
    hash: JSON.stringify(sent.extensions ?? null).includes("sha256Hash"),
    status: answer.status,
    type: answer.headers.get("content-type"),
    errors: errors.map((error) => error.extensions?.code ?? error.message),
  });
  return answer;
}

/** What `ask` gives, and what went over the network for it. */
export async function exchangesOf(ask) {
  exchanges.length = 0;
  const { data, error } = await Promise.resolve(ask()).catch((error) => ({ error }));
  return { data, error: error && String(error), exchanges: [...exchanges] };
}
