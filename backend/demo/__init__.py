"""Agencies and communities that nobody has to set up, for looking around and for trying things out."""
