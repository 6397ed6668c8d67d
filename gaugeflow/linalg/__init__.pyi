from .by_value import ByValue, by_value
from .conjugate_gradients import Solution, conjugate_gradients
from .pfaffian import bordered, scaled_pfaffian, signed_log_pfaffian
from .scaled import Scaled, SignedLog, scaled_product, signed_log, signed_log_sum
from .signed_log_det import scaled_det, signed_log_det
from .unitary import polar_unitary, unitary_eig, unitary_log

__all__ = [
    "ByValue",
    "Scaled",
    "SignedLog",
    "Solution",
    "bordered",
    "by_value",
    "conjugate_gradients",
    "polar_unitary",
    "scaled_det",
    "scaled_pfaffian",
    "scaled_product",
    "signed_log",
    "signed_log_det",
    "signed_log_pfaffian",
    "signed_log_sum",
    "unitary_eig",
    "unitary_log",
]
