"""Tests of the stand-in for Apple's container and of contenant over it."""
