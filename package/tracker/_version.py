"""The one version of the Python package and of the JupyterLab extension."""

__version__ = "0.1.0"
