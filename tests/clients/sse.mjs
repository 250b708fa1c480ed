// GraphQL over server-sent events, a connection per subscription: what graphql-sse and urql tell of a claim
// and of a refused document.
import { setTimeout as after } from "node:timers/promises";
import { Client, fetchExchange } from "@urql/core";
import { createClient } from "graphql-sse";
import { given, headers } from "./network.mjs";

const query = "subscription CaseChanged($id: ID) { caseChanged(id: $id) { id state } }";
const variables = { id: given.case };

function throughGraphqlSse(next, text = query) {
  const client = createClient({ url: given.url, headers, retryAttempts: 0 });
  return client.subscribe({ query: text, variables }, { next, error: next, complete: () => {} });
}

function throughUrql(next) {
  const client = new Client({
    url: given.url,
    exchanges: [fetchExchange],
    fetchSubscriptions: true,
    fetchOptions: { headers },
  });
  return client.subscription(query, variables).subscribe(next).unsubscribe;
}

/** The case as it was told of after a claim and after its release. */
async function toldOfAClaim(subscribe) {
  const events = [];
  const unsubscribe = subscribe((event) => events.push(event));
  for (let tries = 0; tries < 5; tries++) {
    const held = await claim();
    const claimed = await arrived(events, "IN_REVIEW");
    if (claimed) events.length = 0;
    await release(held);
    if (claimed) {
      const released = await arrived(events, "QUEUED");
      unsubscribe();
      return { claimed, released };
    }
    // Nothing says when a subscription has begun: the next claim may be told of.
  }
  throw new Error(`nothing was told of the claim: ${events.map(String)} ${JSON.stringify(events)}`);
}

/** Waits a second for it. */
async function arrived(events, state) {
  for (let waited = 0; waited < 1000; waited += 20) {
    const found = events.findLast((event) => event.data?.caseChanged?.state === state);
    if (found) return found.data.caseChanged;
    await after(20);
  }
  return null;
}

const claim = () =>
  ask(
    `mutation($input: ClaimNextCaseInput!) {
      claimNextCase(input: $input) { case { id } claimToken userErrors { code } }
    }`,
    { workspaceId: given.workspace },
  );

const release = ({ case: { id }, claimToken }) =>
  ask("mutation($input: ClaimInput!) { releaseClaim(input: $input) { userErrors { code } } }", {
    caseId: id,
    claimToken,
  });

async function ask(query, input) {
  const answer = await fetch(given.url, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify({ query, variables: { input } }),
  });
  const { data, errors } = await answer.json();
  const [payload] = Object.values(data ?? {});
  if (errors || payload.userErrors.length) throw new Error(JSON.stringify(errors ?? payload));
  return payload;
}

// What is wrong with a document comes as an event.
const refused = await new Promise((resolve) => throughGraphqlSse(resolve, "subscription { nothingOfThatName }"));
const [graphqlSse, urql] = [await toldOfAClaim(throughGraphqlSse), await toldOfAClaim(throughUrql)];
const codes = refused.errors?.map((error) => error.extensions?.code) ?? String(refused);
console.log(JSON.stringify({ graphqlSse, urql, refused: codes }));
