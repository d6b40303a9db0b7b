"""Figures and things to play with."""
