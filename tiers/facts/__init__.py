"""Every kind of fact there is: one plain record for each thing that is built, bought or worked."""
