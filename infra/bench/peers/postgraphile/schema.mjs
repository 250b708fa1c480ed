// What the tables do not say by themselves: relations without foreign keys, functions to leave out, rows by their ids.
import { listOfCodec, TYPES } from "postgraphile/@dataplan/pg";
import { addPgTableCondition, jsonPgSmartTags } from "postgraphile/utils";

const hidden = { behavior: "-*" };

const TagsPlugin = jsonPgSmartTags({
  version: 1,
  config: {
    class: {
      "app.cases": {
        tags: { foreignKey: "(agency_id, workspace_id) references app.workspaces (agency_id, id)|@foreignFieldName cases" },
      },
      "app.journal": {
        tags: {
          foreignKey:
            "(agency_id, workspace_id, subject_id) references app.cases (agency_id, workspace_id, id)|@foreignFieldName journal",
        },
      },
      "app.post_words": {
        tags: {
          foreignKey: [
            "(agency_id, workspace_id) references app.workspaces (agency_id, id)|@foreignFieldName words",
            "(agency_id, workspace_id, post_id) references app.posts (agency_id, workspace_id, id)|@fieldName post",
          ],
        },
      },
    },
    // Functions of row-level security; two of them would be taken for things named as tables are.
    procedure: {
      "app.agency": { tags: hidden },
      "app.sees_all": { tags: hidden },
      "app.workspaces": { tags: { ...hidden, name: "workspaces_of_scope" } },
    },
  },
});

// The condition `ids`, as the documentation of addPgTableCondition has it. `node` for each of 50 ids would be 50
// transactions. A list field over the Node interface would be one statement per type, but PostGraphile hands its
// identifiers over as JSON, the casts of which are not leakproof: under row-level security no index serves them.
const idsPlugins = ["cases", "posts", "members", "reports"].map((tableName) =>
  addPgTableCondition(
    { schemaName: "app", tableName },
    "ids",
    ({ graphql: { GraphQLList, GraphQLNonNull }, getInputTypeByName }) => ({
      type: new GraphQLList(new GraphQLNonNull(getInputTypeByName("UUID"))),
    }),
    (ids, { sql, sqlTableAlias, sqlValueWithCodec }) =>
      sql`${sqlTableAlias}.id = any(${sqlValueWithCodec(ids, listOfCodec(TYPES.uuid))})`,
  ),
);

export const plugins = [TagsPlugin, ...idsPlugins];
