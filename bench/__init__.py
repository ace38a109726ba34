"""Measure gunmane beside networkx, osmnx and spopt: `python -m bench`, or `make bench`."""
