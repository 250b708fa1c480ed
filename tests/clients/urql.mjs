// urql: a query with variables, a refused document, automatic persisted queries. It asks by GET as long as the address
// is short, and names text/event-stream and multipart/mixed last among what it accepts.
import { randomUUID } from "node:crypto";
import { Client, fetchExchange, gql } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";
import { exchangesOf, given, headers, recording, sha256 } from "./network.mjs";

function client(options, ...exchanges) {
  return new Client({
    url: given.url,
    exchanges: [...exchanges, fetchExchange],
    fetch: recording,
    fetchOptions: { headers },
    ...options,
  });
}

const document = (name) => gql`query ${name}($id: ID!) { workspace(id: $id) { id } }`;
const variables = { id: given.workspace };
const plain = (options) => exchangesOf(() => client(options).query(document("Plain"), variables));
const [byGet, byPost] = [await plain({}), await plain({ preferGetMethod: false })];

const { error } = await client().query(gql`{ nothingOfThatName }`, {});
const codes = error?.graphQLErrors.map(({ extensions }) => extensions.code);
const refused = codes?.length ? codes : String(error);

const query = document(`Persisted${randomUUID().replaceAll("-", "")}`); // nobody has sent it before
const persisted = () =>
  exchangesOf(() =>
    client({}, persistedExchange({ generateHash: async (text) => sha256(text) })).query(query, variables),
  );
const [miss, hit] = [await persisted(), await persisted()];

console.log(JSON.stringify({ byGet, byPost, refused, miss, hit }));
