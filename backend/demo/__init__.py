"""Agencies and communities that nobody has to set up, for looking around and for trying things out."""

from backend.demo.loading import load_demo

__all__ = ["load_demo"]
