"""A strict stand-in for Apple's `container` executable (0.12 to 1.4): Apple's grammar, JSON, texts and
traps over podman.

Put `bin/` first on PATH, set CONTAINER_STANDIN_HOME (see README.md beside this file), and `container`
behaves as Apple's does as far as podman can carry it. What Apple's would refuse, it refuses. Sources:
Apple's documentation, sources and issues (apple/container, apple/containerization,
swift-argument-parser); issue numbers are quoted where a trap has one.
"""
