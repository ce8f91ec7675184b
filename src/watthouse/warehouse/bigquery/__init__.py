"""BigQuery as the warehouse: rows arrive by load jobs, models are built aside, and one transaction publishes them."""
