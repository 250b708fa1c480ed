"""The floor: errors, clock, ids, texts. Knows no domain and does no I/O of its own."""
