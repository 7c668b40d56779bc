"""Copies of the whole database, taken while people work and proved when they are put back."""
