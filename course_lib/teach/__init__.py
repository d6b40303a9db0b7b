"""For whoever teaches a class: notebooks into an nbgrader course folder. `notebooks/TEACHING.md` says how to use it."""
