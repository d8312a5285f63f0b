"""Greet whoever is named."""

import sys

print(f"hello, {' '.join(sys.argv[1:]) or 'world'}")
