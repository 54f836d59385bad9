"""Read the settings; a wrong variable is one line, not a traceback."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from api.cli.failure import Exit, Failure
from api.settings import PREFIX, Settings


def read_settings(**overrides: Any) -> Settings:
    """Return the settings of the environment; what the command line says, unless None, goes before.

    Raises:
        Failure: A variable has a value that it may not have. The value is not repeated: it may be a secret.
    """
    said = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**said)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = PREFIX + str(first["loc"][0]).upper()
        raise Failure(
            Exit.ARGUMENT, f"{name}: {first['msg']}", remedy="see 'whosaw doctor' for every setting"
        ) from error
