"""The engines that hold raw, core and marts: one file an engine, the same verbs."""
