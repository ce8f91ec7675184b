"""The pages, a file each: ``body(reader, view)`` gives what stands below the period bar."""
