"""An internet of our own: namespaces, servers that log, a sniffer. Nothing leaves it."""
