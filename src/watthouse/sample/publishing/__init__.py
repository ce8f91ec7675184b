"""What is published of it, when, and in which form: the datasets of ODRÉ, their versions, their quirks."""

from watthouse.sample.publishing.publisher import Publisher

__all__ = ["Publisher"]
