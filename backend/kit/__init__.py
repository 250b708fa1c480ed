"""The floor: errors, clock, ids, texts, spans. Knows no domain and does no I/O of its own."""
