"""Products, exponentials and projections of N x N matrices, V sites at a time (see `staging`).

Every microkernel is called as ``name(size, lanes, ((address, stride), ...), factor)``.
"""

import math

from gaugeflow.kernels.numba.simd.staging import Complex, Emitter, Lines, Matrix, Vector, microkernel

__all__ = [
    "add_scaled",
    "adjoint",
    "exp_step",
    "force_add",
    "identity",
    "prefetch",
    "product",
    "product_add",
    "product_adjoint",
    "product_adjoint_add",
    "rotate_determinant",
    "scaled",
    "times_i_hermitian",
    "trace_product",
    "trace_product_adjoint",
]


@microkernel
def prefetch(emit: Emitter, a: Lines, factor: Vector) -> None:
    """Asks for a matrix before it is needed; the factor is not used."""
    for line in range(2 * emit.n * emit.n):
        a.prefetch(line)


@microkernel
def scaled(emit: Emitter, dst: Lines, a: Lines, factor: Vector) -> None:
    """``dst = factor a``."""
    for line in range(2 * emit.n * emit.n):
        dst[line] = a[line] * factor


@microkernel
def add_scaled(emit: Emitter, dst: Lines, a: Lines, factor: Vector) -> None:
    """``dst += factor a``."""
    for line in range(2 * emit.n * emit.n):
        dst[line] = dst[line] + a[line] * factor


@microkernel
def adjoint(emit: Emitter, dst: Lines, a: Lines, factor: Vector) -> None:
    """``dst = a^dagger``; the factor is not used."""
    target, source = Matrix(dst), Matrix(a)
    for i, j in emit.entries():
        target[i, j] = source[j, i].conj()


@microkernel
def identity(emit: Emitter, dst: Lines, factor: Vector) -> None:
    """``dst = factor 1``."""
    for i in range(emit.n):
        for j in range(emit.n):
            dst[2 * (i * emit.n + j)] = factor if i == j else emit.constant(0.0)
            dst[2 * (i * emit.n + j) + 1] = emit.constant(0.0)


def _entry(emit: Emitter, a: Matrix, b: Matrix, i: int, j: int) -> Complex:
    return emit.dot(lambda k: a[i, k], lambda k: b[k, j])


def _entry_adjoint(emit: Emitter, a: Matrix, b: Matrix, i: int, j: int) -> Complex:
    """``sum_k a_ik conj(b_jk)``."""
    return emit.dot(lambda k: a[i, k], lambda k: b[j, k].conj())


@microkernel
def product(emit: Emitter, dst: Lines, a: Lines, b: Lines, factor: Vector) -> None:
    """``dst = a b``; the factor is not used."""
    target, left, right = Matrix(dst), Matrix(a), Matrix(b)
    for i, j in emit.entries():
        target[i, j] = _entry(emit, left, right, i, j)


@microkernel
def product_adjoint(emit: Emitter, dst: Lines, a: Lines, b: Lines, factor: Vector) -> None:
    """``dst = a b^dagger``; the factor is not used."""
    target, left, right = Matrix(dst), Matrix(a), Matrix(b)
    for i, j in emit.entries():
        target[i, j] = _entry_adjoint(emit, left, right, i, j)


@microkernel
def product_add(emit: Emitter, dst: Lines, a: Lines, b: Lines, factor: Vector) -> None:
    """``dst += factor a b``."""
    target, left, right = Matrix(dst), Matrix(a), Matrix(b)
    for i, j in emit.entries():
        target[i, j] = target[i, j] + _entry(emit, left, right, i, j) * factor


@microkernel
def product_adjoint_add(emit: Emitter, dst: Lines, a: Lines, b: Lines, factor: Vector) -> None:
    """``dst += factor a b^dagger``."""
    target, left, right = Matrix(dst), Matrix(a), Matrix(b)
    for i, j in emit.entries():
        target[i, j] = target[i, j] + _entry_adjoint(emit, left, right, i, j) * factor


def _trace(emit: Emitter, dst: Lines, entry: object, a: Matrix, b: Matrix) -> None:
    total = entry(emit, a, b, 0, 0)  # type: ignore[operator]
    for i in range(1, emit.n):
        total = total + entry(emit, a, b, i, i)  # type: ignore[operator]
    dst[0], dst[1] = total.re, total.im


@microkernel
def trace_product(emit: Emitter, dst: Lines, a: Lines, b: Lines, factor: Vector) -> None:
    """``tr a b``: two lines, real and imaginary part; the factor is not used."""
    _trace(emit, dst, _entry, Matrix(a), Matrix(b))


@microkernel
def trace_product_adjoint(emit: Emitter, dst: Lines, a: Lines, b: Lines, factor: Vector) -> None:
    """``tr a b^dagger``; the factor is not used."""
    _trace(emit, dst, _entry_adjoint, Matrix(a), Matrix(b))


@microkernel
def force_add(emit: Emitter, momenta: Lines, m: Lines, mask: Lines, factor: Vector) -> None:
    """``p_a += factor mask Im tr(T_a M)`` in the basis of :class:`gaugeflow.groups.SUN`; n = 1: ``T = 1``."""
    matrix, weight = Matrix(m), mask[0] * factor

    def add(a: int, value: Vector) -> None:
        momenta[a] = momenta[a] + value * weight

    if emit.n == 1:
        add(0, matrix[0, 0].im)
    half, above = emit.constant(0.5), matrix[0, 0].im
    for k in range(1, emit.n):
        for j in range(k):
            add(k * k - 1 + 2 * j, (matrix[j, k].im + matrix[k, j].im) * half)
            add(k * k + 2 * j, (matrix[j, k].re - matrix[k, j].re) * half)
        norm = 1 / math.sqrt(2 * k * (k + 1))
        add(k * k + 2 * k - 1, (above - matrix[k, k].im * emit.constant(k)) * emit.constant(norm))
        above = above + matrix[k, k].im


@microkernel
def times_i_hermitian(emit: Emitter, dst: Lines, momenta: Lines, factor: Vector) -> None:
    """``dst = i factor p_a T_a``."""
    target, n = Matrix(dst), emit.n
    zero, half = emit.constant(0.0), emit.constant(0.5)
    diagonal = [zero] * n
    if n == 1:
        diagonal[0] = momenta[0] * factor
    for k in range(1, n):
        for j in range(k):
            x = momenta[k * k - 1 + 2 * j] * factor * half
            y = momenta[k * k + 2 * j] * factor * half
            target[j, k], target[k, j] = Complex(y, x), Complex(-y, x)
        w = momenta[k * k + 2 * k - 1] * factor * emit.constant(1 / math.sqrt(2 * k * (k + 1)))
        diagonal = [entry + w for entry in diagonal[:k]] + [diagonal[k] - w * emit.constant(k)] + diagonal[k + 1 :]
    for i in range(n):
        target[i, i] = Complex(zero, diagonal[i])


def _determinant(a: Matrix, n: int) -> Complex:
    if n == 1:
        return a[0, 0]
    if n == 2:
        return a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0]
    minors = [a[1, (j + 1) % 3] * a[2, (j + 2) % 3] - a[1, (j + 2) % 3] * a[2, (j + 1) % 3] for j in range(3)]
    return (a[0, 0] * minors[0]).plus_product(a[0, 1], minors[1]).plus_product(a[0, 2], minors[2])


@microkernel
def exp_step(emit: Emitter, dst: Lines, x: Lines, factor: Vector) -> None:
    """``dst = exp(X)`` for anti-Hermitian X of norm <= 1, traceless for N = 2, 3; N <= 3; the factor is not used.

    Horner's rule for the Taylor series, each power of ``X = i H`` reduced to lower ones by Cayley and Hamilton:
    ``H^3 = (tr H^2 / 2) H + det H`` (C. Morningstar and M. Peardon, hep-lat/0311018, sec. III), which leaves N
    complex coefficients. The order makes the remainder smaller than rounding.
    """
    n, a = emit.n, Matrix(x)
    h = [[Complex(a[i, j].im, -a[i, j].re) for j in range(n)] for i in range(n)]
    square = [[emit.dot(lambda k, i=i: h[i][k], lambda k, j=j: h[k][j]) for j in range(n)] for i in range(n)]  # type: ignore[misc]
    q = [Complex(emit.constant(0.0), emit.constant(0.0)) for _ in range(n)]
    half_trace = square[0][0].re
    for i in range(1, n):
        half_trace = half_trace + square[i][i].re
    half_trace = half_trace * emit.constant(0.5)
    if n == 3:  # det(i H) = -i det H, so det H = -Im det(i H)
        reduce = [-_determinant(a, 3).im, half_trace]
    else:
        reduce = [h[0][0].re] if n == 1 else [half_trace]
    for order in reversed(range(11 if emit.itemsize == 4 else 19)):
        top = q[-1]
        lower = [top * reduce[0]] + [q[m] for m in range(n - 1)]
        if n == 3:
            lower[1] = lower[1] + top * reduce[1]
        size = emit.constant((-1) ** (order // 2) / math.factorial(order))
        lower[0] = Complex(lower[0].re, lower[0].im + size) if order % 2 else Complex(lower[0].re + size, lower[0].im)
        q = lower
    target = Matrix(dst)
    for i in range(n):
        for j in range(n):
            entry = q[0] if i == j else Complex(emit.constant(0.0), emit.constant(0.0))
            if n > 1:
                entry = entry.plus_product(q[1], h[i][j])
            if n > 2:
                entry = entry.plus_product(q[2], square[i][j])
            target[i, j] = entry


def _polynomial(emit: Emitter, x: Vector, coefficients: list[float]) -> Vector:
    total = emit.constant(coefficients[-1])
    for c in reversed(coefficients[:-1]):
        total = total * x + emit.constant(c)
    return total


@microkernel
def rotate_determinant(emit: Emitter, dst: Lines, a: Lines, factor: Vector) -> None:
    """``dst = a exp(-i phi / N)`` for unitary ``a`` with ``det a = exp(i phi)`` near 1, N = 2, 3."""
    n, matrix, target = emit.n, Matrix(a), Matrix(dst)
    sine = _determinant(matrix, n).im
    phi = sine * _polynomial(emit, sine * sine, [1, 1 / 6, 3 / 40, 15 / 336]) * emit.constant(1 / n)
    cosine = _polynomial(emit, phi * phi, [1, -1 / 2, 1 / 24, -1 / 720])
    phase = Complex(cosine, -phi * _polynomial(emit, phi * phi, [1, -1 / 6, 1 / 120]))
    for i in range(n):
        for j in range(n):
            target[i, j] = matrix[i, j] * phase
