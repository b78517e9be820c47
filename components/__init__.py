"""Pulumi components that declare exactly the facts of a plan.

`components.platform.SharedPlatform` is the platform, `components.tenant.stack.TenantStack` one tenant on it.
"""

from components.lazy_sdks.finder import install

install()
