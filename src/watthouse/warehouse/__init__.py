"""The engines that hold raw, core and marts: one folder per engine, the same verbs."""
