"""An engine in an ASGI application: opened and closed with it, asked of in requests, and its denials answered.

What is for FastAPI alone is in `policyengine_asgi.fastapi`.
"""

from policyengine_asgi.context import RequestContext, authenticated
from policyengine_asgi.denials import DenialMiddleware
from policyengine_asgi.health import liveness, readiness
from policyengine_asgi.state import AnyEngine, engine_of, lifespan

__all__ = [
    "AnyEngine",
    "DenialMiddleware",
    "RequestContext",
    "authenticated",
    "engine_of",
    "lifespan",
    "liveness",
    "readiness",
]

__version__ = "0.1.0"
