"""The commands, their arguments and their help; what each one does is in a file of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.ask import Question
from api.cli.failure import Exit, Failure

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="The ledger of what a company does with its customers' personal data: what is held, why, and who saw it.",
)
keys_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Issue, list and revoke API keys.")
report_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Reports for people outside.")
app.add_typer(keys_app, name="keys")
app.add_typer(report_app, name="report")
tiles_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The logs as files, for anybody's verifier.")
proof_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Proofs as files, for anybody's verifier.")
app.add_typer(tiles_app, name="tiles")
app.add_typer(proof_app, name="proof")

ReferenceOption = Annotated[
    str | None,
    typer.Option(metavar="KIND:VALUE", help="Whom: such as customer:C-1007. Absent or -: read from standard input."),
]
PurposeOption = Annotated[str, typer.Option(metavar="CODE", help="What for, such as whosaw:AccessRequest.")]
TicketOption = Annotated[str | None, typer.Option(metavar="TICKET", help="The case that calls for it.")]


def show_version(wanted: bool) -> None:  # noqa: FBT001 - as typer calls it
    """Print the version and leave."""
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - only here

        typer.echo(f"whosaw {version('whosaw')}")
        raise typer.Exit


@app.callback()
def whosaw(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Take the options that come before a command."""


@app.command()
def demo(
    *,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where to listen, on 127.0.0.1.")] = 8000,
    data_dir: Annotated[Path, typer.Option(help="Everything it keeps.", envvar="WHOSAW_DATA_DIR")] = Path(".whosaw"),
    scale: Annotated[int | None, typer.Option(metavar="1|10|100", help="Times 300 customers.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON line once ready, nothing else.")] = False,
    wipe: Annotated[bool, typer.Option("--wipe", help="Remove the demo's data and leave.")] = False,
) -> None:
    """Serve a sample company: database, API and projections in one process, until Ctrl-C."""
    from api import demo as whole  # noqa: PLC0415 - heavy

    if wipe:
        whole.wipe(data_dir)
    else:
        whole.run(whole.Options(data_dir, port, scale, json))


@app.command()
def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Where to listen; WHOSAW_HOST otherwise.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="WHOSAW_PORT otherwise.")] = None,
) -> None:
    """Serve the API of a migrated ledger, until a signal."""
    from api.cli import processes  # noqa: PLC0415 - heavy

    processes.serve(host, port)


@app.command()
def migrate() -> None:
    """Bring the database to this version: tables, roles, logs, projections. Safe to repeat."""
    from api.cli import processes  # noqa: PLC0415 - heavy

    processes.migrate_all()


@app.command()
def follow() -> None:
    """Keep the projections current, until a signal."""
    from api.cli import processes  # noqa: PLC0415 - heavy

    processes.follow()


@app.command()
def signer(
    *,
    socket: Annotated[Path, typer.Option(metavar="PATH", help="Where; others have it in WHOSAW_SIGNING_SOCKET.")],
) -> None:
    """Hold the logs' signing keys in a process of their own, until a signal."""
    from api.cli import signing  # noqa: PLC0415 - heavy

    signing.serve(socket)


@app.command()
def snapshot() -> None:
    """Record where every stream ends, of each log, now. For a clock such as cron, never because somebody asked."""
    from api.cli import snapshots  # noqa: PLC0415 - heavy

    snapshots.make_all()


@app.command()
def publish() -> None:
    """Bring the newest checkpoint of each log to every place outside, once; serving does so on a clock."""
    from api.cli import publishing  # noqa: PLC0415 - heavy

    publishing.publish_once()


@app.command()
def rebuild(name: Annotated[str, typer.Argument(help="A projection, such as holdings.")]) -> None:
    """Build a projection again from the first entry, beside the live one, and put it in its place."""
    from api.cli import processes  # noqa: PLC0415 - heavy

    processes.rebuild_one(name)


@app.command()
def emit(
    file: Annotated[str, typer.Argument(help="JSON, NDJSON or a CloudEvents batch; - for standard input.")],
    *,
    receipts: Annotated[bool, typer.Option("--receipts", help="Print each receipt as one JSON line.")] = False,
) -> None:
    """Send events to WHOSAW_URL with WHOSAW_KEY. Safe to repeat: the same event is recorded once."""
    from api.cli import sending  # noqa: PLC0415 - heavy

    sending.emit_file(file, receipts=receipts)


@app.command()
def ask(
    question: Annotated[Question, typer.Argument(help="What to ask about one person.")],
    *,
    purpose: PurposeOption,
    reference: ReferenceOption = None,
    ticket: TicketOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a row, or the account.")] = False,
    recipient: Annotated[
        str | None,
        typer.Option(help="With disclosures: everybody whose data this recipient got, one JSON line a row."),
    ] = None,
) -> None:
    """Ask WHOSAW_URL about one person, with an officer's WHOSAW_KEY. The question itself is recorded."""
    from api.cli import asking, streaming  # noqa: PLC0415 - heavy

    if recipient is not None:
        if question is not Question.DISCLOSURES or reference is not None:
            raise Failure(Exit.ARGUMENT, "--recipient asks about everybody", expected="disclosures, and no --reference")
        streaming.ask_about_recipient(recipient, purpose, ticket)
        return

    asking.ask_about(question, reference, purpose, ticket, as_json=json)


@report_app.command("account")
def report_account(
    *,
    out: Annotated[Path, typer.Option(help="The file to write: .pdf, .json, or .zip with the proofs.")],
    purpose: PurposeOption = "whosaw:AccessRequest",
    reference: ReferenceOption = None,
    ticket: TicketOption = None,
    language: Annotated[str, typer.Option(metavar="en|fr", help="Its language.")] = "en",
) -> None:
    """Write one person's account: what is held, who received it, who looked, and the proof. Issuing it is recorded."""
    from api.cli import asking  # noqa: PLC0415 - heavy

    asking.write_account(reference, purpose, ticket, language, out)


@keys_app.command("issue")
def keys_issue(
    role: Annotated[
        str | None,
        typer.Argument(
            metavar="[ROLE]", help="emitter, officer, regulator, compliance, legal, auditor or admin; or name scopes."
        ),
    ] = None,
    *,
    label: Annotated[str, typer.Option(help="What it is for; no personal value.")],
    source: Annotated[list[str] | None, typer.Option(help="What an emitter may speak for; may be repeated.")] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(help="What it may do beside its role, such as seal:city-police; may be repeated."),
    ] = None,
    person: Annotated[
        str | None,
        typer.Option(help="Your name for who holds it, such as an employee number; for clearance, which takes two."),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="Until it expires.")] = 365,
) -> None:
    """Issue an API key and print it once."""
    from api.cli import keys  # noqa: PLC0415 - heavy

    keys.issue(role, label, scope or [], source or [], days, person)


@keys_app.command("list")
def keys_list() -> None:
    """List the API keys, without their secrets."""
    from api.cli import keys  # noqa: PLC0415 - heavy

    keys.show()


@keys_app.command("revoke")
def keys_revoke(key_id: Annotated[str, typer.Argument(metavar="KEY-ID", help="As the list shows it.")]) -> None:
    """Stop an API key for good."""
    from api.cli import keys  # noqa: PLC0415 - heavy

    keys.revoke(key_id)


@keys_app.command("log")
def keys_log() -> None:
    """Print each log's public key, which verifies its checkpoints."""
    from api.cli import keys  # noqa: PLC0415 - heavy

    keys.show_logs()


@tiles_app.command("export")
def tiles_export(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write; what is there is kept.")],
    *,
    hashes_only: Annotated[bool, typer.Option("--hashes-only", help="Leave the entries out.")] = False,
) -> None:
    """Write checkpoint, tiles and entry bundles of each log as static files. Safe to repeat, and to interrupt."""
    from api.cli import tiles  # noqa: PLC0415 - heavy

    tiles.export(directory, hashes_only=hashes_only)


@proof_app.command("inclusion")
def proof_inclusion(
    *,
    position: Annotated[int, typer.Option(min=1, help="The entry's, as its receipt says.")],
    out: Annotated[Path, typer.Option(help="The file to write, such as 7.tlog-proof.")],
    log: Annotated[int, typer.Option(min=0, help="The log's id.")] = 0,
    size: Annotated[int | None, typer.Option(min=1, help="Of the checkpoint; the newest otherwise.")] = None,
) -> None:
    """Prove that an entry is under a checkpoint. Asks WHOSAW_URL."""
    from api.cli import proving  # noqa: PLC0415 - heavy

    proving.write_proof("inclusion", log, {"position": position, "size": size}, out)


@proof_app.command("consistency")
def proof_consistency(
    *,
    old: Annotated[int, typer.Option("--from", min=0, help="The older checkpoint's size.")],
    out: Annotated[Path, typer.Option(help="The file to write.")],
    log: Annotated[int, typer.Option(min=0, help="The log's id.")] = 0,
    new: Annotated[int | None, typer.Option("--to", min=1, help="The newer one's; the newest otherwise.")] = None,
) -> None:
    """Prove that a checkpoint extends an older one. Asks WHOSAW_URL."""
    from api.cli import proving  # noqa: PLC0415 - heavy

    proving.write_proof("consistency", log, {"from": old, "to": new}, out)


@keys_app.command("rotate")
def keys_rotate(
    log: Annotated[int, typer.Argument(min=0, help="The log's id, such as 0.")],
    *,
    retire: Annotated[bool, typer.Option("--retire", help="End the rotation under way: the old key goes.")] = False,
    revoke: Annotated[bool, typer.Option("--revoke", help="The old key is in wrong hands: both at once.")] = False,
) -> None:
    """Give a log a new signing key; both sign until it is retired. Restart every server after each step."""
    from api.cli import keys  # noqa: PLC0415 - heavy

    keys.rotate(log, retire=retire, revoke=revoke)


@keys_app.command("rotate-kek")
def keys_rotate_kek() -> None:
    """Wrap every person's key and names under a new key-encryption key, beside serving processes. Run it as the owner.

    Safe to interrupt, and to repeat: it goes on with what is left.
    """
    from api.cli import key_encryption  # noqa: PLC0415 - heavy

    key_encryption.rotate()


@keys_app.command("destroy-kek")
def keys_destroy_kek() -> None:
    """Destroy all key-encryption keys but the newest: older copies of the database open no more. For the owner."""
    from api.cli import key_encryption  # noqa: PLC0415 - heavy

    key_encryption.destroy()


@app.command()
def restore() -> None:
    """Forget again, in a database that was put back, everybody who was forgotten since. Run it as its owner."""
    from api.cli import restoring  # noqa: PLC0415 - heavy

    restoring.restore()


@app.command()
def audit(
    *,
    log: Annotated[int | None, typer.Option(min=0, help="One log's id; all otherwise.")] = None,
    against: Annotated[Path | None, typer.Option(metavar="DIR", help="Checkpoints that were kept elsewhere.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes; as many as there are cores otherwise.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over, if an audit was interrupted.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Recompute everything from stored bytes and name what does not match; exit code 1 if something does not."""
    from api.cli import audit as whole  # noqa: PLC0415 - heavy

    if not whole.audit(log, against, jobs, fresh=fresh, as_json=json):
        raise typer.Exit(Exit.NO)


@app.command()
def doctor(
    *,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a check.")] = False,
) -> None:
    """Check settings, database, roles, keys, lag and clock; exit code 1 if something is wrong."""
    from api.cli import examination  # noqa: PLC0415 - heavy

    if not examination.examine(as_json=json):
        raise typer.Exit(Exit.NO)
