"""Meters: what counts this machine's energy. Each passes ``tests/contracts/test_meter.py``; ``choose`` picks one."""
