"""One linear history of reviewed SQL, and the one process that applies it."""
