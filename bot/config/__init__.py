"""The config file and the process's environment, read once and refused with every problem in them."""
