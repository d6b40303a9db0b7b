"""One idea a file: its loss and its sampler side by side. A model is any callable."""
