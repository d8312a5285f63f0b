"""The container image: what it is made of, where its base comes from, how it is built."""
