"""Keys of the role that AWS gives a machine, a container or a pod: found and renewed by botocore's own chain.

docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html. A module of its own, as importing botocore's
session takes half a second that nobody without a role should pay.
"""

from __future__ import annotations

from functools import lru_cache

from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from service.ports import TryLater
from service.providers.service import MENDING

BOUNDS = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 2})  # of what it asks STS; seconds


def role_keys() -> Credentials:
    """The keys of this moment. Raises TryLater, for all mail, where there is no role or it can't be asked for now."""
    try:
        found = _session().get_credentials()
        if found is None:
            raise TryLater("ses: this machine has no role of AWS", "credentials", MENDING, in_all=True)
        keys = found.get_frozen_credentials()
    except (BotoCoreError, ClientError, OSError, ValueError) as why:
        said = f"ses: the role of this machine can't be had: {type(why).__name__}"
        raise TryLater(said, "credentials", MENDING, in_all=True) from None
    return Credentials(keys.access_key, keys.secret_key, keys.token)


@lru_cache(maxsize=1)
def _session() -> Session:
    """One for the process: it remembers the keys until they have to be renewed."""
    session = Session()
    session.set_default_client_config(BOUNDS)
    return session
