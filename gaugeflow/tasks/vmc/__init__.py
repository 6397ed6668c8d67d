"""The task `vmc`: fermion wavefunctions trained on their energy."""
