"""Trials of a function: inputs and group elements are drawn, the function is called safely, errors are collected."""
