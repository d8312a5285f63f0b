"""The egress firewall inside a container. Standard library only; run as root with `python3 -IS`.

Import what a start needs and nothing else: every module here is on the path of every container start.
"""
