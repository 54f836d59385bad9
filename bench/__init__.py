"""The published numbers, each beside its limit or its peer, measured in one run."""
