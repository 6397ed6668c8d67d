"""What the benchmarks `scripts/bench_*.py` have in common."""
