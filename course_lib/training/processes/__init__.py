"""More than one process: several that train one model together."""
