"""Make the environments of the releases named, or of all that the tests use."""

import sys

from real_edc import REAL_VERSIONS, environment_for

for version in sys.argv[1:] or REAL_VERSIONS:
    sys.stdout.write(f"{version}: {environment_for(version).folder}\n")
