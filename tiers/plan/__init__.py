"""From a portfolio to its plan: every tenant and the platform as facts."""
