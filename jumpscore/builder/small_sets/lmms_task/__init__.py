"""The files of the rendered benchmark's task, as lmms-eval reads them."""
