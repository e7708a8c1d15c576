"""A table of subjects for 0.1, which asks the project for one."""
