"""Taking everything along, and being forgotten: exports, erasure, deletion."""
