"""HTTP that is not GraphQL: signing in, OAuth, SCIM, links in messages, files of exports, health and metrics."""
