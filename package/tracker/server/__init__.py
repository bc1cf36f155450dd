"""The JupyterLab door: what the extension in ``labextension/`` asks of the Jupyter server.

It reads the store by itself and needs no kernel. Jupyter loads it because
``etc/jupyter/jupyter_server_config.d/tracker.json`` names it, which the wheel brings along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Say where Jupyter finds the function below."""
    return [{"module": "tracker.server"}]


def _load_jupyter_server_extension(app: ServerApp) -> None:
    """Answer addresses below ``/tracker/api/``."""
    from tracker.server.handlers import routes

    app.web_app.add_handlers(".*$", routes(app.base_url))  # type: ignore[no-untyped-call]
