"""The allocation: charges and usage in, what every tenant pays out, exact to the last unit."""
