"""The service catalog: what is sold, in which sizes, and what each tier promises."""
