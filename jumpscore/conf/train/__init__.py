"""Training runs; each YAML file is one."""
