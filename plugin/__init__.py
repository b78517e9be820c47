"""The components for programs in any Pulumi language: validated inputs, the same resources and inventory."""
