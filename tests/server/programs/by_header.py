"""An authorizer of Jupyter's: a request says itself what it may do with runs."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth.authorizer import Authorizer


class ByHeader(Authorizer):
    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        allowed = handler.request.headers.get("X-May", "read write execute").split()
        return resource != "tracker" or action in allowed
