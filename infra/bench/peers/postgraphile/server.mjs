// PostGraphile over Tend's tables as tend_app: one process, grafserv on node:http. NODE_ENV and GRAPHILE_ENV must say
// "production", else Grafast checks every plan. Statements are prepared and documents and plans cached by default.
import { createServer } from "node:http";
import pg from "pg";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { makeEnter } from "./entering.mjs";
import { plugins } from "./schema.mjs";

const pool = new pg.Pool({
  connectionString: process.env.TEND_DATABASE_URL,
  max: Number(process.env.TEND_POOL_SIZE ?? 10),
  // As on Tend's own connections.
  options:
    "-c search_path=app -c TimeZone=UTC -c jit=off -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_bitmapscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c enable_material=off -c statement_timeout=15000 -c lock_timeout=5000" +
    " -c idle_in_transaction_session_timeout=30000",
});
pool.on("error", (problem) => console.error(problem));
const enter = makeEnter(pool);

const pgl = postgraphile({
  extends: [PostGraphileAmberPreset],
  plugins,
  disablePlugins: ["PgIndexBehaviorsPlugin"], // hides orders by columns that stand in no index
  pgServices: [makePgService({ pool, schemas: ["app", "postgraphile"] })],
  grafast: { explain: false, context: async ({ node }) => ({ pgSettings: await enter(node.req) }) },
  grafserv: { graphqlPath: "/graphql", graphiql: false, watch: false, websockets: false, outputDataAsString: true },
});
await pgl.getSchema();
const answer = pgl.createServ(grafserv).createHandler();

createServer((request, response) => {
  if (request.url === "/health/live") response.end();
  else answer(request, response);
}).listen(Number(process.env.TEND_PORT), process.env.TEND_HOST ?? "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
