// The audits of graphql-http, one result per line.
import { serverAudits } from "graphql-http";
import { given, headers } from "./network.mjs";

const fetchFn = (input, init) => fetch(input, { ...init, headers: { ...init?.headers, ...headers } });

for (const audit of serverAudits({ url: given.url, fetchFn })) {
  const { id, name, status, reason } = await audit.fn();
  console.log(JSON.stringify({ id, name, status, reason }));
}
