"""Where charges and inventories come from; the only part of the allocation that touches the world."""
