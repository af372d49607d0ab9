"""Servers under load, side by side: README.md."""
