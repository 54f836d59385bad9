"""What tests of faults share with those of the API."""

from tests.api.conftest import start

__all__ = ["start"]
