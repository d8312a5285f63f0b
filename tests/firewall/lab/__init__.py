"""An internet of our own for the firewall's tests: namespaces, servers that log, a sniffer. Nothing leaves it."""
