"""The numbers, as ratios measured in one run: `python -m infra.bench [--only NAME]`."""
