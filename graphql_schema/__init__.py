"""The GraphQL API: one flat file per subject, the projection engine, and the committed schema."""
