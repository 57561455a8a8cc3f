"""How long somebody took to fill in a form: no person does it in a second, and no machine waits.

The page carries a signed time, and gets it back with the answers. A form on somebody else's site has none, and is
welcome; so is one that lay open over night, as a signed time never ends.
"""

from __future__ import annotations

import math
from datetime import datetime

from service.domain.token import Signer

TOO_FAST = 1.5  # seconds


def fill_token(signer: Signer, now: datetime) -> str:
    """What a form's page carries that is made now."""
    return signer.sign("fill", f"{math.floor(now.timestamp() * 10) / 10:.1f}")  # never rounded up: that lies ahead


def is_too_fast(signer: Signer, token: object, now: datetime) -> bool:
    """Whether a form came back sooner than a person can. A token that is none says nothing, nor does a time to come,
    which is another machine's clock."""
    value = signer.read("fill", token) if isinstance(token, str) and token else None
    return value is not None and 0 <= now.timestamp() - float(value) < TOO_FAST
