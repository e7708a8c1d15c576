"""Who a patient is where nobody says, and the token of the demo's EDC.

They are conspicuous on purpose: none of them is anybody's, and each is found again wherever it
stands in a log, a page or a receipt, where it must not be.
"""

from typing import Final

__all__ = ["AGE", "INITIALS", "SEX", "TOKEN"]

TOKEN: Final = "demo-token-0123456789abcdef0123-40d1f2c8"  # noqa: S105 - opens nothing but the demo's server
INITIALS: Final = "ZQXJV"
SEX: Final = "F"
AGE: Final = 1009
"""In years: as old as the date of birth in an EDC can be, and no number that a log would hold."""
