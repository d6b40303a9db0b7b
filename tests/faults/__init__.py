"""Bad days, for real: what is done to the course, and what must never come of it. `make faults` runs them in full."""
