"""The CUDA backend: triton kernels for N <= 3."""
