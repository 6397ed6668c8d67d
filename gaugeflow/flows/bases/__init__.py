"""Where flows begin: distributions that can be sampled, with densities in closed form."""
