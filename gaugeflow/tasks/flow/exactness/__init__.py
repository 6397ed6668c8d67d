"""How exact the weights of a flow are: steps of an integrator, and layers that come back."""
