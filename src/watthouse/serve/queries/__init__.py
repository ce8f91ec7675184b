"""What can be asked of the marts, whoever asks: the API, a page, a notebook."""
