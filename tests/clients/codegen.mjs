// Writes gql/: the types of the documents in operations.graphql, by graphql-codegen's client preset. Without its
// command line, which brings 230 packages more and asks for Node.js 22.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { preset } from "@graphql-codegen/client-preset";
import { codegen } from "@graphql-codegen/core";
import { parse } from "graphql";

const [schema, operations] = [process.env.TEND_SCHEMA, "operations.graphql"].map((path) => readFileSync(path, "utf8"));
const files = await preset.buildGeneratesSection({
  baseOutputDir: "gql/",
  schema: parse(schema),
  documents: [{ location: "operations.graphql", rawSDL: operations, document: parse(operations) }],
  config: {
    documentMode: "string",
    importExtension: ".js",
    strictScalars: true,
    scalars: { DateTime: "string", JSON: "unknown" },
  },
  presetConfig: { fragmentMasking: false },
  plugins: [],
  pluginMap: {},
});
mkdirSync("gql", { recursive: true });
for (const file of files) writeFileSync(file.filename, await codegen(file));
