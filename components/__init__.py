"""What is built: Pulumi components that declare exactly the facts of a plan."""

from components.platform import SharedPlatform
from components.process import prepare
from components.tenant import TenantStack

__all__ = ["SharedPlatform", "TenantStack", "prepare"]
