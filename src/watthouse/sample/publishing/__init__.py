"""What is shown of it, when, and in which words: the datasets of ODRÉ, their versions, their quirks."""

from watthouse.sample.publishing.publisher import Publisher

__all__ = ["Publisher"]
