"""More than one process: several that train one model together, and one training of a recipe at a time."""
