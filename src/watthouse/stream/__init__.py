"""Real-time datasets as a stream: from the lake into Kafka, through Spark into a document store, onto a live page."""
