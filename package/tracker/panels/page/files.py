"""Files of media for a page: it names them by content, and keeps what it has got."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tracker.errors import TrackerError
from tracker.panels.page.client import Client
from tracker.store.files.objects import Objects

# Larger answers are split, so that what is small is not kept waiting.
MESSAGE_BYTES: Final = 4 * 1024 * 1024
MOST_NAMES: Final = 500
_ENDING = "/"


def send_files(client: Client, message: Mapping[str, Any], objects: Objects) -> None:
    """Answer a page's question for files.

    A name is a digest, behind a slash perhaps the form that is wanted: ``thumb``, a small copy
    of an image, or ``sound``, audio as browsers play it.
    """
    names = message.get("names")
    wanted = [str(name) for name in names[:MOST_NAMES]] if isinstance(names, list) else []
    for part, buffers, lost in _batches(wanted, objects):
        client.send({"type": "files", "names": part, "lost": lost}, buffers)


def _batches(
    names: Sequence[str], objects: Objects
) -> Iterator[tuple[list[str], list[bytes], dict[str, str]]]:
    part: list[str] = []
    buffers: list[bytes] = []
    lost: dict[str, str] = {}
    for name in names:
        try:
            content = _file(name, objects)
        except (TrackerError, OSError, ValueError) as error:
            lost[name] = str(error)
            continue
        part.append(name)
        buffers.append(content)
        if sum(map(len, buffers)) >= MESSAGE_BYTES:
            yield part, buffers, lost
            part, buffers, lost = [], [], {}
    if part or lost:
        yield part, buffers, lost


def _file(name: str, objects: Objects) -> bytes:
    digest, _, form = name.partition(_ENDING)
    content = objects.path(digest).read_bytes()
    maker = _FORMS.get(form)
    return content if maker is None else maker(content)


def _thumb(content: bytes) -> bytes:
    from PIL import Image as Pil

    from tracker.media.thumbnail import make_thumbnail

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Pil.DecompressionBombWarning)
            return make_thumbnail(Pil.open(io.BytesIO(content)))[0]
    except Exception:  # noqa: BLE001 - the page shows the file itself, as far as it can
        return content


def _sound(content: bytes) -> bytes:
    from tracker.media.audio import Audio

    return Audio(io.BytesIO(content)).playable()


_FORMS: Final = {"thumb": _thumb, "sound": _sound}
