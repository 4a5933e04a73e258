"""Reading the one kind of pickle that upstream publishes, without executing anything of it."""
