"""Workshops: what people do with the commons beside asking it. None knows another; rooms bring them together.

Every generation of every workshop goes through ``Inference.ask`` with ``Asking(workshop=...)``.
"""
