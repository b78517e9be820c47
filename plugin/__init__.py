"""The components for programs in any Pulumi language: validated inputs, the same resources and inventory."""

from components import lazy_sdks  # noqa: F401 - before Pulumi's SDK, whose unused parts it leaves out
