"""Background work: PostgreSQL owns the jobs, arq carries their ids, these processes do them."""
