"""Spark as the warehouse: it reads the lake where it lies, and a build is a folder of Delta tables.

What computes is a process of its own, in an environment with PySpark. What is built is read without it.
"""
