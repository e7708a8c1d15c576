"""A clinic of models around the daemon's real core, for a state machine to act on.

The camera, the server and the person are models that know the truth; the journal, the registry, the
sweep, the pipeline and the files are the daemon's own. What must always hold stands in ``promise``.
"""
