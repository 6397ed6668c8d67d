"""The reference backend: short, differentiable, any N, any device."""
