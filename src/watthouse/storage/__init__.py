"""Where files that outlive a run lie: a folder of this machine, or a bucket that several machines share."""

from watthouse.storage.files import Files, Stored
from watthouse.storage.lease import Lease
from watthouse.storage.notes import Notes
from watthouse.storage.place import Access, Bucket, Folder, Place, place_of

__all__ = ["Access", "Bucket", "Files", "Folder", "Lease", "Notes", "Place", "Stored", "place_of"]
