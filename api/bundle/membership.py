"""That she is one of those an entry is about: her row, and the path from it to the root that the entry holds."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import orjson
from psycopg.rows import tuple_row

from ledger.entry import member_leaf
from ledger.merkle import inclusion_path, root_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from psycopg import Connection

    from ledger import Subject

# By primary keys. Of who was forgotten the leaf hash is left, which is all that a path needs.
MEMBERS = """
    SELECT subject, ordinal, role, salt, envelope, NULL FROM ledger.member
    WHERE log_id = %(log_id)s AND position = %(position)s
    UNION ALL
    SELECT NULL, ordinal, NULL, NULL, NULL, leaf FROM ledger.erased_member
    WHERE log_id = %(log_id)s AND position = %(position)s
    ORDER BY ordinal
"""


def membership(connection: Connection[Any], subject: Subject, position: int, cohort: Mapping[str, Any]) -> bytes | None:
    """Return the file that proves a person to be a member of a cohort, or None when rows of it are missing.

    Args:
        connection: A reader's.
        subject: Whom.
        position: Of the entry.
        cohort: What the entry says of its members: `size` and `root`.
    """
    with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
        rows: list[tuple[UUID, int, str, bytes, bytes | None, bytes | None]] = cursor.execute(
            MEMBERS, {"log_id": subject.log_id, "position": position}
        ).fetchall()
    leaves = [
        leaf or member_leaf(salt, member.bytes, role.encode(), envelope or b"")
        for member, _, role, salt, envelope, leaf in rows
    ]
    mine = next((index for index, row in enumerate(rows) if row[5] is None and row[0].hex == subject.id), None)
    if mine is None or len(rows) != cohort["size"]:
        return None
    _, ordinal, role, salt, envelope, _ = rows[mine]
    path = inclusion_path(mine, len(leaves), lambda first, last: _root(leaves, first, last))
    return orjson.dumps(
        {
            "subject": subject.id,
            "ordinal": ordinal,
            "size": len(leaves),
            "salt": b64encode(salt).decode(),
            "role": role,
            "envelope": None if envelope is None else b64encode(envelope).decode(),
            "path": [b64encode(each).decode() for each in path],
        }
    )


def _root(leaves: Sequence[bytes], first: int, last: int) -> bytes:
    return leaves[first] if last - first == 1 else root_of(leaves[first:last])
