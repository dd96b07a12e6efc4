"""A run taken to a public computer by a person, and what they bring back. Files only: nothing is sent from here.

``write_bundle`` makes one folder, or one archive of it, that anybody can read before it leaves; ``import_results``
believes nothing of what comes back that the bundle's own fingerprints do not confirm.
"""

from affouage.training.bundle.importing import Imported, import_results
from affouage.training.bundle.writing import Written, write_bundle

__all__ = ["Imported", "Written", "import_results", "write_bundle"]
