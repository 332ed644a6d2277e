"""The application uvicorn serves."""

from __future__ import annotations

import os
import warnings

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "otklik.web.settings")
# whitenoise reads its files synchronously: they are few, small and cached by the browser
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")
pages = get_asgi_application()

from otklik.channels.door.front import Front  # noqa: E402 models can be imported only now

application = Front(pages)
