"""The comm target ``tracker``: pages open a comm of their own to a panel of this kernel.

A front end runs such a comm in a subshell of its own, so that a page is answered while a
cell is busy; a widget's own comm waits for the cell.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Final

from tracker.panels.page.board import Board
from tracker.panels.page.client import Client

TARGET: Final = "tracker"
# The name of the view that stands for all pages without a comm of their own.
EVERYBODY: Final = "everybody"

_guard = threading.Lock()
_boards: dict[str, Board] = {}


def register(board: Board) -> None:
    """Let pages find a panel."""
    with _guard:
        _boards[board.id] = board
        _manager().register_target(TARGET, _opened)


def unregister(board: Board) -> None:
    """Let pages find a panel no more; without panels the target goes."""
    with _guard:
        _boards.pop(board.id, None)
        manager = _manager()
        if not _boards and manager.targets.get(TARGET) is _opened:
            manager.unregister_target(TARGET, _opened)


def _manager() -> Any:
    """Return the kernel's comm manager, or one that nobody hears where there is no kernel."""
    import comm

    return comm.get_comm_manager()


def _opened(comm: Any, message: dict[str, Any]) -> None:
    # ipykernel answers a comm where its last message was sent from. Messages from the pushing
    # thread count as the main shell's, so a page's next question would wait for the cell.
    vars(comm)["_reply_subshell_for"] = lambda _data, default: default
    hello = message["content"]["data"]
    board = _boards.get(str(hello.get("panel")))
    if board is None:
        comm.send({"type": "gone"})
        comm.close()
        return

    def send(content: dict[str, Any], buffers: Sequence[bytes]) -> None:
        comm.send(content, buffers=list(buffers))

    def hear(heard: dict[str, Any]) -> None:
        said = heard["content"]["data"]
        if said.get("type") == "bye":
            board.leave(comm.comm_id)
            comm.close()
        else:
            board.hear(client, said)

    client = Client(send, comm.close)
    comm.on_msg(hear)
    comm.on_close(lambda _message: board.leave(comm.comm_id))
    board.leave(EVERYBODY)
    board.greet(comm.comm_id, client, hello)
