"""The benchmarks: every figure measured in one run beside its limit.

``uv run --directory tests python -m benchmarks`` runs them all; pytest never does. Linux only: the
processor time and the memory of another process are read as Linux tells them.
"""
