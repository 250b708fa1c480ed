"""Who asks, for which agency and client, and what they may see: the only way to the database."""
