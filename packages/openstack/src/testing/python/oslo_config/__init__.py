"""As much of oslo.config as our programs use, for machines that do not have it.

Tests prefer the real one; what they say holds for both.
"""
