"""A bundle: one person's account with everything that a stranger needs to check it, offline, as one file.

The format is normative in docs/bundle.md. The same position and parameters give the same bytes.
"""

from __future__ import annotations

from api.bundle.archive import Draft
from api.bundle.contents import Bundle, bundle

__all__ = ["Bundle", "Draft", "bundle"]
