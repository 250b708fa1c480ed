// A client of generated types: the page of a queue, a report, and what the subscription tells of a claim.
import { readFileSync } from "node:fs";
import { setTimeout as after } from "node:timers/promises";
import { createClient } from "graphql-ws";
import { type CloseEvent, WebSocket } from "ws";
import {
  CaseChangedDocument,
  ClaimNextCaseDocument,
  QueuePageDocument,
  ReleaseClaimDocument,
  ReportPostDocument,
  type CaseState,
  type TypedDocumentString,
} from "./gql/graphql.js";

interface Given {
  url: string;
  token: string;
  workspace: string;
}

const given: Given = JSON.parse(readFileSync(0, "utf8"));
const scope = { Authorization: `Bearer ${given.token}`, "X-Workspace-Id": given.workspace };

async function ask<Data, Variables>(
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const answer = await fetch(given.url, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/graphql-response+json", ...scope },
    body: JSON.stringify({ query: document.toString(), variables }),
  });
  const told = (await answer.json()) as { data?: Data; errors?: unknown };
  if (!told.data || told.errors) throw new Error(`${answer.status} ${JSON.stringify(told)}`);
  return told.data;
}

const socket = createClient({
  url: given.url.replace(/^http/, "ws"),
  webSocketImpl: WebSocket,
  connectionParams: scope,
  retryAttempts: 0,
  on: { closed: (event) => console.error("closed:", (event as CloseEvent).code, (event as CloseEvent).reason) },
});

function watch<Data, Variables extends Record<string, unknown>>(
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
) {
  return socket.iterate<Data>({ query: document.toString(), variables });
}

const page = await ask(QueuePageDocument, { workspace: given.workspace, first: 10 });
const [waiting] = page.workspace?.cases.nodes ?? [];
if (!waiting?.post) throw new Error(`no case waits: ${JSON.stringify(page)}`);
const report = await ask(ReportPostDocument, { input: { postId: waiting.post.id, reason: "A typed reason" } });

async function claim(): Promise<string> {
  const { claimNextCase } = await ask(ClaimNextCaseDocument, { input: { workspaceId: given.workspace } });
  if (!claimNextCase.claimToken) throw new Error(`nothing claimed: ${JSON.stringify(claimNextCase)}`);
  return claimNextCase.claimToken;
}

async function release(caseId: string, claimToken: string): Promise<void> {
  const { releaseClaim } = await ask(ReleaseClaimDocument, { input: { caseId, claimToken } });
  if (releaseClaim.userErrors.length) throw new Error(JSON.stringify(releaseClaim));
}

const events = watch(CaseChangedDocument, { id: waiting.id });

async function told(state: CaseState) {
  for (;;) {
    const { done, value } = await events.next();
    if (done || value.errors) throw new Error(`no more events: ${JSON.stringify(value)}`);
    if (value.data?.caseChanged?.state === state) return value.data.caseChanged;
  }
}

// A query goes over the same socket, and is answered when the subscription has probably begun. Nothing says when it
// has: the case is claimed again until it tells of it.
const claimed = told("IN_REVIEW");
const overSocket = await watch(QueuePageDocument, { workspace: given.workspace, first: 0 }).next();
let claimToken = await claim();
for (let tries = 1; !(await Promise.race([claimed, after(1000)])); tries++) {
  if (tries === 5) throw new Error("nothing was told of the claim");
  await release(waiting.id, claimToken);
  claimToken = await claim();
}
const released = told("QUEUED");
await release(waiting.id, claimToken);

const pageOverSocket = overSocket.value?.data ?? overSocket;
console.log(JSON.stringify({ page, report, pageOverSocket, claimed: await claimed, released: await released }));
await socket.dispose();

// What the schema does not have does not compile.
export function wrong(): void {
  // @ts-expect-error
  console.log(page.workspace?.cases.nodes[0]?.colour);
  // @ts-expect-error
  console.log(page.workspace.cases);
  // @ts-expect-error
  void ask(ReportPostDocument, { input: { postId: "post_1" } });
  // @ts-expect-error
  void ask(QueuePageDocument, { workspace: "workspace_1", first: "10" });
  // @ts-expect-error
  void watch(CaseChangedDocument, { case: "case_1" });
}
