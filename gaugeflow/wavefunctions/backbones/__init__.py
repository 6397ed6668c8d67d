"""Backbones: networks that give each particle features that depend on all the others."""
