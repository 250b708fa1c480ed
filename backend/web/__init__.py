"""HTTP that is not GraphQL: health, and signing in during development."""
