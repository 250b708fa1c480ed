// Apollo Client: a query with variables, a refused document, automatic persisted queries.
import { randomUUID } from "node:crypto";
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { exchangesOf, given, headers, recording, sha256 } from "./network.mjs";

function client(...links) {
  const http = new HttpLink({ uri: given.url, fetch: recording, headers });
  return new ApolloClient({ link: ApolloLink.from([...links, http]), cache: new InMemoryCache() });
}

const document = (name) => gql`query ${name}($id: ID!) { workspace(id: $id) { id } }`;
const variables = { id: given.workspace };
const plain = await exchangesOf(() => client().query({ query: document("Plain"), variables }));

const failure = await client().query({ query: gql`{ nothingOfThatName }` }).catch((error) => error);
const refused = CombinedGraphQLErrors.is(failure)
  ? failure.errors.map((error) => error.extensions?.code)
  : String(failure);

const query = document(`Persisted${randomUUID().replaceAll("-", "")}`); // nobody has sent it before
const persisted = (useGETForHashedQueries) =>
  exchangesOf(() => client(new PersistedQueryLink({ sha256, useGETForHashedQueries })).query({ query, variables }));
const [miss, hit, hitByGet] = [await persisted(false), await persisted(false), await persisted(true)];

console.log(JSON.stringify({ plain, refused, miss, hit, hitByGet }));
