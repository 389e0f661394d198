"""Walks the orders in which things can happen around the real engine, and checks the rules after each step."""
