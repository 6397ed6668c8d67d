"""What integrated flows of links share."""

from torch import Tensor

from gaugeflow.flows.integrated import Integrated
from gaugeflow.groups import group_of

__all__ = ["LinkFlow"]


class LinkFlow(Integrated):
    """An integrated flow of links."""

    def beyond(self, fine: Tensor, coarse: Tensor, share: float) -> Tensor:
        """``exp(share i w_a T_a) U_fine`` with ``exp(i w_a T_a) = U_fine U_coarse^dagger``.

        To first order in w, which is of the order of the error of the steps. Gauge transformations rotate w at the
        site where the link begins, so that the result transforms as a link does.
        """
        group = group_of(fine)
        if not group.element_shape:
            return group.project(fine + share * group.project(fine - coarse))
        w = group.coefficients(-1j * (fine @ coarse.mH))
        return group.exp(share * w) @ fine
