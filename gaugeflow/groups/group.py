"""What every gauge group offers to the rest of the package."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["Group"]


class Group(ABC):
    """A compact group whose elements are tensors ``(..., *element_shape)``.

    To write a new one:

    * choose how an element is stored (``element_shape``) and how an algebra vector is (``algebra_shape``);
    * give the product, the inverse and the normalised trace;
    * give ``exp`` and ``log`` between algebra coefficients and elements, with ``U = exp(i w_a T_a)``;
    * give Haar samples and the projection of a nearby element back to the group.

    ``dtype`` arguments are always the real dtype (float32 or float64); ``element_dtype`` tells what an element is.
    """

    name: str
    """Lower-case name used in files and configurations: ``u1``, ``su2``, ``su3``, ..."""
    n: int
    """Size of the defining matrices."""
    dim: int
    """Dimension of the algebra."""
    element_shape: tuple[int, ...]
    algebra_shape: tuple[int, ...]

    @abstractmethod
    def element_dtype(self, dtype: torch.dtype) -> torch.dtype:
        """The dtype of an element over real numbers of ``dtype``."""

    @abstractmethod
    def basis(self, dtype: torch.dtype = torch.float64, device: torch.device | str | None = None) -> Tensor:
        """Hermitian generators, complex, shape ``(dim, n, n)``."""

    @abstractmethod
    def identity(
        self,
        size: Sequence[int] = (),
        dtype: torch.dtype = torch.float64,
        device: torch.device | str | None = None,
    ) -> Tensor:
        """The unit element, shape ``(*size, *element_shape)``."""

    @abstractmethod
    def haar(
        self,
        size: Sequence[int],
        generator: torch.Generator,
        dtype: torch.dtype = torch.float64,
    ) -> Tensor:
        """Independent Haar-distributed elements on the generator's device, shape ``(*size, *element_shape)``."""

    @abstractmethod
    def exp(self, w: Tensor) -> Tensor:
        """``exp(i w_a T_a)``: coefficients ``(..., *algebra_shape)`` to elements ``(..., *element_shape)``."""

    @abstractmethod
    def log(self, u: Tensor) -> Tensor:
        """Coefficients ``w`` of the principal logarithm, ``exp(log(u)) = u``."""

    @abstractmethod
    def algebra(self, w: Tensor) -> Tensor:
        """The Hermitian matrix ``w_a T_a``; for U(1), whose elements are angles, ``w`` itself."""

    @abstractmethod
    def coefficients(self, h: Tensor) -> Tensor:
        """Inverse of :meth:`algebra`; parts of ``h`` outside the algebra are projected away."""

    @abstractmethod
    def project(self, u: Tensor) -> Tensor:
        """An element close to ``u``, the same for elements; for U(1) the representative in (-pi, pi]."""

    @abstractmethod
    def eigenangles(self, u: Tensor) -> Tensor:
        """Arguments of the eigenvalues, ascending in (-pi, pi], shape ``(..., n)``."""

    @abstractmethod
    def mul(self, a: Tensor, b: Tensor) -> Tensor:
        """The product ``a b``."""

    @abstractmethod
    def dagger(self, u: Tensor) -> Tensor:
        """The inverse."""

    @abstractmethod
    def trace(self, u: Tensor) -> Tensor:
        """``(1/n) tr u``, complex, shape of ``u`` without ``element_shape``."""

    @abstractmethod
    def violation(self, u: Tensor) -> Tensor:
        """How far ``u`` is from the group: the largest of ``|u u^dagger - 1|`` and ``|det u - 1|`` in each element."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Group) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)
