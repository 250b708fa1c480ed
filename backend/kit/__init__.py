"""The floor: errors, clock, ids. Knows no domain and does no I/O of its own."""
