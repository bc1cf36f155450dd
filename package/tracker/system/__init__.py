"""Readings of the machine: CPU, memory, disk, network and NVIDIA GPUs.

This room knows nothing of runs: a :class:`Sampler` hands its readings to a callback, and
:func:`read_hardware` describes the machine once.
"""

from __future__ import annotations

from tracker.system.hardware import read_hardware
from tracker.system.sampler import Sampler

__all__ = ["Sampler", "read_hardware"]
