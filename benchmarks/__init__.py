"""Comparisons with peers on the same work; results/ holds what they gave."""
