"""A simulated camera and a simulated EDC server, for the demo and for the tests.

Nothing of the daemon is imported here but its command-line entry: what the two say to each other
goes over a real socket and a real folder.
"""
