"""Vector code by staging: ordinary Python arithmetic on symbolic vectors, run once by numba's compiler, emits LLVM IR.

Numba's own vectoriser gives up on loops over small matrices, so the products of N x N matrices on a row of sites are
written out for explicit vectors ``<V x real>`` instead. A *microkernel* is a Python function

    @microkernel
    def product(emit, dst, a, b):
        for i, j in emit.entries():
            dst[i, j] = dot(...)

which runs at compile time and records instructions; in compiled code it is called with addresses,

    product(size, lanes, ((dst, stride), (a, stride), (b, stride)))

where ``size`` is any tuple of length N and ``lanes`` any tuple of V floats: only their types count. Entry (i, j) of a
matrix is two lines of memory, the real and the imaginary part of V neighbouring sites; lines are ``stride`` reals
apart, in the order of (i, j). Operands of one call never overlap unless a microkernel says that they may.
"""

from collections.abc import Callable, Iterator
from itertools import product as pairs
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

__all__ = ["Complex", "Emitter", "Lines", "Matrix", "Vector", "microkernel"]

UNROLLED_UP_TO = 4
"""Largest N whose matrix products are straight-line code; beyond, the entries are visited by a loop."""
CONTRACT = ("contract",)  # lets the compiler fuse a * b + c into one instruction


class Vector:
    """One symbolic vector register."""

    def __init__(self, builder: ir.IRBuilder, value: ir.Value) -> None:
        self.builder, self.value = builder, value

    def _of(self, value: ir.Value) -> "Vector":
        return Vector(self.builder, value)

    def __add__(self, other: "Vector") -> "Vector":
        return self._of(self.builder.fadd(self.value, other.value, flags=CONTRACT))

    def __sub__(self, other: "Vector") -> "Vector":
        return self._of(self.builder.fsub(self.value, other.value, flags=CONTRACT))

    def __mul__(self, other: "Vector") -> "Vector":
        return self._of(self.builder.fmul(self.value, other.value, flags=CONTRACT))

    def __neg__(self) -> "Vector":
        return self._of(self.builder.fneg(self.value))


class Complex:
    """A complex number in each lane."""

    def __init__(self, re: Vector, im: Vector) -> None:
        self.re, self.im = re, im

    def __add__(self, other: "Complex") -> "Complex":
        return Complex(self.re + other.re, self.im + other.im)

    def __sub__(self, other: "Complex") -> "Complex":
        return Complex(self.re - other.re, self.im - other.im)

    def __mul__(self, other: "Complex | Vector") -> "Complex":
        if isinstance(other, Vector):
            return Complex(self.re * other, self.im * other)
        return Complex(self.re * other.re - self.im * other.im, self.re * other.im + self.im * other.re)

    def plus_product(self, a: "Complex", b: "Complex") -> "Complex":
        """``self + a b`` in four fused instructions."""
        return Complex(self.re + a.re * b.re - a.im * b.im, self.im + a.re * b.im + a.im * b.re)

    def conj(self) -> "Complex":
        return Complex(self.re, -self.im)


class Lines:
    """Real vectors in memory, ``stride`` reals apart."""

    def __init__(self, emit: "Emitter", address: ir.Value, stride: ir.Value) -> None:
        self.emit, self.address, self.stride = emit, address, stride

    def _pointer(self, line: ir.Value | int) -> ir.Value:
        builder, integer = self.emit.builder, self.address.type
        index = builder.mul(self.emit.integer(line, integer), self.stride)
        offset = builder.mul(index, ir.Constant(integer, self.emit.itemsize))
        return builder.inttoptr(builder.add(self.address, offset), ir.PointerType())

    def prefetch(self, line: int) -> None:
        """Asks for a line before it is needed, into the second level of the cache."""
        word, builder = ir.IntType(32), self.emit.builder
        signature = ir.FunctionType(ir.VoidType(), [ir.PointerType(), word, word, word])
        function = cgutils.get_or_insert_function(builder.module, signature, "llvm.prefetch.p0")
        builder.call(function, [self._pointer(line), word(0), word(2), word(1)])  # read, locality 2, data

    def __getitem__(self, line: ir.Value | int) -> Vector:
        value = self.emit.builder.load(self._pointer(line), align=self.emit.itemsize, typ=self.emit.vector)
        return Vector(self.emit.builder, value)

    def __setitem__(self, line: ir.Value | int, vector: Vector) -> None:
        self.emit.builder.store(vector.value, self._pointer(line), align=self.emit.itemsize)


class Matrix:
    """An N x N matrix in memory; entries with constant indices are read once, those of a loop each time."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self._read: dict[tuple[int, int], Complex] = {}

    def _line(self, i: ir.Value | int, j: ir.Value | int) -> ir.Value | int:
        emit = self.lines.emit
        if isinstance(i, int) and isinstance(j, int):
            return 2 * (i * emit.n + j)
        builder, integer = emit.builder, self.lines.address.type
        row = builder.mul(emit.integer(i, integer), ir.Constant(integer, 2 * emit.n))
        return builder.add(row, builder.mul(emit.integer(j, integer), ir.Constant(integer, 2)))

    def __getitem__(self, index: tuple[Any, Any]) -> Complex:
        constant = all(isinstance(k, int) for k in index)
        if constant and index in self._read:
            return self._read[index]
        line = self._line(*index)
        entry = Complex(self.lines[line], self.lines[self._next(line)])
        if constant:
            self._read[index] = entry
        return entry

    def __setitem__(self, index: tuple[Any, Any], entry: Complex) -> None:
        line = self._line(*index)
        self.lines[line] = entry.re
        self.lines[self._next(line)] = entry.im

    def _next(self, line: ir.Value | int) -> ir.Value | int:
        if isinstance(line, int):
            return line + 1
        return self.lines.emit.builder.add(line, ir.Constant(line.type, 1))


class Emitter:
    """The instructions of one microkernel call: matrix size, vector type, constants and loops."""

    def __init__(self, builder: ir.IRBuilder, n: int, vector: ir.VectorType, itemsize: int) -> None:
        self.builder, self.n, self.vector, self.itemsize = builder, n, vector, itemsize

    def integer(self, value: ir.Value | int, type_: ir.Type) -> ir.Value:
        return ir.Constant(type_, value) if isinstance(value, int) else value

    def constant(self, number: float) -> Vector:
        return Vector(self.builder, ir.Constant(self.vector, [number] * self.vector.count))

    def broadcast(self, scalar: ir.Value) -> Vector:
        """A float64 of the compiled code in every lane."""
        if self.itemsize == 4:
            scalar = self.builder.fptrunc(scalar, self.vector.element)
        undefined = ir.Constant(self.vector, ir.Undefined)
        first = self.builder.insert_element(undefined, scalar, ir.Constant(ir.IntType(32), 0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), self.vector.count), [0] * self.vector.count)
        return Vector(self.builder, self.builder.shuffle_vector(first, undefined, zeros))

    def entries(self) -> Iterator[tuple[Any, Any]]:
        """All (i, j): written out for small N; else once, inside an emitted loop over both."""
        if self.n <= UNROLLED_UP_TO:
            yield from pairs(range(self.n), range(self.n))
            return
        count = ir.Constant(ir.IntType(64), self.n)
        with cgutils.for_range(self.builder, count) as i, cgutils.for_range(self.builder, count) as j:
            yield i.index, j.index

    def dot(self, a: Callable[[int], Complex], b: Callable[[int], Complex]) -> Complex:
        """``sum_k a(k) b(k)``."""
        total = a(0) * b(0)
        for k in range(1, self.n):
            total = total.plus_product(a(k), b(k))
        return total


def microkernel(body: Callable[..., None]) -> Any:
    """Makes ``body(emit, *operands)`` or ``body(emit, *operands, factor)`` callable in compiled code.

    The compiled call takes ``(size, lanes, ((address, stride), ...))`` and a float64 ``factor``. Operands arrive in
    ``body`` as :class:`Lines`.
    """

    def typer(typing_context: Any, size: Any, lanes: Any, operands: Any, factor: Any) -> Any:
        signature = types.void(size, lanes, operands, types.float64)

        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            size_type, lanes_type = signature.args[:2]
            real = context.get_value_type(lanes_type.dtype)
            itemsize = lanes_type.dtype.bitwidth // 8
            emit = Emitter(builder, size_type.count, ir.VectorType(real, lanes_type.count), itemsize)
            pointers = [cgutils.unpack_tuple(builder, operand) for operand in cgutils.unpack_tuple(builder, args[2])]
            body(emit, *(Lines(emit, *pointer) for pointer in pointers), emit.broadcast(args[3]))
            return context.get_dummy_value()

        return signature, codegen

    typer.__name__ = body.__name__
    typer.__doc__ = body.__doc__
    return intrinsic(typer)
