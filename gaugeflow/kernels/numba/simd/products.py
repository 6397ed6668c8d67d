"""Products with a left adjoint and matrices times a number of their own at each site (see `matrices`)."""

from gaugeflow.kernels.numba.simd.staging import Complex, Emitter, Lines, Matrix, Vector, microkernel

__all__ = [
    "add_number",
    "add_scaled_by_site",
    "adjoint_product_add",
    "weighted_add",
    "weighted_adjoint_add",
    "weighted_conjugate_add",
]


@microkernel
def adjoint_product_add(emit: Emitter, dst: Lines, a: Lines, b: Lines, factor: Vector) -> None:
    """``dst += factor a^dagger b``."""
    target, left, right = Matrix(dst), Matrix(a), Matrix(b)
    for i, j in emit.entries():
        entry = emit.dot(lambda k, i=i: left[k, i].conj(), lambda k, j=j: right[k, j])  # type: ignore[misc]
        target[i, j] = target[i, j] + entry * factor


@microkernel
def add_scaled_by_site(emit: Emitter, dst: Lines, a: Lines, real: Lines, factor: Vector) -> None:
    """``dst += real a`` with a real number at each site: one line; the factor is not used."""
    number = real[0]
    for line in range(2 * emit.n * emit.n):
        dst[line] = dst[line] + a[line] * number


@microkernel
def weighted_add(emit: Emitter, dst: Lines, z: Lines, a: Lines, factor: Vector) -> None:
    """``dst += factor z a`` with a complex number z at each site: two lines."""
    target, source, weight = Matrix(dst), Matrix(a), Complex(z[0], z[1]) * factor
    for i, j in emit.entries():
        target[i, j] = target[i, j].plus_product(weight, source[i, j])


@microkernel
def weighted_conjugate_add(emit: Emitter, dst: Lines, z: Lines, a: Lines, factor: Vector) -> None:
    """``dst += factor conj(z) a``."""
    target, source, weight = Matrix(dst), Matrix(a), Complex(z[0], -z[1]) * factor
    for i, j in emit.entries():
        target[i, j] = target[i, j].plus_product(weight, source[i, j])


@microkernel
def weighted_adjoint_add(emit: Emitter, dst: Lines, z: Lines, a: Lines, factor: Vector) -> None:
    """``dst += factor z a^dagger``."""
    target, source, weight = Matrix(dst), Matrix(a), Complex(z[0], z[1]) * factor
    for i, j in emit.entries():
        target[i, j] = target[i, j].plus_product(weight, source[j, i].conj())


@microkernel
def add_number(emit: Emitter, dst: Lines, a: Lines, factor: Vector) -> None:
    """``dst += factor a`` for complex numbers: two lines."""
    for line in range(2):
        dst[line] = dst[line] + a[line] * factor
