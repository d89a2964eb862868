"""Whose run it is: the desk that its manifest names, under which the store keeps it.

A desk is a name between the store and its runs, <store>/<desk>/<run_id>, so that rights can be
given by prefix. It is no part of the run id: the same request is the same run at every desk.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pipeline.settings import Settings
from pipeline.storage.identity import checked_desk
from pipeline.storage.manifest import MANIFEST_PATH, UnreadableDocumentError, read_json


class OtherDeskError(Exception):
    """The run belongs to another desk than the one it was asked for."""


def stored_desk(folder: Path, name: str = MANIFEST_PATH) -> str | None:
    """The desk that the manifest in `folder` names, empty for none; None without a manifest.

    `name` is that of the manifest.

    Raises UnreadableDocumentError for what is no name of a desk.
    """
    try:
        desk = str(read_json(folder / name).get("desk", ""))
    except UnreadableDocumentError:  # there is none, or it is written anew
        return None
    try:
        return checked_desk(desk) if desk else desk
    except ValueError as error:
        raise UnreadableDocumentError(f"{name}: desk: {desk!r} {error}") from None


def at_its_desk(folder: Path, settings: Settings) -> Settings:
    """The settings with the desk that the run in `folder` was made for; of a new run their own.

    Raises OtherDeskError where they name another one, UnreadableDocumentError.
    """
    desk = stored_desk(folder)
    if desk is None:
        return settings
    if settings.desk not in ("", desk):
        whose = f"desk {desk!r}" if desk else "no desk"
        raise OtherDeskError(
            f"desk: {settings.desk!r}, but run {folder.name} in {folder.parent} belongs to {whose};"
            " take another --out, or leave --desk out"
        )
    return replace(settings, desk=desk)
